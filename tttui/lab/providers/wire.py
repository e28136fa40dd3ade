"""The HTTP transport to an endpoint: chooses what is sent and bounds what is received.

What comes from an endpoint is data: it is bounded in bytes and in time, no redirect is followed,
and the key is sent to the host that the person named, and to no other.
"""

import sys
from collections.abc import Iterator
from typing import Any

from tttui.lab.providers.base import Deadline, Failure, OutOfTime
from tttui.lab.providers.secrets import SecretKey
from tttui.model.text import shortened

MOST_BYTES = 32 << 20
"""Bytes of one answer, whether or not it says how long it is."""

HEADERS = (
    "host",
    "accept",
    "connection",
    "user-agent",
    "content-type",
    "content-length",
    "authorization",
    "x-api-key",
    "anthropic-version",
)
"""What is sent of a request's headers: a client would add those that variables of the environment
name, which belong to the client's own service."""

CREDENTIALS = ("authorization", "x-api-key")


class Wire:
    """The hooks of a client's transport: they filter requests and bound answers."""

    def __init__(self, key: SecretKey, url_hint: str = "") -> None:
        self._key, self._url_hint = key, url_hint
        self.deadline = Deadline(0.0)
        """Of what is asked for now."""

    def sends(self, request: Any) -> None:
        """Send the headers of this endpoint only, none from the environment."""
        for name in list(request.headers):
            theirs = name.lower() in CREDENTIALS and not self._key
            if name.lower() not in HEADERS or theirs:
                del request.headers[name]
        request.headers["accept-encoding"] = "identity"

    def receives(self, response: Any) -> None:
        """Refuse redirects and other non-answers, and bound the rest."""
        if response.status_code in (301, 302, 303, 307, 308):
            there = self._key.hide(str(response.headers.get("location", "nowhere")))
            raise Failure(
                f"it redirects to {shortened(there, 120)}, which is not followed with a key; "
                "put the right address into base_url"
            )
        encoding = response.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise Failure(
                f"its answer is compressed ({shortened(encoding, 20)}) though not asked for"
            )
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        json_like = kind.endswith("json") or kind == "text/event-stream"
        if response.status_code < 400 and not json_like:
            raise Failure(
                f"it answers {shortened(self._key.hide(kind), 40) or 'something'}, not JSON; "
                f"check base_url{self._url_hint}"
            )
        response.stream = _bounded(response, self.deadline)


def _bounded(response: Any, deadline: Deadline) -> Any:
    """The body of an answer, which ends with an error where it is too long or takes too long."""
    library = sys.modules[type(response).__module__.partition(".")[0]]
    stream = response.stream

    class Bounded(library.SyncByteStream):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for block in stream:
                size += len(block)
                if size > MOST_BYTES:
                    raise Failure(f"its answer is longer than {MOST_BYTES >> 20} MB")
                if deadline.left <= 0.0:
                    raise OutOfTime(f"its answer did not end within {deadline.limit:g} s")
                yield block

        def close(self) -> None:
            stream.close()

    return Bounded()

"""The client of the process that holds a session's model: see `tasks.hf.expecting`."""

import json
import os
import subprocess
import sys
from threading import Lock
from typing import Any

from tttui.model.session import SessionData
from tttui.runs.child import environment
from tttui.tasks.text.continuations import ContinuationRequest, Continued, Expected, Likely

LARGEST = 4_000_000_000
"""Bytes of a model that is loaded to be looked at."""


class ModelProcess:
    """The process starts with the first request, and ends with `close` or with the app."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = Lock()

    def continued(self, request: ContinuationRequest) -> Continued:
        """What both models expect at a token, or why that cannot be worked out."""
        document = request.document
        begin, end = document.span(request.offset)
        came = document.source.read(begin, end)
        why_not = _too_large(request.data)
        reply: dict[str, Any] = {"why_not": why_not}
        if not why_not:
            reply = self._ask(request, document.number(begin))
        frozen, adaptive = (
            _expected(reply.get(name, reply), came) for name in ("frozen", "adaptive")
        )
        return Continued(request, came, frozen, adaptive)

    def close(self) -> None:
        """End the process; no question is answered afterwards."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()
                self._process.wait()

    def _ask(self, request: ContinuationRequest, number: int) -> dict[str, Any]:
        process = self._started()
        if process is None or process.stdin is None or process.stdout is None:
            return {"why_not": "the tab was closed"}
        question = {"directory": str(request.data.place.path.absolute()), "number": number}
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except (OSError, ValueError):
            line = b""
        if not line:
            code = process.wait()
            return {"why_not": f"the process that holds the model ended with {code}"}
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _started(self) -> "subprocess.Popen[bytes] | None":
        with self._lock:
            if self._closed:
                return None
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "tttui.tasks.hf.expecting"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    env=environment(os.environ),
                )
            return self._process


def _too_large(data: SessionData) -> str:
    about = data.meta.raw.get("base_model")
    size = about.get("bytes") if isinstance(about, dict) else None
    if isinstance(size, int) and size > LARGEST:
        return (
            f"the model has {size / 1e9:.1f} GB: more than {LARGEST / 1e9:.0f} GB are not "
            "loaded to be looked at"
        )
    return ""


def _expected(answer: dict[str, Any], came: bytes) -> Expected:
    if "why_not" in answer:
        return Expected(why_not=str(answer["why_not"]))
    likely = []
    for text, share, same in answer["likely"]:
        token = came if same else bytes.fromhex(text)
        likely.append(Likely(token, len(token), share))
    return Expected(answer["source"], tuple(likely), answer["came"], answer["rank"])

"""Requests to the owner of a run, as small files in the run's directory.

Every process that may write there can send requests, from any terminal and over a shared
filesystem; only the run listens, and no failure of a sender can hurt it. All runs are controlled
this way, also those started from the app: each is a separate process.

A request is one file `control/<time>-<pid>-<n>.json`, written under another name and renamed:

    {"verb": "mu", "value": 0.3}

The owner removes requests in the order of their names, carries each out, and answers in status.json
(`answers`, `last_command`, `last_error`). Invalid requests are reported there and in run.log, and
change nothing. No request is removed without an answer: one that the run did not reach before its
end, or that the next owner finds, is refused with the reason (`runs.answering`).
"""

import itertools
import json
import math
import os
import re
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from tttui.artifacts.atomic import write_error
from tttui.artifacts.jsonfile import decode
from tttui.artifacts.regular import (
    NotRegular,
    folder_to_write,
    open_regular,
    read_bytes,
    remove,
)
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import FAULTS

Verb = Literal[
    "stop",
    "pause",
    "continue",
    "step",
    "chunk",
    "transaction",
    "speed",
    "set",
    "mu",
    "fault",
    "update",
    "rollback",
    "checkpoint",
]
"""`step`: so many steps (value), then pause; `chunk`: to the end of the chunk; `transaction`:
until one was tried. `speed`: steps a second at most (value), none for no limit. `set`: options
by name. `update`: try an update now. `rollback`: to the weights in force at a step (value).
`checkpoint`: of a job, with a name or none."""

VERBS: tuple[str, ...] = get_args(Verb)

DIRECTORY = "control"

LARGEST = 1 << 16
"""Bytes; nothing that anybody asks for is longer."""

MOST = 2000
"""Requests that are taken at once; the run goes on, and beats, before it takes more."""

OWNER_WRITES = 0o755

OTHERS_WRITE = 0o022
"""Bits of a mode: whoever may write to control/ commands the run."""

_STAMP = re.compile(r"(\d{20})-")

_count = itertools.count()

_last = -math.inf, 0
"""When this process asked last (monotonic seconds), and with which stamp."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a run; `id` is the name of its file."""

    verb: Verb
    value: Any = None
    id: str = ""

    def __str__(self) -> str:
        """`mu 0.3`, `set lr 0.01, noise_std 0`."""
        if self.value is None:
            return "speed without a limit" if self.verb == "speed" else self.verb
        if isinstance(self.value, Mapping):
            shown = ", ".join(f"{name} {value}" for name, value in self.value.items())
            return f"{self.verb} {shown}"
        return f"{self.verb} {self.value}"


@dataclass(frozen=True, slots=True)
class NoRequest:
    """An invalid request file, with the reason."""

    id: str
    reason: str


def ask(directory: Path, verb: Verb, value: Any = None) -> str:
    """Queue a request; returns its id.

    Raises RefusedInput if it is invalid, TttuiError if it cannot be written.
    """
    checked(verb, value)
    place = directory / DIRECTORY
    try:
        folder_to_write(place, OWNER_WRITES)
        name = f"{_stamp(place):020}-{os.getpid()}-{next(_count)}.json"
        temporary = place / f".{name}"
        # Not synced: a request that a power failure loses is no loss.
        with os.fdopen(open_regular(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w") as file:
            file.write(json.dumps({"verb": verb, "value": value}) + "\n")
        temporary.rename(place / name)
    except OSError as error:
        raise write_error(place, error) from error
    return name


def withdraw(directory: Path, id: str) -> bool:
    """Withdraw an unanswered request; False: its owner has already taken it."""
    try:
        return remove(directory / DIRECTORY / id)
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Pending:
    """Requests to the run in `directory` that wait for answers until `deadline`."""

    directory: Path
    requests: tuple[Request, ...]
    deadline: float
    """Monotonic seconds."""

    @classmethod
    def leave(
        cls, directory: Path, asks: Sequence[tuple[Verb, Any]], patience_s: float
    ) -> "Pending":
        """Send these requests in order; raises as `ask` does."""
        requests = tuple(Request(verb, value, ask(directory, verb, value)) for verb, value in asks)
        return cls(directory, requests, time.monotonic() + patience_s)

    def answered(self, answers: Mapping[str, str]) -> bool:
        """Whether all are answered; `answers` are those in status.json."""
        return all(request.id in answers for request in self.requests)

    def refusal(self, answers: Mapping[str, str]) -> str:
        """The reason of the first refusal; '' if none was refused."""
        reasons = (answers.get(request.id) for request in self.requests)
        return next((why for why in reasons if why), "")

    @property
    def overdue(self) -> bool:
        return time.monotonic() > self.deadline

    def withdraw(self, answers: Mapping[str, str] = MappingProxyType({})) -> bool:
        """Withdraw the unanswered requests; False: some were taken and may yet be carried out."""
        unanswered = [request.id for request in self.requests if request.id not in answers]
        taken_back = [withdraw(self.directory, id) for id in unanswered]
        return all(taken_back)

    def __str__(self) -> str:
        return " and ".join(map(str, self.requests))


def clear_requests(directory: Path) -> None:
    """Remove what was asked of a job that has ended, which those who asked see."""
    place = directory / DIRECTORY
    for name in () if place.is_symlink() else _names(place):
        with suppress(OSError):
            (place / name).unlink()


def _stamp(place: Path) -> int:
    """A time stamp in nanoseconds, later than those of all waiting requests even if the clock was
    set back."""
    global _last
    now, (then, newest) = time.monotonic(), _last
    if now - then > 1.0:  # who asks for a thousand things looks only once
        waiting = (_STAMP.match(name) for name in os.listdir(place))
        newest = max((int(match[1]) for match in waiting if match), default=0)
    _last = now, max(time.time_ns(), newest + 1)
    return _last[1]


def _names(place: Path) -> list[str]:
    """The names of waiting requests, in order; empty if the folder cannot be read."""
    try:
        return sorted(name for name in os.listdir(place) if not name.startswith("."))
    except OSError:
        return []


class Inbox:
    """The owner's side: the requests to one run."""

    def __init__(self, directory: Path) -> None:
        self._place = directory / DIRECTORY
        self._stuck: set[str] = set()
        """Names that can be neither taken nor removed, so that each is complained of once."""
        self._unsafe()  # as older versions made it, it is put right before anybody asks

    def take(self) -> list[Request | NoRequest]:
        """Take the new requests in order, at most MOST at once, out of the directory.

        It is gone from the directory; what was withdrawn before that is not among it. Where
        others may write the directory, nothing of it counts.
        """
        names = [name for name in _names(self._place) if name not in self._stuck][:MOST]
        if names and (why := self._unsafe()):
            for name in names:
                self._remove(name)
            return [NoRequest(name, why) for name in names]
        return [taken for name in names if (taken := self._taken(name)) is not None]

    def _unsafe(self) -> str:
        """Why other users may have written requests; '' if they cannot.

        Corrects the permissions of an own directory.
        """
        try:
            status = self._place.lstat()
            if not stat.S_ISDIR(status.st_mode):
                return f"{DIRECTORY}/ is not a directory of its own; delete it and ask again"
            if status.st_uid not in (os.geteuid(), 0):
                return f"{DIRECTORY}/ belongs to another user; delete it and ask again"
            if status.st_mode & OTHERS_WRITE:
                self._place.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS_WRITE)
                return f"other users could write to {DIRECTORY}/, and now cannot; ask again"
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"{DIRECTORY}/ may not be changed: {error.strerror}"
        return ""

    def _remove(self, name: str) -> bool:
        """Whether it was still there, as far as can be told."""
        try:
            if self._place.is_symlink():
                raise PermissionError
            (self._place / name).unlink()
        except FileNotFoundError:
            return False
        except OSError:
            self._stuck.add(name)
        return True

    def _taken(self, name: str) -> Request | NoRequest | None:
        """What a file asks for; None where whoever asked has withdrawn it meanwhile."""
        found = self._read(name)
        return found if self._remove(name) else None

    def _read(self, name: str) -> Request | NoRequest:
        try:
            return parse(read_bytes(self._place / name, LARGEST), name)
        except NotRegular as error:
            return NoRequest(name, error.strerror or "is not a file")
        except OSError as error:
            return NoRequest(name, f"cannot be read: {error.strerror}")
        except (ValueError, RecursionError, RefusedInput) as error:
            return NoRequest(name, str(error))


def parse(content: bytes, id: str = "") -> Request:
    """The request in a file. Raises ValueError or RefusedInput saying what is wrong."""
    try:
        raw = decode(content)
    except ValueError:
        raise ValueError("is not JSON") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("verb"), str):
        raise ValueError('has no "verb"')
    value = raw.get("value")
    checked(raw["verb"], value)
    return Request(cast(Verb, raw["verb"]), value, id)


def checked(verb: str, value: Any) -> None:
    """Raise RefusedInput for a request that no session could carry out; the run checks the rest."""
    if verb not in VERBS:
        raise RefusedInput(f"{verb[:30]!r} is no request; known are {', '.join(VERBS)}")
    if verb not in _VALUES:
        if value is not None:
            raise RefusedInput(f"{verb}: takes no value, but got {_shown(value)}")
        return
    what, fits = _VALUES[verb]
    if not fits(value):
        raise RefusedInput(f"{verb}: {_shown(value)} is not {what}")
    for name, one in value.items() if isinstance(value, Mapping) else ():
        if not isinstance(one, (bool, str)) and not _is_number(one):
            raise RefusedInput(f"{verb}: {name}: {_shown(one)} is no value of an option")


def _shown(value: Any) -> str:
    return (repr(value) if isinstance(value, str) else str(value))[:60]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= 2**53 if isinstance(value, int) else math.isfinite(value)


def _is_step(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value) and value >= 0


def _is_options(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value)


_VALUES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "step": ("a whole number of steps above 0", lambda v: _is_step(v) and v > 0),
    "speed": (
        "a number of steps a second above 0",
        lambda v: v is None or (_is_number(v) and v > 0),
    ),
    "set": ("a table of options and their values", _is_options),
    "mu": ("a friction between 0 and 1", lambda v: _is_number(v) and 0 <= v <= 1),
    "fault": (f"one of {', '.join(FAULTS)}", lambda v: isinstance(v, str) and v in FAULTS),
    "rollback": ("a step, a whole number from 0 on", _is_step),
    "checkpoint": ("a name", lambda v: v is None or isinstance(v, str)),
}

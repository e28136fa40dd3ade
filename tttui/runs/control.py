"""Asking the owner of a run for something, through small files in the run's directory.

Whoever may write there may ask, from any terminal and over a shared filesystem, several at
once; no process has to listen but the run itself, and nothing that an asker does, dies of or
leaves behind can hurt the run. So every run is steered this way, also one that was started
from the app: it is a process of its own, and the app only asks.

A request is one file `control/<time>-<pid>-<n>.json`, written under another name and renamed:

    {"verb": "mu", "value": 0.3}

The owner takes requests away in the order of their names, carries each out, and answers in
status.json (`answers`, `last_command`, `last_error`). What is no request is named there and in
run.log, and changes nothing. None is removed without an answer: what a run ends before it came
to, and what the next owner finds that was left for a process that has ended, is refused with
the reason (`runs.answering`).
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
    """What somebody asks a run to do. `id` names the file that it came in."""

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
    """A file that is none, and why."""

    id: str
    reason: str


def ask(directory: Path, verb: Verb, value: Any = None) -> str:
    """Leave a request behind those that are there; returns its id.

    Raises RefusedInput where it is none, TttuiError where it cannot be written.
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
    """Take back a request that nobody answered; False: its owner has it already, or had."""
    try:
        return remove(directory / DIRECTORY / id)
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Pending:
    """Requests to the run in `directory`, which wait for its answers until `deadline`."""

    directory: Path
    requests: tuple[Request, ...]
    deadline: float
    """Monotonic seconds."""

    @classmethod
    def leave(
        cls, directory: Path, wanted: Sequence[tuple[Verb, Any]], patience_s: float
    ) -> "Pending":
        """Ask for these things in order; raises as `ask` does."""
        requests = tuple(
            Request(verb, value, ask(directory, verb, value)) for verb, value in wanted
        )
        return cls(directory, requests, time.monotonic() + patience_s)

    def answered(self, answers: Mapping[str, str]) -> bool:
        """All are answered; `answers` are those in status.json."""
        return all(request.id in answers for request in self.requests)

    def refusal(self, answers: Mapping[str, str]) -> str:
        """Why the first of them that was refused was not carried out; '' where none was."""
        said = (answers.get(request.id) for request in self.requests)
        return next((why for why in said if why), "")

    @property
    def overdue(self) -> bool:
        return time.monotonic() > self.deadline

    def withdraw(self, answers: Mapping[str, str] = MappingProxyType({})) -> bool:
        """Take back what nobody answered; False: some of it was taken, and may yet be done."""
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
    """The time in nanoseconds, or more: it must be behind all that wait, though a clock was set."""
    global _last
    now, (then, newest) = time.monotonic(), _last
    if now - then > 1.0:  # who asks for a thousand things looks only once
        waiting = (_STAMP.match(name) for name in os.listdir(place))
        newest = max((int(found[1]) for found in waiting if found), default=0)
    _last = now, max(time.time_ns(), newest + 1)
    return _last[1]


def _names(place: Path) -> list[str]:
    """The requests that wait, in order; none where nothing can be read."""
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
        """What was asked since the last time, in order, but no more than MOST at once.

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
        """Why what lies in the directory may come from anybody, '' where it may not.

        Where the directory is one's own, that is put right.
        """
        try:
            found = self._place.lstat()
            if not stat.S_ISDIR(found.st_mode):
                return f"{DIRECTORY}/ is not a directory of its own; delete it and ask again"
            if found.st_uid not in (os.geteuid(), 0):
                return f"{DIRECTORY}/ belongs to another user; delete it and ask again"
            if found.st_mode & OTHERS_WRITE:
                self._place.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS_WRITE)
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
    """Raise RefusedInput where no session could do this; the run checks the rest."""
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

"""Asking the owner of a run for something, through small files in the run's directory.

Whoever may write there may ask, from any terminal and over a shared filesystem, several at
once; no process has to listen but the run itself, and nothing that an asker does, dies of or
leaves behind can hurt the run. So every run is steered this way, also one that was started
from the app: it is a process of its own, and the app only asks.

A request is one file `control/<time>-<pid>-<n>.json`, written under another name and renamed:

    {"verb": "mu", "value": 0.3}

The owner takes requests away in the order of their names, carries each out, and answers in
status.json (`answers`, `last_command`, `last_error`). What is no request is named there and in
run.log, and changes nothing.
"""

import contextlib
import itertools
import json
import math
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tttui.artifacts.atomic import write_error
from tttui.model.errors import RefusedInput
from tttui.model.faults import FAULTS

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
]
"""`step`: so many steps (value), then pause; `chunk`: to the end of the chunk; `transaction`:
until one was tried. `speed`: steps a second at most (value), none for no limit. `set`: options
by name. `update`: try an update now. `rollback`: to the weights in force at a step (value)."""

VERBS: tuple[str, ...] = get_args(Verb)

DIRECTORY = "control"

LARGEST = 1 << 16
"""Bytes; nothing that anybody asks for is longer."""

_count = itertools.count()


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
    name = f"{time.time_ns():020}-{os.getpid()}-{next(_count)}.json"
    temporary = place / f".{name}"
    try:
        place.mkdir(exist_ok=True)
        # Not synced: a request that a power failure loses is no loss.
        temporary.write_text(json.dumps({"verb": verb, "value": value}) + "\n")
        temporary.rename(place / name)
    except OSError as error:
        raise write_error(place, error) from error
    return name


def withdraw(directory: Path, id: str) -> None:
    """Take back a request that nobody answered."""
    with contextlib.suppress(OSError):
        (directory / DIRECTORY / id).unlink()


class Inbox:
    """The owner's side: the requests to one run. What was there before it does not count.

    `since` is when the run began (Unix seconds), where that was not now.
    """

    def __init__(self, directory: Path, since: float | None = None) -> None:
        self._place = directory / DIRECTORY
        self._stuck: set[str] = set()
        """Names that can be neither taken nor removed, so that each is complained of once."""
        for name in self._names():
            if since is None or self._time(name) < since:
                self._remove(name)

    def take(self) -> list[Request | NoRequest]:
        """What was asked since the last time, in order; it is gone from the directory."""
        names = self._names()
        return [self._taken(name) for name in names] if names else []

    def _names(self) -> list[str]:
        try:
            found = os.listdir(self._place)
        except OSError:
            return []
        return sorted(n for n in found if not n.startswith(".") and n not in self._stuck)

    def _time(self, name: str) -> float:
        try:
            return (self._place / name).lstat().st_mtime
        except OSError:
            return 0.0

    def _remove(self, name: str) -> None:
        try:
            (self._place / name).unlink()
        except FileNotFoundError:
            pass
        except OSError:
            self._stuck.add(name)

    def _taken(self, name: str) -> Request | NoRequest:
        path = self._place / name
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("is not a file")
            if status.st_size > LARGEST:
                raise ValueError("is too large")
            return parse(path.read_bytes(), name)
        except OSError as error:
            return NoRequest(name, f"cannot be read: {error.strerror}")
        except (ValueError, RecursionError, RefusedInput) as error:
            return NoRequest(name, str(error))
        finally:
            self._remove(name)


def parse(content: bytes, id: str = "") -> Request:
    """The request in a file. Raises ValueError or RefusedInput saying what is wrong."""
    try:
        raw = json.loads(content)
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
}

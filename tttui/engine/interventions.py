"""What a person or a script changed in a running session, recorded so that it can be replayed.

`interventions.jsonl` holds one object a line, written before it takes effect and synced to the
disk before any step or answer shows it:

    {"t": 200, "known_at": 0, "kind": "mu", "value": 0.3, "at_unix": 1763712000.5}

`t` is the step before which it takes effect. `known_at` is the step that the run had reached
when it was recorded: a planned change (known_at < t) lets the engine end a stretch of steps
there, a live one (known_at == t) cuts a stretch that was already computed. Replaying has to
make the same choice, or the last bits would differ.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from tttui.artifacts.appending import Cut
from tttui.artifacts.atomic import write_error
from tttui.artifacts.jsonfile import decode
from tttui.artifacts.regular import LARGEST_LIST, open_regular, open_to_read, read_bytes
from tttui.model.configuration import WORLD, changed_options, is_step
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.faults import FAULTS
from tttui.model.setting import options, shown
from tttui.model.settings import Plasticity

FILE = "interventions.jsonl"

Kind = Literal["mu", "settings", "update", "rollback", "fault"]
"""`mu`: new friction. `settings`: changed options by flat name. `update`: try an update now.
`rollback`: return to the weights in force at step `value`. `fault`: see `faults.py`."""

LIVE_SETTINGS: tuple[str, ...] = tuple(
    spec.name for spec in options(Plasticity) if spec.name not in ("chunk", "buffer_len")
)
"""Settings of the updates that can change while a session runs; the others shape its buffers."""

OF_NO_STEP = ("steps", "checkpoint_s", "history_mb")
"""Settings on which no step depends."""

KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Intervention:
    """One change of a running session."""

    t: int
    kind: Kind
    value: Any = None
    known_at: int = 0
    at_unix: float = field(default_factory=time.time)

    @property
    def planned(self) -> bool:
        return self.known_at < self.t


def in_order(interventions: Iterable[Intervention]) -> list[Intervention]:
    """By the step at which they take effect; at the same step in the order of recording."""
    return sorted(interventions, key=lambda i: i.t)


def without(
    recorded: Iterable[Intervention], asked: Mapping[str, Any], at: int
) -> Iterable[Intervention]:
    """The interventions, but for what they set of the settings that are asked for, from step
    `at` on."""
    for one in recorded:
        if one.t < at:
            yield one
        elif one.kind == "settings":
            rest = {name: value for name, value in one.value.items() if name not in asked}
            if rest:
                yield replace(one, value=rest)
        elif one.kind != "mu" or "mu" not in asked:
            yield one


def record(directory: Path, intervention: Intervention, *, durably: bool = True) -> None:
    """Append one intervention; where several follow each other, `sync` makes all durable at once.

    Raises TttuiError when the disk does not take it.
    """
    line = json.dumps(asdict(intervention), allow_nan=True) + "\n"
    path = directory / FILE
    try:
        with os.fdopen(open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT), "ab") as file:
            start = file.tell()
            try:
                file.write(line.encode())
                file.flush()
                if durably:
                    os.fsync(file.fileno())
            except OSError:
                file.truncate(start)
                raise
    except OSError as error:
        raise TttuiError(
            f"{path}: the intervention could not be recorded and was not made: {error.strerror}"
        ) from error


def sync(directory: Path) -> None:
    """Wait until the disk has what was recorded. Raises TttuiError where it does not take it."""
    path = directory / FILE
    try:
        with open_to_read(path) as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise write_error(path, error) from error


def recorded(directory: Path) -> list[Intervention]:
    """All interventions of a session, in order of effect; a half-written last line is no record.

    Raises RefusedInput naming file and line where a line is not an intervention.
    """
    path = directory / FILE
    if not path.exists():
        return []
    try:
        lines = read_bytes(path).split(b"\n")
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror}") from error
    return in_order(_parsed(path, i, line) for i, line in enumerate(lines[:-1], 1))


def drop_half_written(directory: Path) -> list[str]:
    """Cut off what a crash left after the last whole line, so that appending stays sound.

    A line is on the disk before the change takes effect, so that nothing is lost with it.
    Returns what was cut off, in words.
    """
    path = directory / FILE
    if not os.path.lexists(path):
        return []
    try:
        with os.fdopen(open_regular(path, os.O_RDWR), "r+b") as file:
            content = file.read(LARGEST_LIST)
            end = content.rfind(b"\n") + 1
            while 0 in content[(begin := content.rfind(b"\n", 0, max(0, end - 1)) + 1) : end]:
                end = begin
            if end == len(content):
                return []
            cut = Cut.of_lines(path, file.fileno(), end)
            file.truncate(end)
    except OSError as error:
        raise TttuiError(f"{path}: cannot be repaired: {error.strerror}") from error
    return [str(replace(cut, why="which a crash left"))] if cut else []


def _parsed(path: Path, number: int, line: bytes) -> Intervention:
    try:
        raw: Any = decode(line)
        made = Intervention(
            t=raw["t"],
            kind=raw["kind"],
            value=raw.get("value"),
            known_at=raw.get("known_at", 0),
            at_unix=float(raw.get("at_unix", 0.0)),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedInput(f"{path}: line {number} is not an intervention: {error}") from error
    wrong = _wrong(made)
    if wrong:
        raise RefusedInput(f"{path}: line {number} is not an intervention: {'; '.join(wrong)}")
    return made


def _wrong(made: Intervention) -> list[str]:
    """What no intervention can have, by key."""
    wrong = [
        f"{name} is {shown(step)}, not a step"
        for name, step in (("t", made.t), ("known_at", made.known_at))
        if not is_step(step)
    ]
    value = made.value
    if made.kind not in KINDS:
        wrong.append(f"kind is {shown(made.kind)}, not one of {', '.join(KINDS)}")
    elif made.kind == "mu" and WORLD["mu"].why_not(value):
        wrong.append(f"value is {shown(value)}, {WORLD['mu'].why_not(value)}")
    elif made.kind == "settings" and not isinstance(value, Mapping):
        wrong.append(f"value is {shown(value)}, not an object of settings")
    elif made.kind == "settings":
        wrong += changed_options(value, "value")[1]
    elif made.kind == "rollback" and not is_step(value):
        wrong.append(f"value is {shown(value)}, not a step")
    elif made.kind == "fault" and value not in tuple(FAULTS):
        wrong.append(f"value is {shown(value)}, not one of {', '.join(FAULTS)}")
    return wrong

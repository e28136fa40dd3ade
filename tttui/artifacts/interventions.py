"""interventions.jsonl: what somebody changed while a session ran, so that it can be replayed, and
in words.

One object a line, written (`intervention_writer`) before it takes effect:

    {"t": 200, "known_at": 0, "kind": "mu", "value": 0.3, "at_unix": 1763712000.5}

`t` is the step before which it takes effect. `known_at` is the step that the run had reached
when it was recorded: a planned change (known_at < t) lets the engine end a stretch of steps
there, a live one (known_at == t) cuts a stretch that was already computed. Replaying has to
make the same choice, or the last bits would differ.

Who looks at a session takes the lines that can be read (`read_interventions`); who replays it
takes all or none (`recorded`).
"""

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from tttui.artifacts.jsonfile import decode, number, whole
from tttui.artifacts.regular import read_bytes
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.configuration import WORLD, changed_options
from tttui.model.pointmass.settings import FAULTS
from tttui.model.session import Meta, Problem
from tttui.model.setting import is_step, shown
from tttui.model.truth import TruthChanges

INTERVENTIONS = "interventions.jsonl"

Kind = Literal["mu", "settings", "update", "rollback", "fault"]
"""`mu`: new friction. `settings`: changed options by flat name. `update`: try an update now.
`rollback`: return to the weights in force at step `value`. `fault`: see `FAULTS`."""

KINDS: tuple[str, ...] = get_args(Kind)

Changes = tuple[tuple[int, str], ...]
"""Steps, ascending, and what changed there, in words."""


@dataclass(frozen=True, slots=True)
class Intervention:
    """One change of a running session."""

    t: int
    kind: Kind
    """Of a line that nobody checked it may be any text."""
    value: Any = None
    known_at: int = 0
    at_unix: float = field(default_factory=time.time)

    @property
    def planned(self) -> bool:
        return self.known_at < self.t


def in_order(interventions: Iterable[Intervention]) -> list[Intervention]:
    """By the step at which they take effect; at the same step in the order of recording."""
    return sorted(interventions, key=lambda one: one.t)


def without(
    recorded: Iterable[Intervention], changes: Mapping[str, Any], at: int
) -> Iterable[Intervention]:
    """The interventions without values of the settings in `changes` from step `at` on."""
    for one in recorded:
        if one.t < at:
            yield one
        elif one.kind == "settings":
            rest = {name: value for name, value in one.value.items() if name not in changes}
            if rest:
                yield replace(one, value=rest)
        elif one.kind != "mu" or "mu" not in changes:
            yield one


def read_interventions(path: Path) -> tuple[tuple[Intervention, ...], list[Problem]]:
    """Every change, ascending by step; the first damaged line is named, and all are left out."""
    valid: list[Intervention] = []
    problems: list[Problem] = []
    for at, line in _lines(path):
        try:
            usable, wrong = _checked(_parsed(line))
        except ValueError:
            usable, reason = None, f"line {at} is no intervention"
        else:
            reason = f"line {at}: {'; '.join(wrong)}" if wrong else ""
        valid += [usable] if usable is not None else []
        if reason and not problems:
            problems.append(Problem("interventions", path, reason))
    return tuple(in_order(valid)), problems


def recorded(directory: Path) -> list[Intervention]:
    """All interventions of a session, in order of effect.

    Raises RefusedInput naming file and line where a line is not an intervention.
    """
    path = directory / INTERVENTIONS
    if not path.exists():
        return []
    interventions: list[Intervention] = []
    try:
        for at, line in _lines(path):
            try:
                interventions.append(_parsed(line))
                wrong = "; ".join(_checked(interventions[-1])[1])
            except ValueError as error:
                wrong = str(error)
            if wrong:
                raise RefusedInput(f"{path}: line {at} is not an intervention: {wrong}")
    except OSError as error:
        raise TttuiError(f"{path}: cannot be read: {error.strerror}") from error
    return in_order(interventions)


def _lines(path: Path) -> Iterable[tuple[int, bytes]]:
    """The lines with their numbers, without what follows the last line end: nothing, or a line
    that is being written."""
    return enumerate(read_bytes(path).split(b"\n")[:-1], 1)


def is_intervention(line: bytes) -> bool:
    """Whether a line has the form of one, whatever its values are."""
    try:
        _parsed(line)
    except ValueError:
        return False
    return True


def _parsed(line: bytes) -> Intervention:
    """What a line holds, whatever its values are. Raises ValueError where it is no intervention."""
    raw = decode(line)
    if not isinstance(raw, dict):
        raise ValueError("not an object of keys")
    t, kind, at = whole(raw.get("t")), raw.get("kind"), number(raw.get("at_unix", 0.0))
    if t is None or not isinstance(kind, str) or at is None:
        key = "t" if t is None else "kind" if not isinstance(kind, str) else "at_unix"
        raise ValueError(f"{key} is {shown(raw[key])}" if key in raw else f"it has no {key}")
    known: Any = kind
    return Intervention(t, known, raw.get("value"), raw.get("known_at", 0), at)


def _checked(change: Intervention) -> tuple[Intervention | None, list[str]]:
    """What can be told of a change, and what is wrong with it, by key."""
    wrong = [
        f"{name} is {shown(step)}, not a step"
        for name, step in (("t", change.t), ("known_at", change.known_at))
        if not is_step(step)
    ]
    kind, value = change.kind, change.value
    usable: Intervention | None = change
    if kind not in KINDS:
        wrong.append(f"kind is {shown(kind)}, not one of {', '.join(KINDS)}")
    elif kind == "mu" and (why := WORLD["mu"].why_not(value)):
        usable, reason = None, f"value is {shown(value)}, {why}"
        wrong.append(reason)
    elif kind == "settings" and not isinstance(value, Mapping):
        usable = None
        wrong.append(f"value is {shown(value)}, not an object of settings")
    elif kind == "settings":
        values, problems = changed_options(value, "value")
        usable, wrong = replace(change, value=values), wrong + problems
    elif kind == "rollback" and not is_step(value):
        wrong.append(f"value is {shown(value)}, not a step")
    elif kind == "fault" and value not in tuple(FAULTS):
        wrong.append(f"value is {shown(value)}, not one of {', '.join(FAULTS)}")
    return usable, wrong


def settings_changes(changes: Iterable[Intervention]) -> tuple[tuple[int, Mapping[str, Any]], ...]:
    """The options that were changed: at which steps, and their new values."""
    return tuple(
        (change.t, change.value)
        for change in changes
        if change.kind == "settings" and isinstance(change.value, dict)
    )


def truth_changes(changes: Iterable[Intervention]) -> TruthChanges:
    """The values of the hidden quantity that were set, and at which steps."""
    values = ((change.t, number(change.value)) for change in changes if change.kind == "mu")
    return tuple((t, mu) for t, mu in values if mu is not None and math.isfinite(mu))


def rollbacks(changes: Iterable[Intervention]) -> tuple[tuple[int, int], ...]:
    """The rollbacks by hand: at which steps, and the steps whose weights were restored."""
    return tuple(
        (change.t, to_t)
        for change in changes
        if change.kind == "rollback" and (to_t := whole(change.value)) is not None
    )


def in_words(recorded: Iterable[Intervention], meta: Meta) -> Changes:
    """What was changed from what to what: `mu 0.05 -> 0.3`.

    Changes of the hidden quantity that were planned from the start are told with the others.
    """
    changes = list(recorded)
    known = {change.t for change in changes if change.kind == "mu"}
    planned = meta.configuration.truth_changes
    changes += (Intervention(t, "mu", mu) for t, mu in planned if t not in known)
    now: dict[str, object] = {**meta.plasticity_cfg, "mu": meta.truth}
    out = list[tuple[int, str]]()
    for change in sorted(changes, key=lambda change: change.t):
        out.append((change.t, _words(change, now)))
    return tuple(out)


def _words(change: Intervention, now: dict[str, object]) -> str:
    """One change in words; `now` holds what is in force, and is brought up to date."""
    match change.kind, change.value:
        case "mu", value:
            return _set("mu", value, now)
        case "settings", dict() as values:
            return ", ".join(_set(str(name), value, now) for name, value in values.items())
        case "update", None:
            return "update forced"
        case "rollback", value:
            return f"rolled back to t {_text(value)}"
        case "fault", value:
            return f"fault: {_text(value)}"
        case kind, value:
            return kind if value is None else f"{kind} {_text(value)}"


def _set(name: str, value: object, now: dict[str, object]) -> str:
    before = now.get(name)
    now[name] = value
    return (
        f"{name} {_text(value)}" if before is None else f"{name} {_text(before)} -> {_text(value)}"
    )


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shown(value).strip("'")

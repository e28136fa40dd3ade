"""Reading interventions.jsonl: the steps at which a run was changed, and how."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import decode, number, whole
from tttui.artifacts.regular import read_bytes
from tttui.model.configuration import WORLD, changed_options
from tttui.model.dataclass import dataclass
from tttui.model.session import Meta, Problem
from tttui.model.setting import shown
from tttui.model.truth import TruthChanges

INTERVENTIONS = "interventions.jsonl"

Changes = tuple[tuple[int, str], ...]
"""Steps, ascending, and what changed there, in words."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of the file."""

    t: int
    kind: str
    value: object


def read_interventions(path: Path) -> tuple[tuple[Recorded, ...], list[Problem]]:
    """Every change, ascending by step; damaged lines are named and left out."""
    changes: list[Recorded] = []
    problems: list[Problem] = []
    lines = read_bytes(path).split(b"\n")
    for at, line in enumerate(lines[:-1], 1):  # the last is being written, or empty
        try:
            raw = decode(line)
        except ValueError:
            raw = None
        t = whole(raw.get("t")) if isinstance(raw, dict) else None
        if not isinstance(raw, dict) or t is None or not isinstance(raw.get("kind"), str):
            if not problems:
                problems.append(Problem("interventions", path, f"line {at} is no intervention"))
            continue
        change, wrong = _checked(Recorded(t, raw["kind"], raw.get("value")))
        changes += [change] if change is not None else []
        if wrong and not problems:
            reason = f"line {at}: {'; '.join(wrong)}"
            problems.append(Problem("interventions", path, reason))
    return tuple(sorted(changes, key=lambda change: change.t)), problems


def _checked(change: Recorded) -> tuple[Recorded | None, list[str]]:
    """The change without invalid values, and the reasons."""
    if change.kind == "mu" and WORLD["mu"].why_not(change.value):
        return None, [f"value is {shown(change.value)}, {WORLD['mu'].why_not(change.value)}"]
    if change.kind != "settings":
        return change, []
    if not isinstance(change.value, dict):
        return None, [f"value is {shown(change.value)}, not an object of settings"]
    values, wrong = changed_options(change.value, "value")
    return replace(change, value=values), wrong


def settings_changes(recorded: Iterable[Recorded]) -> tuple[tuple[int, Mapping[str, Any]], ...]:
    """The changed options: steps and new values."""
    return tuple(
        (change.t, change.value)
        for change in recorded
        if change.kind == "settings" and isinstance(change.value, dict)
    )


def truth_changes(recorded: Iterable[Recorded]) -> TruthChanges:
    """The values of the hidden quantity that were set, and at which steps."""
    values = ((change.t, number(change.value)) for change in recorded if change.kind == "mu")
    return tuple((t, mu) for t, mu in values if mu is not None and math.isfinite(mu))


def rollbacks(recorded: Iterable[Recorded]) -> tuple[tuple[int, int], ...]:
    """The rollbacks by hand: at which steps, and the steps whose weights were restored."""
    return tuple(
        (change.t, to_t)
        for change in recorded
        if change.kind == "rollback" and (to_t := whole(change.value)) is not None
    )


def in_words(recorded: Iterable[Recorded], meta: Meta) -> Changes:
    """What was changed from what to what: `mu 0.05 -> 0.3`.

    Planned changes of the hidden quantity are included.
    """
    changes = list(recorded)
    known = {change.t for change in changes if change.kind == "mu"}
    planned = meta.configuration.mu_changes
    changes += (Recorded(t, "mu", mu) for t, mu in planned if t not in known)
    now: dict[str, object] = {**meta.plasticity_cfg, "mu": meta.mu}
    out = list[tuple[int, str]]()
    for change in sorted(changes, key=lambda change: change.t):
        out.append((change.t, _words(change, now)))
    return tuple(out)


def _words(change: Recorded, now: dict[str, object]) -> str:
    """One change in words; updates `now`, the settings in force."""
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

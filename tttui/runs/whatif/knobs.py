"""The settings of a session as knobs, those that people turn most first."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from tttui.model.adaptation import LIVE, Adaptation, Conduct
from tttui.model.errors import RefusedInput
from tttui.model.session import SessionData
from tttui.model.setting import Setting, options
from tttui.runs.whatif.knob import Knob
from tttui.tasks.base import NoSettings

FIRST = (
    "lr",
    "chunk",
    "steps",
    "optimizer",
    "plastic",
    "grad_clip",
    "rollback_tol",
    "frozen_window",
)
"""What people turn most, of tasks of the engine for any module."""

NO_KNOBS = ("device", "threads", "checkpoint_s", "history_mb", "weights_every", "file")
"""Settings that change no result, or that a session keeps."""

MOST_PATTERNS = 12
"""Groups of parameters that a knob offers."""


class Turnable(ABC):
    """The settings of a task's sessions that a what-if can change."""

    first: Sequence[str]
    """The settings that people turn most."""
    live: Sequence[str]
    """Settings that can change at a step after the first."""
    fixed: Sequence[str] = NO_KNOBS
    """Settings that are no knobs."""

    @abstractmethod
    def specs(self) -> Iterator[Setting]:
        """The settings, with those of `fixed`."""

    @abstractmethod
    def values_at(self, data: SessionData, at: int) -> dict[str, Any]:
        """The settings in force at a step of a recorded session, by name."""

    @abstractmethod
    def refuse(self, data: SessionData, at: int, changed: Mapping[str, Any]) -> None:
        """Raise RefusedInput where a session cannot have these settings together; quick."""

    def expanded(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings with presets expanded. Raises RefusedInput."""
        return dict(settings)

    def choices(self, spec: Setting, data: SessionData) -> Sequence[Any]:
        """The values between which a knob is turned; none where it has any."""
        return tuple(spec.choices)

    def refused(self, name: str, at: int) -> str:
        """Why a setting cannot change at a step; '' where it can."""
        if at == 0 or name in (*self.live, "steps"):
            return ""
        return f"cannot change at step {at}; branch from the start (0)"


def turnable(data: SessionData) -> Turnable:
    """What can be turned of a session, by its task."""
    from tttui.runs.runner import runner_of
    from tttui.tasks.find import shipped

    task = shipped(data.meta.schema.task.name)
    return TaskTurnable(NoSettings) if task is None else runner_of(task).turnable()


def knobs(data: SessionData, at: int = 0) -> tuple[Knob, ...]:
    """All knobs of a session that can be computed again (`can_replay`).

    Their values are what was in force at step `at`. Nothing is read.
    """
    turns = turnable(data)
    values = turns.values_at(data, at)
    specs = {spec.name: spec for spec in turns.specs() if spec.name not in turns.fixed}
    names = [*turns.first, *(name for name in specs if name not in turns.first)]
    return tuple(
        Knob(
            specs[name],
            values[name],
            name in turns.first,
            turns.refused(name, at),
            tuple(turns.choices(specs[name], data)),
        )
        for name in names
    )


def changes(all_knobs: Sequence[Knob], turned: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `turned` (by name) that differ from what was recorded: `Request.changes`."""
    recorded = {knob.name: knob.value for knob in all_knobs}
    return {name: value for name, value in turned.items() if value != recorded[name]}


def in_words(data: SessionData, at: int, settings: Mapping[str, Any]) -> str:
    """`lr 0.005 instead of 0.02, chunk 16 instead of 32`; '' where nothing is changed."""
    by_name = {knob.name: knob for knob in knobs(data, at)}
    parts = []
    for name, value in settings.items():
        knob = by_name.get(name)
        if knob is None:
            parts.append(f"{name} {value}")
        elif name == "preset":
            parts.append(f"preset {value}")
        else:
            parts.append(f"{knob.label} {knob.text(value)} instead of {knob.text(knob.value)}")
    return ", ".join(parts)


def refusal(data: SessionData, at: int, settings: Mapping[str, Any]) -> str:
    """Why the engine would not compute these changes together, one line; '' where it would.

    Quick and without files, for every turn of a knob.
    """
    turns = turnable(data)
    try:
        now = turns.values_at(data, at)
        changed = turns.expanded(settings)
        for name, value in changed.items():
            if name in now and now[name] != value and (why := turns.refused(name, at)):
                return f"{name}: {why}"
        if at and (changed.get("steps") or at + 1) <= at:
            return f"steps: {changed['steps']} are over at step {at} already"
        turns.refuse(data, at, changed)
    except RefusedInput as error:
        return str(error)
    return ""


def values_at(data: SessionData, at: int) -> dict[str, Any]:
    """The settings in force at a step of a recorded session, by flat name."""
    return turnable(data).values_at(data, at)


class TaskTurnable(Turnable):
    """What can be turned of the sessions that the engine for any module computes."""

    first, live = FIRST, LIVE

    def __init__(self, own: type[Any]) -> None:
        """`own` is the dataclass of the task's own settings."""
        self._own = own

    def specs(self) -> Iterator[Setting]:
        for group in (self._own, Adaptation, Conduct):
            yield from options(group)

    def values_at(self, data: SessionData, at: int) -> dict[str, Any]:
        raw = data.meta.raw
        values = {spec.name: spec.default for spec in self.specs()}
        for part in (data.meta.schema.task.settings, raw.get("plasticity_cfg"), raw.get("run_cfg")):
            if isinstance(part, Mapping):
                values |= {k: v for k, v in part.items() if k in values}
        patterns = values["plastic"]
        values["plastic"] = ",".join(patterns) if isinstance(patterns, list) else patterns
        values |= {"seed": data.meta.seed or 0}
        for t, changed in data.settings_changes:
            if t < at or t == 0:
                values |= {k: v for k, v in changed.items() if k in LIVE}
        return values

    def refuse(self, data: SessionData, at: int, changed: Mapping[str, Any]) -> None:
        values = {**self.values_at(data, at), **changed}

        def of(group: type[Any]) -> dict[str, Any]:
            return {spec.name: values[spec.name] for spec in fields(group)}

        own = self._own(**of(self._own))
        for spec in options(own):
            spec.check(getattr(own, spec.name))
        Adaptation(**of(Adaptation)).validate()
        Conduct(**of(Conduct)).validate()

    def choices(self, spec: Setting, data: SessionData) -> Sequence[Any]:
        return self._patterns(data) if spec.name == "plastic" else super().choices(spec, data)

    def _patterns(self, data: SessionData) -> Sequence[str]:
        """What can be plastic: what was, everything, and each kind of parameter of the model."""
        patterns = [self.values_at(data, 0)["plastic"], "*"]
        for part in data.meta.schema.model:
            for spec, _ in part.parameters:
                name = f"{part.path}.{spec.name}".removeprefix(".")
                patterns.append(re.sub(r"\.\d+(?=\.)", ".*", name))
        return tuple(dict.fromkeys(patterns))[: MOST_PATTERNS + 2]

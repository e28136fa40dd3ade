"""The settings of a session as knobs, those that people turn most first."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from tttui.engine.interventions import LIVE_SETTINGS
from tttui.model.adaptation import LIVE, Adaptation, Conduct
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.session import SessionData
from tttui.model.setting import Setting, option, options
from tttui.model.settings import PRESETS, Plasticity, Settings, World
from tttui.runs.branch import OF_THE_BASE, asked_of
from tttui.runs.whatif.knob import Knob
from tttui.tasks.text.settings import TextSettings

FIRST = (
    "preset",
    "lr",
    "chunk",
    "inner_steps",
    "buffer_len",
    "rollback_tol",
    "grad_norm_max",
    "state_norm_max",
    "probation",
    "mu",
    "noise_std",
    "env_mode",
)
"""What people turn most, of the point mass."""

FIRST_OF_TASKS = (
    "lr",
    "chunk",
    "steps",
    "optimizer",
    "plastic",
    "grad_clip",
    "rollback_tol",
    "frozen_window",
)
"""The same, of other tasks."""

NO_KNOBS = (
    *OF_THE_BASE,
    *("device", "threads", "checkpoint_s", "history_mb", "weights_every"),
    *("mu_min", "mu_max", "mu_schedule", "file"),
)
"""Settings that change no result, or that a session keeps."""

MOST_PATTERNS = 12
"""Groups of parameters that a knob offers."""


@dataclass(frozen=True, slots=True)
class _Own:
    preset: str = option("", f"a named set of settings: {', '.join(PRESETS)}")


def knobs(data: SessionData, at: int = 0) -> tuple[Knob, ...]:
    """All knobs of a session that can be computed again (`can_replay`).

    Their values are what was in force at step `at`. Nothing is read.
    """
    values = values_at(data, at)
    point_mass = data.meta.is_point_mass
    specs = {spec.name: spec for spec in _specs(point_mass) if spec.name not in NO_KNOBS}
    first = FIRST if point_mass else FIRST_OF_TASKS
    names = [*first, *(name for name in specs if name not in first)]
    return tuple(
        Knob(
            specs[name],
            values[name],
            name in first,
            _refused(name, at, point_mass),
            tuple(_choices(specs[name], data)),
        )
        for name in names
    )


def changes(found: Sequence[Knob], turned: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `turned` (by name) that differ from what was recorded: `Request.changes`."""
    recorded = {knob.name: knob.value for knob in found}
    return {name: value for name, value in turned.items() if value != recorded[name]}


def in_words(data: SessionData, at: int, wanted: Mapping[str, Any]) -> str:
    """`lr 0.005 instead of 0.02, chunk 16 instead of 32`; '' where nothing is changed."""
    found = {knob.name: knob for knob in knobs(data, at)}
    said = []
    for name, value in wanted.items():
        knob = found.get(name)
        if knob is None:
            said.append(f"{name} {value}")
        elif name == "preset":
            said.append(f"preset {value}")
        else:
            said.append(f"{knob.label} {knob.text(value)} instead of {knob.text(knob.value)}")
    return ", ".join(said)


def refusal(data: SessionData, at: int, wanted: Mapping[str, Any]) -> str:
    """Why the engine would not compute these changes together, one line; '' where it would.

    Quick and without files, for every turn of a knob.
    """
    point_mass = data.meta.is_point_mass
    try:
        now = values_at(data, at)
        asked = asked_of(wanted) if point_mass else dict(wanted)
        for name, value in asked.items():
            if name in now and now[name] != value and (why := _refused(name, at, point_mass)):
                return f"{name}: {why}"
        if at and (asked.get("steps") or at + 1) <= at:
            return f"steps: {asked['steps']} are over at step {at} already"
        if point_mass:
            _settings_at(data, at).updated(asked).validate()
        else:
            _task_refuses({**now, **asked})
    except RefusedInput as error:
        return str(error)
    return ""


def values_at(data: SessionData, at: int) -> dict[str, Any]:
    """The settings in force at a step of a recorded session, by flat name."""
    if data.meta.is_point_mass:
        values = _settings_at(data, at).flat()
        mu = data.mu_at(at)
        return {**values, "mu": values["mu"] if mu is None else mu, "preset": ""}
    raw = data.meta.raw
    values = {spec.name: spec.default for spec in _specs(False)}
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


def _settings_at(data: SessionData, at: int) -> Settings:
    settings = data.meta.configuration.settings
    known = {spec.name for group in (World, Plasticity) for spec in options(group)}
    for t, values in data.settings_changes:
        if t < at or t == 0:
            settings = settings.updated({k: v for k, v in values.items() if k in known})
    return settings


def _specs(point_mass: bool) -> Iterator[Setting]:
    groups = (_Own, World, Plasticity, Settings)
    for group in groups if point_mass else (TextSettings, Adaptation, Conduct):
        yield from options(group)


def _choices(spec: Setting, data: SessionData) -> Sequence[Any]:
    if spec.name == "preset":
        return ("", *PRESETS)
    if spec.name == "plastic":
        return _patterns(data)
    return tuple(spec.choices)


def _patterns(data: SessionData) -> Sequence[str]:
    """What can be plastic: what was, everything, and each kind of parameter of the model."""
    found = [values_at(data, 0)["plastic"], "*"]
    for part in data.meta.schema.model:
        for spec, _ in part.parameters:
            name = f"{part.path}.{spec.name}".removeprefix(".")
            found.append(re.sub(r"\.\d+(?=\.)", ".*", name))
    return tuple(dict.fromkeys(found))[: MOST_PATTERNS + 2]


def _refused(name: str, at: int, point_mass: bool) -> str:
    live = (*LIVE_SETTINGS, "noise_std", "mu", "preset") if point_mass else LIVE
    if at == 0 or name in (*live, "steps"):
        return ""
    return f"cannot change at step {at}; branch from the start (0)"


def _task_refuses(values: Mapping[str, Any]) -> None:
    """Raise RefusedInput where a session of the task text cannot have these settings."""

    def of(group: type[Any]) -> dict[str, Any]:
        return {spec.name: values[spec.name] for spec in fields(group)}

    own = TextSettings(**of(TextSettings))
    for spec in options(own):
        spec.check(getattr(own, spec.name))
    Adaptation(**of(Adaptation)).validate()
    Conduct(**of(Conduct)).validate()

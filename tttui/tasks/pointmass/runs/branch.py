"""A session's own past up to a step, and other settings from there on.

A branch computes on the trajectory of its session: what differs from the record comes from the
changed settings alone. (A fork without its past begins on a new trajectory.)
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tttui.artifacts.interventions import Intervention, in_order, recorded, without
from tttui.artifacts.meta import read_meta_of
from tttui.model.adaptation import OF_NO_STEP
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.pointmass.settings import LIVE_SETTINGS, OWNER, PRESETS, Settings
from tttui.tasks.pointmass.runs.base import Base, own_base
from tttui.tasks.pointmass.runs.build import Begun, started_with
from tttui.tasks.pointmass.runs.recorded import settings_of

OF_THE_BASE = ("dt",)
"""Settings of the world that the base was trained with."""

CHANGEABLE = (*LIVE_SETTINGS, "mu")
"""Settings that can change at a step after the first."""


@dataclass(frozen=True, slots=True, eq=False)
class PointMassBranch:
    """Everything that determines the results of a session of the point mass, with the changes."""

    at: int
    settings: Settings
    """Those of step 0; changes at a later step are among the interventions."""
    base: Base
    begun: Begun | None
    """The beginning of a fork; None for others."""
    interventions: tuple[Intervention, ...]
    past: Hashable = None
    """A key that branches with the same past share."""


def branch(
    directory: Path,
    *,
    at: int = 0,
    changes: Mapping[str, Any] | None = None,
    base: Base | None = None,
) -> PointMassBranch:
    """The branch of a native session of the point mass at step `at`.

    `changes` (by flat name; `preset` stands before the others) hold from step `at` on: what
    somebody changed of the same settings at that step or later is left out. `base` is used where
    it was read already. Raises RefusedInput or SettingError where that cannot be computed.
    """
    meta = read_meta_of(directory)
    settings = settings_of(meta, directory)
    if base is None or base.sha256 != str(meta.get("base_ckpt_hash")):
        base = own_base(directory, settings, meta)
    changed = expanded(changes or {})
    for name in changed:
        if OWNER.get(name) in ("model", "pretraining") or name in OF_THE_BASE:
            raise SettingError(
                name, "belongs to the base of the session; start another with `tttui run`"
            )
    done = recorded(directory)
    interventions = list(without(done, changed, at))
    if at == 0:
        if "mu" in changed:
            settings = replace(settings, mu_schedule=())
        settings = settings.updated(changed).validate()
    else:
        settings, made = _changed_at(at, settings, done, changed)
        interventions += made
    past = (
        str(directory),
        base.sha256,
        replace(settings_of(meta, directory), steps=1),
        tuple((i.t, i.kind, repr(i.value), i.known_at) for i in done),
    )
    begun = started_with(directory)
    return PointMassBranch(at, settings, base, begun, tuple(in_order(interventions)), past)


def expanded(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changed settings by flat name, a `preset` spelt out. Raises SettingError."""
    changed = dict(changes)
    name = changed.pop("preset", None)
    if not name:
        return changed
    if name not in PRESETS:
        raise SettingError("preset", f"{name!r} is unknown; choose from {', '.join(PRESETS)}")
    values = Settings().with_preset(name).flat()
    return {key: v for key, v in values.items() if OWNER[key] == "plasticity"} | changed


def _changed_at(
    at: int, settings: Settings, recorded: Iterable[Intervention], changed: Mapping[str, Any]
) -> tuple[Settings, list[Intervention]]:
    """The settings of step 0, and the changes at step `at` as interventions."""
    now = settings
    for one in recorded:
        if one.kind == "settings" and one.t < at:
            now = now.updated(one.value)
    now.updated(changed).validate()
    whole = {name: value for name, value in changed.items() if name in OF_NO_STEP}
    flat = now.flat()
    other = {name: v for name, v in changed.items() if name not in whole and v != flat[name]}
    for name in other:
        if name not in CHANGEABLE:
            raise RefusedInput(f"{name}: cannot change at step {at}; branch from the start (0)")
    made = []
    if "mu" in changed:
        if changed["mu"] is None:
            raise SettingError("mu", "a value is needed")
        planned = tuple(pair for pair in settings.mu_schedule if pair[0] < at)
        settings = replace(settings, mu_schedule=planned)
        made.append(Intervention(at, "mu", float(changed["mu"]), known_at=at))
    live = {name: value for name, value in other.items() if name != "mu"}
    if live:
        made.append(Intervention(at, "settings", live, known_at=at))
    return settings.updated(whole).validate(), made

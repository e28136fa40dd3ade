"""Continuing a session, and which settings may change when one does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.atomic import refuse_links
from tttui.artifacts.history import record_dtype, recorded_dtype
from tttui.artifacts.interventions import recorded
from tttui.artifacts.lock import OnWait
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.writer import HISTORY
from tttui.engine.device import check_device
from tttui.model.arrays import PLASTIC
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.configuration import configuration_of
from tttui.model.pointmass.settings import LIVE_SETTINGS, Settings
from tttui.runs.owned import go_on
from tttui.tasks.pointmass.runs.base import shapes
from tttui.tasks.pointmass.runs.recorded import settings_of
from tttui.tasks.pointmass.runs.session import SessionRun

FREE = ("checkpoint_s",)
"""Settings that no result depends on."""

OVERRIDABLE = (*LIVE_SETTINGS, "mu", "mu_schedule")
"""Settings that --override changes from here on; all others belong to the whole session."""


def resume(
    directory: Path,
    *,
    more_steps: int | None = None,
    changes: Mapping[str, Any] | None = None,
    override: bool = False,
    on_wait: OnWait | None = None,
) -> tuple[SessionRun, int]:
    """Hold a session and say up to which step it is to run.

    `more_steps` counts from where it stands; without it the run goes to the number of steps
    that it was begun with. `on_wait` is as for `SessionRun.open`. Raises
    RefusedInput where nothing is left to do, or where `changes` contradict the session's history
    and `override` does not allow it.
    """
    refuse_links(directory)
    meta = read_meta_of(directory)
    settings = settings_of(meta, directory)
    differing = _differing(settings, _overridden(directory, meta), changes or {})
    _refuse_contradictions(directory, settings, differing, override)
    check_device(settings.device)
    _refuse_other_history(directory / HISTORY, settings)
    run = SessionRun.open(directory, on_wait=on_wait)

    def change() -> None:
        if differing and run.t < run.reached:
            run.advance(run.reached - run.t)  # the change counts from where the session stood
        _apply(run, differing)

    return go_on(run, more_steps, change)


def _refuse_other_history(path: Path, settings: Settings) -> None:
    """Snapshots that are not written as tttui does could not be told from those that follow."""
    recorded = recorded_dtype(path)
    dtype = record_dtype({name: shapes(settings.model)[name] for name in PLASTIC})
    if recorded is None or recorded == dtype:
        return
    names, needed = recorded.names or (), dtype.names or ()
    lacking = [name for name in needed if name not in names]
    other = [name for name in names if name in needed and recorded[name] != dtype[name]]
    if lacking:
        why = f"its records have no field {', '.join(lacking)}"
    elif other:
        name = other[0]
        why = f"its field {name} holds {_words(recorded[name])}, this session {_words(dtype[name])}"
    else:
        why = f"its fields are {', '.join(names)}, those of this session {', '.join(needed)}"
    raise RefusedInput(
        f"{path}: {why}; restore the file (`tttui fsck {path.parent}` tells more), or fork"
    )


def _words(field: np.dtype[Any]) -> str:
    """`float32 [16, 6]`, with the order of the bytes where it is not the usual one."""
    base = field.base
    order = "big-endian " if base.byteorder == ">" else ""
    return f"{order}{base.name} {list(field.shape)}" if field.shape else f"{order}{base.name}"


def _overridden(directory: Path, meta: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings as the interventions so far left them."""
    now: dict[str, Any] = {}
    for _, values in configuration_of(meta).settings_changes:
        now.update(values)
    done = max((i.known_at for i in recorded(directory)), default=0)
    for t, mu in configuration_of(meta).truth_changes:
        if t <= done:
            now["mu"] = mu
    return now


def _differing(
    settings: Settings, now: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The changes that differ from what is in force."""
    settings = settings.updated(now)
    settings.updated(changes).validate()
    in_force, changed = settings.flat(), settings.updated(changes).flat()
    return {name: changes[name] for name in changes if in_force[name] != changed[name]}


def _refuse_contradictions(
    directory: Path, settings: Settings, differing: Mapping[str, Any], override: bool
) -> None:
    flat = settings.flat()
    for name, value in differing.items():
        if name in FREE:
            continue
        flag = "--" + name.replace("_", "-")
        if name not in OVERRIDABLE:
            raise RefusedInput(
                f"{flag} {value}: {directory} was begun with {flat[name]} and cannot change; "
                "leave the option out, or start a new session"
            )
        if not override:
            raise RefusedInput(
                f"{flag} {value}: {directory} has run with {flat[name]} so far; "
                "add --override to change it from here on, or leave the option out"
            )


def _apply(run: SessionRun, differing: Mapping[str, Any]) -> None:
    free = {k: v for k, v in differing.items() if k in FREE}
    if free:
        run.set_housekeeping(free)
    live = {k: v for k, v in differing.items() if k not in FREE and k not in ("mu", "mu_schedule")}
    if live:
        run.intervene("settings", live)
    if "mu" in differing:
        run.intervene("mu", float(differing["mu"]))
    for t, mu in differing.get("mu_schedule", ()):
        if t < run.t:
            raise RefusedInput(f"--mu-schedule {mu}@{t}: the session is at step {run.t} already")
        run.intervene("mu", mu, at=t)

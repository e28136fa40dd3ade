"""Does a session hold what its base, seed, settings and interventions give?

A native session is run again in a temporary directory by the code that ran it, and every file
is compared. What can be checked of a foreign one is in `foreign`.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tttui.artifacts.checkpoint import ENGINE, read_generation
from tttui.artifacts.interventions import recorded
from tttui.artifacts.layout import BASE
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.reader import SessionReader
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import Place
from tttui.runs.check import Check
from tttui.runs.saved import step_reached
from tttui.tasks.pointmass.runs import compare
from tttui.tasks.pointmass.runs.base import read_base
from tttui.tasks.pointmass.runs.build import started_with
from tttui.tasks.pointmass.runs.compare import Extent
from tttui.tasks.pointmass.runs.foreign import foreign_checks
from tttui.tasks.pointmass.runs.fork import fork_origin
from tttui.tasks.pointmass.runs.planned import is_planned
from tttui.tasks.pointmass.runs.recorded import settings_of
from tttui.tasks.pointmass.runs.session import SessionRun

Progress = Callable[[int, int], None]
"""Called with the step reached and the step to reach."""

LOST_ROWS = 1_000_000
"""Rows that a file may have lost; a checkpoint that is ahead by more is not replayed to its end."""

CRASHED = ("crashed", "stalled", "failed", "unknown")
"""States in which a run can have left rows after its last checkpoint."""


def verify(place: Place, progress: Progress | None = None) -> list[Check]:
    """One Check a file, in the order of a run directory.

    Raises RefusedInput where there is nothing to check or the session is being written.
    """
    if place.layout != "native":
        return foreign_checks(place)
    data = SessionReader(place).refresh()
    if data.status is not None and data.status.live and data.status.state != "queued":
        raise RefusedInput(f"{place.path} is {data.status.state}; verify it when it has stopped")
    if is_planned(place.path):
        raise RefusedInput(f"{place.path} waits for its base; there is nothing to verify yet")
    crashed = data.status is None or data.status.state in CRASHED
    return _native(place.path, crashed, progress)


def _native(directory: Path, ragged: bool, progress: Progress | None) -> list[Check]:
    meta = read_meta_of(directory)
    settings = settings_of(meta, directory)
    checks = [compare.base_hash(directory, meta), compare.signature(meta)]
    try:
        base = read_base(directory / BASE, settings.model)
    except RefusedInput as error:
        return [*checks, Check("per_step.csv", None, f"cannot be replayed: {error}")]
    checks += fork_origin(directory, meta)
    t, extent = _saved(directory, ragged, checks)
    with tempfile.TemporaryDirectory(prefix="tttui-verify-") as temporary:
        again = Path(temporary) / directory.name
        run = SessionRun.create(
            again,
            settings,
            base,
            begun=started_with(directory),
            interventions=recorded(directory),
        )
        try:
            while run.t < t:
                run.advance_stretch(t)
                if progress is not None:
                    progress(run.t, t)
        finally:
            run.close("interrupted")
        checks += compare.growing_files(directory, again, extent)
        checks += compare.saved_files(directory, again)
    return checks


def _saved(directory: Path, ragged: bool, checks: list[Check]) -> tuple[int, Extent]:
    """The step to replay to and what was written by then; a damaged checkpoint is a Check."""
    path = directory / "session" / ENGINE
    rows = compare.count_rows(directory / "per_step.csv")
    try:
        checkpoint = read_generation(directory, ENGINE)
        t = step_reached(checkpoint.engine, path)
    except TttuiError:
        return rows, Extent(None, ragged)
    if t > rows + LOST_ROWS:
        reason = f"says that {t} steps were run, but per_step.csv has {rows} rows"
        checks.append(Check(str(path.relative_to(directory)), False, reason))
        return rows, Extent(None, ragged)
    for p in checkpoint.problems:
        checks.append(Check(str(p.path.relative_to(directory)), False, p.reason))
    return t, Extent(checkpoint.sizes, ragged)

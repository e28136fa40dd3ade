"""`tttui pretrain`: only the base, as a job."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.jobs import JobOptions, job_options, launcher_from
from tttui.cli.options import (
    SectionedCommand,
    group_options,
    root_option,
    values_from,
)
from tttui.tasks.pointmass.task import PointMass

if TYPE_CHECKING:
    from tttui.model.pointmass.settings import Settings
    from tttui.tasks.pointmass.runs.base import Base


@click.command("pretrain", cls=SectionedCommand)
@root_option
@click.option(
    "--config", type=click.Path(path_type=Path), help="TOML file with settings; options win over it"
)
@click.option("--force", is_flag=True, help="train again even where a base fits")
@job_options
@group_options(
    PointMass.groups_of_base()[::-1],
    skip=("mu", "noise_std"),
)
def command(
    root: Path,
    config: Path | None,
    force: bool,
    job: JobOptions,
    **values: Any,
) -> None:
    """Train the base of these settings, unless there is one; prints the handle of the job.

    With --wait it stays until the base is there, and prints where.
    """
    from tttui.tasks.pointmass.runs.runner import PointMassRunner

    runner = PointMassRunner(PointMass)
    settings = runner.choose(values_from(runner, values, config))
    train_base(root, settings, job, force=force)


def train_base(root: Path, settings: "Settings", job: JobOptions, *, force: bool = False) -> None:
    """Start the job that trains the base of these settings, unless there is one."""
    from tttui.lab.kinds.pretrain import settings_of
    from tttui.model.errors import TttuiError
    from tttui.tasks.pointmass.runs.base import find_base, make_room

    base = None if force else find_base(root, settings)
    if base is not None:
        _print(base, trained=False, as_json=job.as_json)
        return
    make_room(root, settings)
    completed = job.start(root, "pretrain", settings_of(settings, force=force))
    if completed is None:
        return
    base = find_base(root, settings)
    if base is None:
        raise TttuiError(
            f"job {completed.short} is complete, but its base is gone from {root / 'bases'}"
        )
    _print(base, trained=True, as_json=job.as_json)


@command.checks
def _check(values: Mapping[str, Any]) -> Mapping[str, str]:
    from tttui.tasks.pointmass.runs.runner import PointMassRunner

    runner = PointMassRunner(PointMass)
    own = {one.name for group in PointMass.groups() for one in group.settings}
    chosen = {name: value for name, value in values.items() if name in own}
    runner.choose(values_from(runner, chosen, values["config"]))
    launcher_from(values["launcher"], values["partition"], values["time_limit"], values["slurm"])
    return {}


def _print(base: "Base", *, trained: bool, as_json: bool) -> None:
    from tttui.cli.output import json_document, result
    from tttui.tasks.pointmass.runs.base import LOSS_FILE

    curve = base.source.parent / LOSS_FILE
    if as_json:
        fits = f"{base.source.name} fits these settings already; --force trains another"
        json_document(
            {
                **({} if trained else {"said": fits}),
                "base": base.source,
                "sha256": base.sha256,
                "trained": trained,
                "loss_curve": str(curve) if curve.is_file() else None,
                "cfg": dict(base.cfg),
            }
        )
        return
    result(f"{base.source} {'trained now' if trained else 'fits these settings already'}")
    result(f"sha256 {base.sha256}")
    if curve.is_file():
        result(f"loss curve {curve}")

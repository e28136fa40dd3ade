"""`tttui run`: a new session."""

from pathlib import Path
from typing import Any

import click

from tttui.cli.options import (
    json_option,
    root_option,
    setting_options,
    settings_from,
)
from tttui.cli.task_run import RunCommand, task_option
from tttui.model.errors import RefusedInput
from tttui.model.settings import PRESETS


@click.command("run", cls=RunCommand)
@task_option
@click.option("--name", help="name of the session's directory  [default: from its settings]")
@root_option
@click.option("--preset", type=click.Choice(tuple(PRESETS)), help="a named set of settings")
@click.option(
    "--config", type=click.Path(path_type=Path), help="TOML file with settings; options win over it"
)
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    help="base checkpoint to start from  [default: one that fits, else pretrain]",
)
@click.option("--speed-limit", type=click.FloatRange(min=0, min_open=True), help="steps a second")
@click.option("--paused", is_flag=True, help="begin paused, to be stepped from the app")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND@STEP",
    help="inject a fault (nan, gradient, mu, chunk, disk); may be repeated",
)
@click.option("--detach", is_flag=True, help="run in the background and print its handle")
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
@setting_options("run", "world", "model", "plasticity", "pretraining")
def command(
    name: str | None,
    root: Path,
    preset: str | None,
    config: Path | None,
    base: Path | None,
    speed_limit: float | None,
    paused: bool,
    faults: tuple[str, ...],
    detach: bool,
    quiet: bool,
    as_json: bool,
    **values: Any,
) -> int:
    """Run a new session and print its verdict.

    Settings come from the defaults, then --preset, then --config, then the options. Those of
    another task are shown by `tttui run --task text --help`.
    """
    settings = settings_from(values, config=config, preset=preset)

    from tttui.cli.running import execute, hand_over, prepared
    from tttui.engine.device import check_device
    from tttui.engine.faults import disk_fault, parse_fault, planned_faults
    from tttui.runs.base import chosen_base, find_base
    from tttui.runs.naming import make_in, new_directory
    from tttui.runs.planned import plan_session
    from tttui.runs.session import SessionRun

    planned = [parse_fault(text) for text in faults]
    if detach and disk_fault(planned) is not None:
        raise RefusedInput("--fault disk fills the disk of this process only; leave --detach out")
    check_device(settings.device)
    new_directory(root, name, settings)  # refused before a base is looked for
    found = find_base(root, settings) if base is None else chosen_base(base, settings)

    def make(directory: Path) -> tuple[Path, SessionRun | None]:
        if found is not None:
            return directory, SessionRun.create(directory, settings, found, faults=planned)
        plan_session(directory, settings, interventions=planned_faults(planned))
        return directory, None

    directory, run = make_in(name, lambda: new_directory(root, name, settings), make)
    if detach:
        if run is not None:
            run.close("queued")
        return hand_over(directory, speed_limit=speed_limit, paused=paused, as_json=as_json)
    if run is None:
        if not prepared(directory, speed_limit=speed_limit, paused=paused, quiet=quiet):
            return 130
        run = SessionRun.open(directory, keep_requests=True)
        run.disk_full_at = disk_fault(planned)
    return execute(
        run,
        settings.steps,
        speed_limit=speed_limit,
        paused=paused,
        quiet=quiet,
        as_json=as_json,
    )

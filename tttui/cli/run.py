"""`tttui run`: a new session."""

from pathlib import Path
from typing import Any

import click

from tttui.cli.options import (
    SectionedCommand,
    json_option,
    mu_schedule_option,
    root_option,
    setting_options,
    settings_from,
)
from tttui.model.settings import PRESETS


@click.command("run", cls=SectionedCommand)
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
@mu_schedule_option
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

    Settings come from the defaults, then --preset, then --config, then the options.
    """
    settings = settings_from(values, config=config, preset=preset)

    from tttui.cli.output import json_document, result
    from tttui.cli.running import execute, obtain_base
    from tttui.engine.background import continue_in_background
    from tttui.engine.device import check_device
    from tttui.engine.faults import parse_fault
    from tttui.engine.naming import new_directory
    from tttui.engine.session import SessionRun

    planned = [parse_fault(text) for text in faults]
    check_device(settings.device)
    directory = new_directory(root, name, settings)
    found = obtain_base(root, settings, base, quiet=quiet)
    run = SessionRun.create(directory, settings, found, faults=planned)
    if detach:
        run.close("queued")
        pid = continue_in_background(directory, max_rate=speed_limit, paused=paused)
        if as_json:
            json_document({"path": str(directory), "pid": pid})
        else:
            result(
                f"{directory} runs in the background (pid {pid}); see it with: tttui {directory}"
            )
        return 0
    return execute(
        run,
        settings.steps,
        speed_limit=speed_limit,
        paused=paused,
        quiet=quiet,
        as_json=as_json,
    )

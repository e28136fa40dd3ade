"""`tttui resume RUN`: continue a session exactly where it stopped."""

from pathlib import Path
from typing import Any

import click

from tttui.cli.options import (
    RunningOptions,
    SectionedCommand,
    group_options,
    model_option,
    root_option,
    running_options,
    task_of_run_option,
    typed_values,
)
from tttui.model.adaptation import Adaptation
from tttui.model.errors import RefusedInput
from tttui.model.setting import Group
from tttui.model.shell import command_line
from tttui.tasks.pointmass.task import PointMass


@click.command("resume", cls=SectionedCommand)
@click.argument("run")
@root_option
@click.option(
    "--name", help="where a session of another program goes on  [default: from its own name]"
)
@click.option(
    "--steps",
    "more_steps",
    type=click.IntRange(min=1),
    help="steps to run from where it stands  [default: up to the number it was started with]",
)
@click.option(
    "--override", is_flag=True, help="accept settings that contradict the history, and record them"
)
@task_of_run_option
@model_option
@running_options
@group_options(
    [*PointMass.groups(), Group.of("Update transaction of other tasks", Adaptation)],
    skip=("steps",),
)
def command(
    run: str,
    root: Path,
    name: str | None,
    more_steps: int | None,
    override: bool,
    called: str | None,
    model: str | None,
    running: RunningOptions,
    **values: Any,
) -> int:
    """Continue RUN (a name under the root, or a path) exactly where it stopped.

    Its settings come from its meta.json. Options that would make its history contradict itself
    are refused unless --override says that the change is meant. A session of another program
    goes on in a directory of its own under the root.
    """
    from tttui.cli.output import say
    from tttui.cli.places import find_run
    from tttui.cli.running import carry_on
    from tttui.engine.threads import let_threads_sleep
    from tttui.runs.runner import session_runner
    from tttui.tasks.hf.known import name_model_of

    let_threads_sleep()
    place = find_run(root, run)
    if model is not None:
        name_model_of(place.path, model)
    if name is not None and place.layout == "native":
        raise RefusedInput(
            f"--name {name}: {place.path} goes on in its own directory; "
            f"`{command_line('tttui', 'fork', place.path)} --name` makes a new session of it"
        )
    runner = session_runner(place, called)
    ready = runner.resume(
        place,
        root,
        name=name,
        more_steps=more_steps,
        changes=typed_values(values),
        override=override,
        on_wait=say,
    )
    return carry_on(ready, runner.words, running)

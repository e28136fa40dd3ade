"""`tttui resume RUN`: continue a session exactly where it stopped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tttui.cli.options import (
    SectionedCommand,
    given,
    json_option,
    model_option,
    root_option,
    setting_options,
)
from tttui.model.errors import RefusedInput
from tttui.model.shell import command_line


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
    "--override", is_flag=True, help="accept settings that differ from the history's; recorded"
)
@click.option("--speed-limit", type=click.FloatRange(min=0, min_open=True), help="steps a second")
@click.option("--paused", is_flag=True, help="begin paused, to be stepped from the app")
@click.option("--task", "called", help="the task that RUN is of, where it does not ship with tttui")
@model_option
@click.option("--detach", is_flag=True, help="run in the background and print its handle")
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
@setting_options("run", "world", "model", "plasticity", "pretraining", skip=("steps",))
def command(
    run: str,
    root: Path,
    name: str | None,
    more_steps: int | None,
    override: bool,
    speed_limit: float | None,
    paused: bool,
    called: str | None,
    model: str | None,
    detach: bool,
    quiet: bool,
    as_json: bool,
    **values: Any,
) -> int:
    """Continue RUN (a name under the root, or a path) exactly where it stopped.

    Its settings come from its meta.json. Options that would make its history contradict itself
    are refused unless --override says that the change is meant. A session of another program
    goes on in a directory of its own under the root.
    """
    from tttui.cli.output import say
    from tttui.cli.places import find_run
    from tttui.cli.running import execute, hand_over, prepared
    from tttui.engine.threads import let_threads_sleep
    from tttui.runs.fork import fork
    from tttui.runs.planned import is_planned, replan
    from tttui.runs.resume import resume
    from tttui.runs.taskmeta import holds_task
    from tttui.tasks.hf.known import name_model_of

    let_threads_sleep()
    place, changes = find_run(root, run), given(values)
    if model is not None:
        name_model_of(place.path, model)
    if name is not None and place.layout == "native":
        raise RefusedInput(
            f"--name {name}: {place.path} goes on in its own directory; "
            f"`{command_line('tttui', 'fork', place.path)} --name` makes a new session of it"
        )
    if holds_task(place.path):
        return _resume_task(
            place.path,
            called,
            more_steps=more_steps,
            changes=changes,
            override=override,
            speed_limit=speed_limit,
            paused=paused,
            detach=detach,
            quiet=quiet,
            as_json=as_json,
        )
    if called is not None:
        raise RefusedInput(f"--task {called}: {place.path} is a session of the point mass")
    planned = is_planned(place.path)
    if planned:
        replan(place.path, more_steps, changes, on_wait=say)
        if detach:
            return hand_over(place.path, speed_limit=speed_limit, paused=paused, as_json=as_json)
        if not prepared(place.path, speed_limit=speed_limit, paused=paused, quiet=quiet):
            return 130
        more_steps, changes = None, {}
    if place.layout == "native":
        session, until = resume(
            place.path,
            more_steps=more_steps,
            changes=changes,
            override=override,
            on_wait=say,
            keep_requests=planned,
        )
        for line in session.told:
            say(line)
    else:
        steps = {"steps": more_steps} if more_steps else {}
        session = fork(place, root, name=name, changes=changes | steps)
        until = session.settings.steps
        kept = name is not None or session.path.name.startswith(place.name)
        why = "" if kept else ", since its own name cannot be used"
        other = "" if name else "; another --name chooses where"
        went = f"it goes on in {session.path}{why}{other}"
        say(f"{place.path} was written by another program; {went}")
    if detach:
        session.close("queued")
        return hand_over(session.path, speed_limit=speed_limit, paused=paused, as_json=as_json)
    return execute(
        session, until, speed_limit=speed_limit, paused=paused, quiet=quiet, as_json=as_json
    )


def _resume_task(
    path: Path,
    called: str | None,
    *,
    more_steps: int | None,
    changes: Mapping[str, Any],
    override: bool,
    speed_limit: float | None,
    paused: bool,
    detach: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Continue a session of a task, which the person named as `called` where it does not ship."""
    from tttui.cli.output import say
    from tttui.cli.running import execute, hand_over
    from tttui.runs.taskresume import resume_task
    from tttui.tasks.find import again, find_task

    words = ("--task", again(called)) if called else ()
    session, until = resume_task(
        path,
        task=find_task(called) if called else None,
        more_steps=more_steps,
        changes=changes,
        override=override,
        on_wait=say,
    )
    for line in session.told:
        say(line)
    if detach:
        session.close("queued")
        return hand_over(path, speed_limit=speed_limit, paused=paused, as_json=as_json, task=words)
    return execute(
        session,
        until,
        speed_limit=speed_limit,
        paused=paused,
        quiet=quiet,
        as_json=as_json,
        task=words,
    )

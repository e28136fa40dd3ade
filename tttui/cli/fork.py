"""`tttui fork RUN`: a new session from the weights of another."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import (
    SPECS,
    SectionedCommand,
    assignments,
    given,
    json_option,
    model_option,
    root_option,
    set_option,
    setting_options,
)
from tttui.model.errors import RefusedInput
from tttui.model.settings import PRESETS

if TYPE_CHECKING:
    from tttui.runs.owned import OwnedRun


@click.command("fork", cls=SectionedCommand)
@click.argument("run")
@root_option
@click.option("--at", type=click.IntRange(min=0), metavar="T", help="step  [default: the last]")
@click.option(
    "--with-past",
    is_flag=True,
    help="go on with what RUN itself would have met, from where it was at step T: the new session "
    "has its steps before T, and what is changed counts from T on",
)
@click.option("--name", help="name of the new session  [default: from the parent's name]")
@click.option(
    "--from-run", help="which run of a foreign store's session, for --at  [default: the last]"
)
@click.option("--preset", type=click.Choice(tuple(PRESETS)), help="a named set of settings")
@click.option("--speed-limit", type=click.FloatRange(min=0, min_open=True), help="steps a second")
@click.option("--paused", is_flag=True, help="begin paused, to be stepped from the app")
@click.option("--task", "called", help="the task that RUN is of, where it does not ship with tttui")
@model_option
@click.option("--file", help="another document for a text session  [default: what was left]")
@set_option("any setting of RUN, by name, those of its task too; may be repeated")
@click.option("--detach", is_flag=True, help="run in the background and print its handle")
@click.option("--no-run", is_flag=True, help="only make it; `tttui resume` starts it")
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
@setting_options("run", "world", "plasticity")
def command(
    run: str,
    root: Path,
    at: int | None,
    with_past: bool,
    name: str | None,
    from_run: str | None,
    preset: str | None,
    speed_limit: float | None,
    paused: bool,
    called: str | None,
    model: str | None,
    file: str | None,
    assigned: tuple[str, ...],
    detach: bool,
    no_run: bool,
    quiet: bool,
    as_json: bool,
    **values: Any,
) -> int:
    """Start a new session from the weights (and the optimizer) that RUN had at step T.

    It goes on in the parent's world (same mu, unless --mu says otherwise) but on a new
    trajectory: its seed is one more than the parent's unless --seed is given. RUN may have been
    written by another program; nothing is changed there. A text session reads on in what was
    left of its document, or in --file.

    --with-past makes the session that RUN would have become with other settings from step T on
    (0: from its start), on its own trajectory: what differs comes from the settings alone.
    """
    from tttui.cli.output import json_document, result, say
    from tttui.cli.places import find_run
    from tttui.cli.running import execute, hand_over
    from tttui.engine.device import check_device
    from tttui.engine.threads import let_threads_sleep
    from tttui.runs.fork import fork, fork_with_past
    from tttui.runs.taskmeta import holds_task
    from tttui.tasks.hf.known import name_model_of

    let_threads_sleep()
    changes = given(values)
    check_device(changes.get("device", "cpu"))
    place = find_run(root, run)
    if model is not None:
        name_model_of(place.path, model)
    words: Sequence[str] = ()
    session: OwnedRun
    if with_past and at is None:
        raise RefusedInput("--with-past: say from which step on things change, with --at (0: all)")
    if holds_task(place.path):
        from tttui.runs.taskfork import fork_task, fork_task_with_past
        from tttui.runs.tasksettings import settings_of_task
        from tttui.tasks.find import again, find_task

        if preset is not None or from_run is not None:
            raise RefusedInput("--preset and --from-run are for sessions of the point mass")
        changes |= {"file": file} if file else {}
        task = find_task(called) if called else None
        changes |= assignments(assigned, settings_of_task(place.path, task))
        words = ("--task", again(called)) if called else ()
        if with_past and at is not None:
            session = fork_task_with_past(
                place.path, root, at=at, name=name, changes=changes, task=task
            )
        else:
            session = fork_task(place.path, root, at=at, name=name, changes=changes, task=task)
    elif called or file:
        raise RefusedInput(f"--task and --file: {place.path} is a session of the point mass")
    elif with_past and at is not None:
        if from_run is not None:
            raise RefusedInput("--from-run: has no past that could be computed again")
        changes |= assignments(assigned, SPECS) | ({"preset": preset} if preset else {})
        session = fork_with_past(place, root, at=at, name=name, changes=changes)
    else:
        changes |= assignments(assigned, SPECS)
        session = fork(place, root, at=at, name=name, run=from_run, preset=preset, changes=changes)
    for line in session.told:
        say(line)
    if no_run:
        session.close("interrupted")
        if as_json:
            json_document({"path": str(session.path), "forked_at_t": session.forked_at_t})
        else:
            result(f"{session.path} starts from {run} at step {session.forked_at_t}")
        return 0
    if detach:
        session.close("queued")
        return hand_over(
            session.path, speed_limit=speed_limit, paused=paused, as_json=as_json, task=words
        )
    return execute(
        session,
        session.steps_total,
        speed_limit=speed_limit,
        paused=paused,
        quiet=quiet,
        as_json=as_json,
        task=words,
    )

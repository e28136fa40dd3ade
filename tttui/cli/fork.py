"""`tttui fork RUN`: a new session from the weights of another."""

from pathlib import Path
from typing import Any

import click

from tttui.cli.options import (
    RunningOptions,
    SectionedCommand,
    assignments,
    from_option,
    group_options,
    model_option,
    root_option,
    running_options,
    set_option,
    task_of_run_option,
    typed_values,
)
from tttui.model.adaptation import Adaptation
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import PRESETS
from tttui.model.setting import Group
from tttui.tasks.pointmass.task import PointMass


@click.command("fork", cls=SectionedCommand)
@click.argument("run")
@root_option
@click.option("--at", type=click.IntRange(min=0), metavar="T", help="step  [default: the last]")
@click.option(
    "--with-past",
    is_flag=True,
    help="branch off RUN at step T on its own trajectory: the new session has the steps of RUN "
    "before T, and changes take effect from T on",
)
@click.option("--name", help="name of the new session  [default: from the parent's name]")
@click.option(
    "--from-run", help="which run of a foreign store's session, for --at  [default: the last]"
)
@click.option("--preset", type=click.Choice(tuple(PRESETS)), help="a named set of settings")
@from_option
@task_of_run_option
@model_option
@click.option("--file", help="another document for a text session  [default: what was left]")
@set_option("any setting of RUN, by name, those of its task too; may be repeated")
@click.option("--no-run", is_flag=True, help="only create it; `tttui resume` starts it")
@running_options
@group_options(
    [
        *(group for group in PointMass.groups() if not group.of_base),
        Group.of("Update transaction of other tasks", Adaptation),
    ]
)
def command(
    run: str,
    root: Path,
    at: int | None,
    with_past: bool,
    name: str | None,
    from_run: str | None,
    from_version: str | None,
    called: str | None,
    model: str | None,
    assigned: tuple[str, ...],
    no_run: bool,
    running: RunningOptions,
    **values: Any,
) -> int:
    """Start a new session from the weights (and the optimizer) that RUN had at step T.

    It goes on in the parent's world (same mu, unless --mu says otherwise) but on a new
    trajectory: its seed is one more than the parent's unless --seed is given. RUN may have been
    written by another program; nothing is changed there. A text session reads on in what was
    left of its document, or in --file.

    --from gives it the weights of a version of the registry, in RUN's world and by its settings.

    --with-past makes the session that RUN would have become with other settings from step T on
    (0: from its start), on its own trajectory: what differs comes from the settings alone.
    """
    from tttui.cli.output import json_document, result, say
    from tttui.cli.places import find_run
    from tttui.cli.running import carry_on
    from tttui.engine.device import check_device
    from tttui.engine.threads import let_threads_sleep
    from tttui.runs.runner import ReadyRun, session_runner
    from tttui.tasks.hf.known import name_model_of

    let_threads_sleep()
    changes = typed_values(values)
    check_device(changes.get("device", "cpu"))
    place = find_run(root, run)
    if model is not None:
        name_model_of(place.path, model)
    if with_past and at is None:
        raise RefusedInput("--with-past: say from which step on things change, with --at (0: all)")
    runner = session_runner(place, called)
    changes |= assignments(assigned, runner.task.session_settings())
    start = None
    if from_version is not None:
        from tttui.lab.registry import resolve, start_weights

        own = runner.task.all_settings()
        start = start_weights(root, resolve(root, from_version), runner, from_version, own)
    session = runner.fork(
        place,
        root,
        at=at,
        name=name,
        changes=changes,
        from_run=from_run,
        with_past=with_past,
        start=start,
    )
    if no_run:
        for line in session.notices:
            say(line)
        session.close("interrupted")
        if running.as_json:
            json_document({"path": str(session.path), "forked_at_t": session.forked_at_t})
        else:
            result(f"{session.path} starts from {run} at step {session.forked_at_t}")
        return 0
    return carry_on(ReadyRun.of(session, session.steps_total), runner.words, running)

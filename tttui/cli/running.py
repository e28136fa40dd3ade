"""Running a session from the command line: signals, progress, the verdict at the end."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.reader import SessionReader
from tttui.cli.options import RunningOptions
from tttui.cli.output import json_document, result, say
from tttui.cli.progress import pretraining_bar, run_bar
from tttui.cli.signals import stop_requests
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import SessionData
from tttui.model.shell import command_line
from tttui.model.verdict import verdict
from tttui.runs.background import continue_in_background
from tttui.runs.drive import drive
from tttui.runs.owned import OPEN_END, OwnedRun
from tttui.runs.runner import ReadyRun
from tttui.tasks.pointmass.runs.planned import prepare
from tttui.tasks.pointmass.runs.recorded import settings_of

INTERRUPTED = 130
"""The exit code of what was stopped."""


def prepared(directory: Path, *, speed_limit: float | None, paused: bool, quiet: bool) -> bool:
    """Pretrain the base of a planned session and build it; returns whether it finished.

    If the connection is lost, the session continues in the background with these options.
    """
    settings = settings_of(read_meta_of(directory), directory)
    steps = settings.pretraining.pretrain_steps
    if not quiet:
        say(f"no base fits these settings; pretraining one for {steps} steps (kept for next time)")
    with stop_requests() as stop, pretraining_bar(steps, quiet=quiet) as progress:
        done = prepare(
            directory,
            should_stop=stop,
            on_progress=progress,
            on_wait=say,
            on_notice=say,
            on_turn=None if quiet else say,
        )
    if not done and stop.signal == signal.SIGHUP:
        continue_in_background(directory, max_rate=speed_limit, paused=paused)
    elif not done:
        again = command_line("tttui", "resume", directory)
        say(f"stopped while pretraining; continue with: {again}")
    return done


def carry_on(ready: ReadyRun, task: Sequence[str], running: RunningOptions) -> int:
    """Run a session here, or in the background; returns the exit code. `task` as for `execute`."""
    for line in ready.notices:
        say(line)
    limit, paused = running.speed_limit, running.paused
    if running.detach:
        if ready.run is not None:
            ready.run.close("queued")
        return hand_over(
            ready.path, speed_limit=limit, paused=paused, as_json=running.as_json, task=task
        )
    if ready.needs_base and not prepared(
        ready.path, speed_limit=limit, paused=paused, quiet=running.quiet
    ):
        return INTERRUPTED
    run, until = ready.hold()
    return execute(
        run,
        until,
        speed_limit=limit,
        paused=paused,
        quiet=running.quiet,
        as_json=running.as_json,
        task=task,
    )


def execute(
    run: OwnedRun,
    until: int,
    *,
    speed_limit: float | None,
    paused: bool = False,
    quiet: bool,
    as_json: bool,
    task: Sequence[str] = (),
) -> int:
    """Drive the run to step `until`, save it, print its verdict; returns the exit code.

    `task` are the words of the command line that name its task, if it does not ship.
    """
    label = run.path.name
    with stop_requests() as stop:
        try:
            with run_bar(
                label, run.t, None if until == OPEN_END else until, quiet=quiet
            ) as progress:
                done = drive(
                    run,
                    until,
                    max_rate=speed_limit,
                    paused=paused,
                    should_stop=stop,
                    on_progress=progress,
                )
        except (TttuiError, OSError) as error:
            raise run.fail(error) from error
        except BaseException as error:
            run.fail(error)
            raise
        was_paused = run.progress().state == "paused"
        goes_on = not done and stop.signal == signal.SIGHUP
        run.close("completed" if done else "queued" if goes_on else "interrupted")
    if goes_on:
        # The terminal is gone: what was asked for still gets done, without one.
        continue_in_background(run.path, max_rate=run.speed_limit, paused=was_paused, more=task)
        return INTERRUPTED
    data = read_session(run.path)
    if as_json:
        json_document(outcome(data))
    else:
        result(f"{run.path}: {verdict(data).sentence}")
    if not done:
        again = command_line("tttui", "resume", run.path, *task)
        whole = "" if until == OPEN_END else f" of {until}"
        say(f"stopped at step {run.t}{whole}; continue with: {again}")
        return INTERRUPTED
    return 0


def hand_over(
    directory: Path,
    *,
    speed_limit: float | None,
    paused: bool,
    as_json: bool,
    task: Sequence[str] = (),
) -> int:
    """Run a session in a background process, and print its handle.

    `task` as for `execute`.
    """
    pid = continue_in_background(directory, max_rate=speed_limit, paused=paused, more=task)
    if as_json:
        json_document({"path": str(directory), "pid": pid})
    else:
        look = command_line("tttui", directory)
        result(f"{directory} runs in the background (pid {pid}); see it with: {look}")
    return 0


def read_session(path: Path) -> SessionData:
    """Read the files of one session. Raises RefusedInput if there is none."""
    places = find_sessions([path])
    if not places:
        raise RefusedInput(f"{path} exists, but it holds no session; choose another --root")
    return SessionReader(places[0]).refresh()


def outcome(data: SessionData) -> dict[str, Any]:
    """The outcome of a run for `--json`."""
    judged = verdict(data)
    return {
        "path": str(data.place.path),
        "session_id": data.meta.session_id,
        "state": data.status.state if data.status else None,
        "steps": data.steps_done,
        "verdict": judged.sentence,
        "metrics": dict(data.metrics),
        "transactions": data.transactions.counts(),
    }

"""Running a session from the command line: signals, progress, the verdict at the end."""

import signal
from pathlib import Path
from typing import Any

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.cli.output import json_document, result, say
from tttui.cli.progress import pretraining_bar, run_bar
from tttui.cli.signals import stop_requests
from tttui.engine.background import continue_in_background
from tttui.engine.base import Base, chosen_base, find_base, train_base
from tttui.engine.drive import drive
from tttui.engine.session import SessionRun
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import SessionData
from tttui.model.settings import Settings
from tttui.model.verdict import verdict


def obtain_base(root: Path, settings: Settings, chosen: Path | None, *, quiet: bool) -> Base:
    """The base to start from: the one named, else a fitting one, else one trained now."""
    if chosen is not None:
        return chosen_base(chosen, settings)
    base = find_base(root, settings)
    if base is not None:
        return base
    steps = settings.pretraining.pretrain_steps
    if not quiet:
        say(f"no base fits these settings; pretraining one for {steps} steps (kept for next time)")
    with pretraining_bar(steps, quiet=quiet) as progress:
        return train_base(root, settings, progress)


def execute(
    run: SessionRun,
    until: int,
    *,
    speed_limit: float | None,
    paused: bool = False,
    quiet: bool,
    as_json: bool,
) -> int:
    """Drive the run to step `until`, save it, print its verdict; returns the exit code."""
    label = run.path.name
    with stop_requests() as stop:
        try:
            with run_bar(label, run.t, until, quiet=quiet) as progress:
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
        was_paused = run.frame().state == "paused"
        run.close("completed" if done else "interrupted")
    if not done and stop.signal == signal.SIGHUP:
        # The terminal is gone: what was asked for still gets done, without one.
        continue_in_background(run.path, max_rate=run.speed_limit, paused=was_paused)
        return 130
    data = read_session(run.path)
    if as_json:
        json_document(outcome(data))
    else:
        result(f"{run.path}: {verdict(data).sentence}")
    if not done:
        say(f"stopped at step {run.t} of {until}; continue with: tttui resume {run.path}")
        return 130
    return 0


def read_session(path: Path) -> SessionData:
    """All that the files of one session say. Raises RefusedInput where there is none."""
    places = find_sessions([path])
    if not places:
        raise RefusedInput(f"{path} exists, but it holds no session; choose another --root")
    return SessionReader(places[0]).refresh()


def outcome(data: SessionData) -> dict[str, Any]:
    """What a run came to, for `--json`."""
    judged = verdict(data)
    return {
        "path": str(data.place.path),
        "session_id": data.meta.session_id,
        "state": data.status.state if data.status else None,
        "steps": len(data.steps),
        "verdict": judged.sentence,
        "metrics": dict(data.metrics),
        "transactions": data.transactions.counts(),
    }

"""`tttui demo`: a real example session."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tttui.cli.options import json_option, root_option
from tttui.model.errors import RefusedInput

if TYPE_CHECKING:
    from tttui.runs.owned import OwnedRun

NAME = "demo"

TEXT_NAME = "demo-text"

TEXT_STEPS = 1000
"""Of 64 bytes each."""

SEED = 11
"""Fixes the hidden friction, the actions and the noise of the example."""

STEPS = 1600

NOISE_STD = 0.01

WATCHING_RATE = 80.0
"""Steps a second, slow enough to watch the model learn and fast enough not to wait for it."""


@click.command("demo")
@root_option
@click.option("--task", type=click.Choice(("pointmass", "text")), default="pointmass")
@click.option("--headless", is_flag=True, help="only make the session, at full speed")
@json_option
@click.option("--ascii/--no-ascii", default=None, help="no braille and block glyphs")
@click.option("--theme", help="colour theme")
def command(
    root: Path,
    task: str,
    headless: bool,
    as_json: bool,
    ascii: bool | None,
    theme: str | None,
) -> int:
    """Make a real session under the root and open it in the app while it learns.

    A demo that was made before is opened again; one that was stopped goes on. That of the task
    text reads a module of Python itself.
    """
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise RefusedInput("the demo is watched in a terminal; --headless makes it without one")

    from tttui.cli.running import execute
    from tttui.runs.background import continue_in_background

    is_text = task == "text"
    directory = root / (TEXT_NAME if is_text else NAME)
    live, steps = _progress(directory) if directory.exists() else (False, 0)
    run: OwnedRun | None = None
    if not live:
        run = _text(directory, steps) if is_text else _point_mass(root, directory, steps)
    if headless:
        if run is None:
            return _report(directory, as_json)
        return execute(run, run.steps_total, speed_limit=None, quiet=False, as_json=as_json)
    if run is not None:
        run.close("queued")
        continue_in_background(directory, max_rate=None if is_text else WATCHING_RATE)

    from tttui.app import open_app
    from tttui.model.start import StartView

    follow = live or run is not None
    start = StartView(smooth=True, follow=follow)
    return open_app([directory], start=start, ascii=ascii, theme=theme)


def _point_mass(root: Path, directory: Path, steps: int) -> "OwnedRun | None":
    """The session to run, or to go on with; None where it is complete."""
    from tttui.model.settings import Settings
    from tttui.runs.base import find_base, train_base
    from tttui.runs.resume import resume
    from tttui.runs.session import SessionRun

    if directory.exists():
        return resume(directory)[0] if steps < STEPS else None
    settings = Settings().updated({"seed": SEED, "steps": STEPS, "noise_std": NOISE_STD})
    settings = settings.validate()
    base = find_base(root, settings) or train_base(root, settings)
    return SessionRun.create(directory, settings, base)


def _text(directory: Path, steps: int) -> "OwnedRun | None":
    """As `_point_mass`."""
    from tttui.engine.threads import let_threads_sleep

    let_threads_sleep()
    from tttui.runs.taskbuild import build_task_session
    from tttui.runs.taskresume import resume_task
    from tttui.runs.taskrun import TaskRun
    from tttui.runs.tasksettings import TaskSettings
    from tttui.tasks.text.task import TextTask

    if directory.exists():
        return resume_task(directory)[0] if steps < TEXT_STEPS else None
    values = {"file": argparse.__file__, "steps": TEXT_STEPS}
    build_task_session(directory, TaskSettings.chosen(TextTask, values))
    return TaskRun.open(directory)


def _progress(directory: Path) -> tuple[bool, int]:
    """Whether somebody runs it now, and the steps that were run."""
    from tttui.cli.running import read_session

    data = read_session(directory)
    state = data.status.state if data.status else None
    return state in ("running", "paused"), len(data.steps)


def _report(directory: Path, as_json: bool) -> int:
    from tttui.cli.output import json_document, result
    from tttui.cli.running import outcome, read_session
    from tttui.model.verdict import verdict

    data = read_session(directory)
    if as_json:
        json_document(outcome(data))
    else:
        result(f"{directory}: {verdict(data).sentence}")
    return 0

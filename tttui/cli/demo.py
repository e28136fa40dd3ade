"""`tttui demo`: a real example session."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tttui.cli.options import RunningOptions, json_option, root_option
from tttui.model.errors import RefusedInput
from tttui.model.session import Place

if TYPE_CHECKING:
    from tttui.runs.runner import ReadyRun

NAME = "demo"

TASKS = ("pointmass", "text")
"""Those that have a demo."""


@click.command("demo")
@root_option
@click.option("--task", type=click.Choice(TASKS), default=TASKS[0])
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

    from tttui.cli.running import carry_on
    from tttui.engine.threads import let_threads_sleep
    from tttui.runs.background import continue_in_background
    from tttui.runs.runner import named_runner

    let_threads_sleep()
    runner = named_runner(task)
    made, rate = runner.task.demo, runner.task.demo_rate
    name = NAME if task == TASKS[0] else f"{NAME}-{task}"
    directory = root / name
    live, steps = _progress(directory) if directory.exists() else (False, 0)
    ready: ReadyRun | None = None
    if not directory.exists():
        ready = runner.new(root, {**made, "name": name}, detached=not headless)
    elif not live and steps < made["steps"]:
        ready = runner.resume(Place(directory, "native"), root, changes={})
    if headless and ready is None:
        return _report(directory, as_json)
    if ready is not None and headless:
        return carry_on(ready, runner.words, RunningOptions(as_json=as_json))
    if ready is not None:
        if ready.run is not None:
            ready.run.close("queued")
        continue_in_background(directory, max_rate=rate)

    from tttui.cli.open import started

    store = started([directory])
    from tttui.app import open_app
    from tttui.model.start import StartView

    follow = live or ready is not None
    start = StartView(smooth=True, follow=follow)
    return open_app(store, start=start, ascii=ascii, theme=theme)


def _progress(directory: Path) -> tuple[bool, int]:
    """Whether a process runs the session, and its number of steps."""
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

"""`tttui demo`: a real example session."""

import sys
from pathlib import Path

import click

from tttui.cli.options import json_option, root_option
from tttui.model.errors import RefusedInput

NAME = "demo"

SEED = 11
"""Fixes the hidden friction, the actions and the noise of the example."""

STEPS = 1600

NOISE_STD = 0.01

WATCHING_RATE = 80.0
"""Steps a second, slow enough to watch the model learn and fast enough not to wait for it."""


@click.command("demo")
@root_option
@click.option("--headless", is_flag=True, help="only make the session, at full speed")
@json_option
@click.option("--ascii/--no-ascii", default=None, help="no braille and block glyphs")
@click.option("--theme", help="colour theme")
def command(
    root: Path, headless: bool, as_json: bool, ascii: bool | None, theme: str | None
) -> int:
    """Make a real session under the root and open it in the app while it learns.

    A demo that was made before is opened again; one that was stopped goes on.
    """
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise RefusedInput("the demo is watched in a terminal; --headless makes it without one")

    from tttui.cli.running import execute
    from tttui.engine.background import continue_in_background
    from tttui.engine.base import find_base, train_base
    from tttui.engine.resume import resume
    from tttui.engine.session import SessionRun
    from tttui.model.settings import Settings

    directory = root / NAME
    live = False
    if directory.exists():
        state, steps = _progress(directory)
        live = state in ("running", "paused")
        run = resume(directory)[0] if steps < STEPS and not live else None
    else:
        settings = Settings().updated({"seed": SEED, "steps": STEPS, "noise_std": NOISE_STD})
        settings = settings.validate()
        base = find_base(root, settings) or train_base(root, settings)
        run = SessionRun.create(directory, settings, base)
    if headless:
        if run is None:
            return _report(directory, as_json)
        return execute(run, STEPS, speed_limit=None, quiet=False, as_json=as_json)
    if run is not None:
        run.close("queued")
        continue_in_background(directory, max_rate=WATCHING_RATE)

    from tttui.app import open_app
    from tttui.model.start import StartView

    follow = live or run is not None
    start = StartView(smooth=True, follow=follow)
    return open_app([directory], start=start, ascii=ascii, theme=theme)


def _progress(directory: Path) -> tuple[str | None, int]:
    from tttui.cli.running import read_session

    data = read_session(directory)
    return data.status.state if data.status else None, len(data.steps)


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

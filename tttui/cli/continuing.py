"""`tttui continue RUN`."""

from pathlib import Path

import click

from tttui.cli.asking import PATIENCE_S, ask_and_wait
from tttui.cli.options import root_option


@click.command("continue")
@click.argument("run")
@root_option
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=PATIENCE_S,
    help=f"seconds to wait for the answer  [default {PATIENCE_S:g}]",
)
def command(run: str, root: Path, wait_s: float) -> None:
    """Ask the owner of RUN, which is paused, to go on."""
    ask_and_wait(root, run, [("continue", None)], until="running", wait_s=wait_s)

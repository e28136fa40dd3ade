"""`tttui stop RUN`, `pause` and `continue`: requests to the owner of a run."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tttui.cli.asking import PATIENCE_S, ask_and_wait
from tttui.cli.options import root_option

if TYPE_CHECKING:
    from tttui.model.status import State
    from tttui.runs.control import Verb


def _request(verb: "Verb", until: "State", help: str) -> click.Command:
    """Make a command that sends a request and waits until the run is in a state."""

    def ask(run: str, root: Path, wait_s: float) -> None:
        ask_and_wait(root, run, [(verb, None)], until=until, wait_s=wait_s)

    made: Callable[..., None] = ask
    for decorate in (
        click.option(
            "--wait",
            "wait_s",
            type=click.FloatRange(min=0),
            default=PATIENCE_S,
            help=f"seconds to wait for the answer  [default {PATIENCE_S:g}]",
        ),
        root_option,
        click.argument("run"),
    ):
        made = decorate(made)
    return click.command(verb, help=help)(made)


stop = _request(
    "stop", "interrupted", "Ask the owner of RUN to save it and end; `tttui resume` continues it."
)
pause = _request("pause", "paused", "Ask the owner of RUN to pause it.")
go_on = _request("continue", "running", "Ask the owner of RUN, which is paused, to go on.")

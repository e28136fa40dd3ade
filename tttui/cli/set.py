"""`tttui set RUN`: change a run while it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.asking import PATIENCE_S, ask_and_wait
from tttui.cli.options import SectionedCommand, group_options, root_option, typed_values
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import LIVE_SETTINGS, Plasticity, World
from tttui.model.setting import Group, options

if TYPE_CHECKING:
    from tttui.runs.control import Verb

FIXED = [
    one.name
    for group in (World, Plasticity)
    for one in options(group)
    if one.name not in (*LIVE_SETTINGS, "mu")
]
"""Options that cannot change in a session that has begun."""


@click.command("set", cls=SectionedCommand)
@click.argument("run")
@root_option
@click.option(
    "--speed-limit", type=click.FloatRange(min=0), help="steps a second; 0 is as fast as it goes"
)
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=PATIENCE_S,
    help=f"seconds to wait for the answer  [default {PATIENCE_S:g}]",
)
@group_options([Group.of("World", World), Group.of("Update transaction", Plasticity)], skip=FIXED)
def command(run: str, root: Path, speed_limit: float | None, wait_s: float, **values: Any) -> None:
    """Ask the owner of RUN to change it from its present step on.

    The change is recorded with its step, so that `tttui verify` replays it.
    """
    changes = typed_values(values)
    requests: list[tuple[Verb, Any]] = []
    if speed_limit is not None:
        requests.append(("speed", speed_limit or None))
    if "mu" in changes:
        requests.append(("mu", changes.pop("mu")))
    if changes:
        requests.append(("set", changes))
    if not requests:
        raise RefusedInput("say what to change, for example --mu 0.3 or --lr 0.01")
    ask_and_wait(root, run, requests, wait_s=wait_s)

"""`tttui [PATH ...]`: the app."""

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.keys.command import PANES, TABS, tab_of

POLL_S = 1.0
"""Time between looks at the files where they cannot be watched, in seconds."""


if TYPE_CHECKING:
    from tttui.lab.commandplan import ShellCommands
    from tttui.store import Store


class StepRangeType(click.ParamType[tuple[int, int]]):
    """`200:400`, the visible range of steps."""

    name = "T0:T1"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        start, _, stop = str(value).partition(":")
        try:
            window = int(start), int(stop)
        except ValueError:
            self.fail(f"{value!r} is not T0:T1, for example 200:400", param, ctx)
        if not 0 <= window[0] < window[1]:
            self.fail(f"{value!r}: the window must start at 0 or later and end after its start")
        return window


class StatusType(click.ParamType[str]):
    """`grad_norm`, a status of transactions."""

    name = "STATUS"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        from tttui.model.transactions import STATUSES

        named = str(value)
        whole = f"rollback_{named}" if f"rollback_{named}" in STATUSES else named
        if whole not in STATUSES and not whole.startswith("rollback_"):
            known = ", ".join(status.removeprefix("rollback_") for status in STATUSES)
            self.fail(f"{named!r} is unknown; choose from {known}", param, ctx)
        return whole


def started(paths: Sequence[Path], poll: float | None = None) -> "Store":
    """A started store, which reads while the screens are imported."""
    from tttui.store import Store

    store = Store(paths, poll=poll, waits=True)
    store.start()
    return store


def shell_commands() -> "ShellCommands":
    """The shell commands for the forms of the lab, imported when the lab is first opened."""
    from tttui.cli.main import all_commands, definition
    from tttui.lab.commandplan import ShellCommands

    return ShellCommands(definition, all_commands)


@click.command("open", hidden=True)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--tab", type=click.Choice(PANES), metavar="TAB", help=f"one of {', '.join(TABS)}")
@click.option("--t", type=click.IntRange(min=0), help="step of the cursor")
@click.option("--window", type=StepRangeType(), help="visible range of steps")
@click.option(
    "--log/--linear",
    default=None,
    help="scale of the errors; by itself logarithmic where they spread far",
)
@click.option("--smooth", is_flag=True, help="an exponential average over the raw curves")
@click.option("--view", help="what the tab shows (key v): start, predictions ...")
@click.option("--region", help="region of the tab that the keys act in (key w)")
@click.option("--query", default="", help="only rows of the tab's table that pass (key /)")
@click.option("--sort", metavar="COLUMN[:desc]", help="order of the tab's table (key >)")
@click.option(
    "--status", "statuses", type=StatusType(), multiple=True, help="only these transactions (key x)"
)
@click.option("--transaction", type=click.IntRange(min=1), help="select the n-th transaction")
@click.option("--inspect", is_flag=True, help="open the panel of the transaction")
@click.option("--yardsticks", is_flag=True, help="yardsticks in the error chart (key r)")
@click.option("--byte", type=click.IntRange(0), help="byte of the document (tab text)")
@click.option("--ghost", type=click.FloatRange(0, 1), help="friction of the ghost (keys { and })")
@click.option(
    "--lab",
    metavar="[VIEW]",
    is_flag=False,
    flag_value="dashboard",
    help="open the lab (key b): dashboard, jobs, training ...",
)
@click.option("--item", metavar="NAME", help="what is selected in the lab: a job, a version ...")
@click.option("--follow", is_flag=True, help="keep the cursor at the live end")
@click.option("--poll", is_flag=True, help="poll files instead of watching (network filesystems)")
@click.option("--ascii/--no-ascii", default=None, help="no braille and block glyphs")
@click.option("--mouse/--no-mouse", default=None, help="react to the mouse")
@click.option("--theme", help="colour theme")
def command(
    paths: tuple[Path, ...],
    poll: bool,
    ascii: bool | None,
    mouse: bool | None,
    theme: str | None,
    statuses: tuple[str, ...],
    tab: str | None,
    **view: Any,
) -> int:
    """Open the app on the sessions found below PATH (default ./runs)."""
    from tttui.cli.places import existing

    places = [existing(path) for path in paths] or [Path("runs")]
    gc.disable()  # imports leave no garbage, but look for it; the app switches it on again
    store = started(places, poll=POLL_S if poll else None)
    from tttui.app import open_app
    from tttui.model.start import StartView

    return open_app(
        store,
        start=StartView(
            statuses=statuses or None, **view, tab=None if tab is None else tab_of(tab)
        ),
        ascii=ascii,
        mouse=mouse,
        theme=theme,
        shell=shell_commands,
    )

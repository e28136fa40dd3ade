"""`tttui [PATH ...]`: the app."""

import gc
from pathlib import Path

import click

TABS = ("overview", "weights", "transactions", "physics", "architecture", "sessions")


class Window(click.ParamType[tuple[int, int]]):
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


@click.command("open", hidden=True)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--tab", type=click.Choice(TABS), help="tab to open on")
@click.option("--t", type=click.IntRange(min=0), help="step of the cursor")
@click.option("--window", type=Window(), help="visible range of steps")
@click.option(
    "--log/--linear",
    default=None,
    help="scale of the errors; by itself logarithmic where they spread far",
)
@click.option("--smooth", is_flag=True, help="an exponential average over the raw curves")
@click.option("--poll", is_flag=True, help="poll files instead of watching (network filesystems)")
@click.option("--ascii/--no-ascii", default=None, help="no braille and block glyphs")
@click.option("--mouse/--no-mouse", default=None, help="react to the mouse")
@click.option("--theme", help="colour theme")
@click.option("--follow", is_flag=True, help="keep the cursor at the live end")
def command(
    paths: tuple[Path, ...],
    tab: str | None,
    t: int | None,
    window: tuple[int, int] | None,
    log: bool | None,
    smooth: bool,
    poll: bool,
    ascii: bool | None,
    mouse: bool | None,
    theme: str | None,
    follow: bool,
) -> int:
    """Open the app on the sessions found below PATH (default ./runs)."""
    from tttui.cli.places import existing

    found = [existing(path) for path in paths] or [Path("runs")]
    gc.disable()  # imports leave no garbage, but look for it; the app switches it on again
    from tttui.app import open_app

    return open_app(
        found,
        tab=tab,
        t=t,
        window=window,
        log=log,
        smooth=smooth,
        poll=poll,
        ascii=ascii,
        mouse=mouse,
        theme=theme,
        follow=follow,
    )

"""Plots of second rank: drawn once, on a logarithmic axis where asked for, and imported late."""

import subprocess
import sys

from textual.app import App, ComposeResult

from tests.toolkit import screen_strips
from tttui.draw.glyphs import GLYPHS
from tttui.draw.look import Look
from tttui.draw.palette import DARK
from tttui.widgets.plotext import PlotextView, SmallCurve, SmallPlot


class Shown(App[None]):
    """A screen with one plot."""

    def compose(self) -> ComposeResult:
        yield PlotextView()

    @property
    def view(self) -> PlotextView:
        return self.query_one(PlotextView)

    def text(self) -> list[str]:
        return ["".join(s.text for s in line).rstrip() for line in screen_strips(self)]


def falling() -> SmallPlot:
    """A curve from 1 to 0.001 with a value that has no logarithm."""
    return SmallPlot(
        "latency", {"numpy": SmallCurve([0, 1, 2, 3, 4], [1.0, 0.1, 0.0, 0.01, 0.001])}, log=True
    )


async def test_a_plot_is_built_again_only_for_other_data_sizes_or_colours() -> None:
    async with Shown().run_test(size=(60, 16)) as pilot:
        app = pilot.app
        assert isinstance(app, Shown)
        app.view.show_plot(falling())
        await pilot.pause()
        assert app.view.builds == 1
        app.view.show_plot(falling())
        app.view.refresh()
        await pilot.pause()
        assert app.view.builds == 1, "the same again"
        await pilot.resize_terminal(50, 16)
        await pilot.pause()
        assert app.view.builds == 2, "another size"
        app.view.show_plot(SmallPlot("bars", bars={"a": 1.0, "b": 2.0}))
        await pilot.pause()
        assert app.view.builds == 3, "other data"


async def test_a_logarithmic_axis_names_the_values_and_leaves_out_what_has_no_logarithm() -> None:
    async with Shown().run_test(size=(60, 16)) as pilot:
        app = pilot.app
        assert isinstance(app, Shown)
        app.view.show_plot(falling())
        await pilot.pause()
        labels = [line.split("┤")[0].strip() for line in app.text() if "┤" in line]
        assert labels[0] == "1"
        assert labels[-1] == "1e-3"


async def test_an_empty_plot_says_why() -> None:
    async with Shown().run_test(size=(60, 16)) as pilot:
        app = pilot.app
        assert isinstance(app, Shown)
        app.view.show_plot(SmallPlot("trend", bars={"a": float("nan")}, message="never tested"))
        await pilot.pause()
        assert app.text()[2].strip() == "never tested"
        assert app.view.builds == 0


async def test_plain_terminals_get_no_blocks_nor_braille() -> None:
    async with Shown().run_test(size=(60, 16)) as pilot:
        app = pilot.app
        assert isinstance(app, Shown)
        app.view.set_look(Look(DARK, GLYPHS["ascii"]))
        app.view.show_plot(falling())
        await pilot.pause()
        drawn = set("".join(app.text()))
        assert "*" in drawn
        assert not any("\u2800" <= character <= "\u28ff" for character in drawn)


def test_plotext_is_imported_when_the_first_plot_is_drawn() -> None:
    code = "import sys, tttui.widgets.plotext; print([m for m in sys.modules if 'plotext.' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['tttui.widgets.plotext']" or done.stdout.strip() == "[]"

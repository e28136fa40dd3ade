"""The Sessions tab: marked sessions beside each other, their curves, differences and transfer."""

from pathlib import Path

from tests.app.conftest import Driver, OpenApp
from tests.app.stillness import laid_out
from tests.app.test_sessions import ON_TAB, go_to, ready, root
from tests.recorded import make_recorded
from tests.rundirs import make_run
from tttui.draw import legend
from tttui.panes.sessions.compared import MetricBars, SettingsTable, TransferMap
from tttui.panes.sessions.pane import SessionsPane
from tttui.widgets.chart import Chart
from tttui.widgets.table import Table

__all__ = ["root"]


async def mark(driver: Driver, *wanted: str) -> None:
    for name in wanted:
        await go_to(driver, name)
        await driver.press("space")
    await driver.until(
        lambda: (
            (result := driver.state.snapshot.comparison) is not None
            and len(result.sessions) == len(wanted)
            and not any(data.loading for data in result.sessions)
        ),
        "the comparison",
    )
    await driver.pilot.pause()


async def test_a_comparison_is_all_there_at_once(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(120, 40)) as driver:
        await ready(driver)
        await mark(driver, "demo", "other")
        shown = [driver.pane.query_one(kind) for kind in (Table, Chart, MetricBars, SettingsTable)]
        assert all(widget.size.height >= 6 for widget in shown)
        assert "2 marked   w: preview, commands and files   t: transfer matrix" in driver.text()


async def test_a_small_screen_says_what_the_next_page_holds(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(80, 20)) as driver:
        await ready(driver)
        await mark(driver, "demo", "other")
        assert "w: curves, bars and differences, preview" in driver.text()
        await driver.press("w")
        assert "w: bars and differences, preview, commands and files" in driver.text()


async def test_space_marks_here_and_plays_elsewhere(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver)
        await driver.press("space")
        assert "1 marked" in driver.text()
        assert not driver.timeline.playing
        await driver.press("1", "space")
        assert driver.timeline.playing


async def test_marked_sessions_are_laid_over_each_other(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        await mark(driver, "demo", "demo-fork", "other")
        chart = driver.pane.query_one(Chart)
        traces = [trace.name for trace in chart.shown.traces]
        assert traces == [
            "frozen 1",
            "frozen 2",
            "frozen 3",
            "1 demo",
            "2 demo-fork",
            "3 other",
        ]
        assert chart.timeline.t1 == 299
        assert "Different model signatures" in driver.text()
        assert "Different trajectories: demo-fork and other" in driver.text()


async def test_only_settings_that_differ_are_tabled(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        await mark(driver, "demo", "other")
        answer = driver.pane.query_one(SettingsTable)._comparison
        assert answer is not None
        settings = {d.name: d.values for d in answer.differences}
        assert settings["chunk"] == ("32", "16")
        assert settings["mu"] == ("0.05", "0.2")
        assert "lr" not in settings


async def test_the_transfer_matrix_is_computed_on_demand(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        await mark(driver, "demo", "other")
        assert "t: transfer matrix" in driver.text()
        await driver.press("t")
        await driver.until(
            lambda: (
                (result := driver.state.snapshot.comparison) is not None
                and result.transfer is not None
            ),
            "the matrix",
        )
        await driver.pilot.pause()
        assert "in the world of" in driver.text()
        assert "The diagonal wins in" in driver.text()


async def test_the_cursor_reads_where_a_shorter_session_ended(
    tmp_path: Path, open_app: OpenApp
) -> None:
    root = tmp_path / "runs"
    make_run(root / "never-updated-session", steps=20, seed=2)
    make_run(root / "long", steps=300)
    async with open_app(root, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver, 2)
        await mark(driver, "long", "never-updated-session")
        await driver.press("end")
        text = driver.text()
        assert "ended at t 19" in text
        assert "Different lengths, 20 to 300 steps" in text
        for name in ("1 long", "2 nev"):
            assert name in text
        await driver.press("s")
        assert "ended at t 19" in driver.text()


async def test_compared_curves_carry_names_at_every_width(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver)
        await mark(driver, "demo", "demo-fork", "again", "other")
        for size in ((80, 24), (120, 40), (160, 45), (200, 50)):
            await driver.pilot.resize_terminal(*size)
            await driver.until(lambda: laid_out(driver), "the layout")
            pane = driver.pane
            assert isinstance(pane, SessionsPane)
            while "curves" not in pane.regions:
                await driver.press("w")
            chart = driver.pane.query_one("#curves Chart", Chart)
            rows = range(legend.arrange(chart.shown, *chart.content_size).rows)
            parts = [text for row in rows for text, _, _ in chart.legend(row)]
            told = "".join(
                parts or [text for text, _, _ in chart.reading(chart.content_size.width)]
            )
            for name in ("1 demo", "2 de", "3 again", "4 other"):
                assert name in told


async def test_one_marked_session_is_not_enough_and_says_so(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        await driver.press("space", "w", "w")
        pane = driver.pane
        assert isinstance(pane, SessionsPane)
        assert pane.acting == "table"
        await driver.press("t")
        assert "Mark two or more sessions with space" in driver.text()
        assert driver.pane.query_one(TransferMap)._comparison is None


async def test_sessions_of_other_tasks_are_compared_by_what_they_gain(
    tmp_path: Path, open_app: OpenApp
) -> None:
    root = tmp_path / "runs"
    make_run(root / "mass", steps=200)
    make_recorded(root / "nats")
    make_recorded(root / "share", loss="accuracy")
    async with open_app(root, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver, 3)
        await mark(driver, "mass", "nats", "share")
        assert "Different tasks: pointmass for mass, recorded for nats" in driver.text()
        assert "Different losses: MSE for mass, cross-entropy (nats) for nats" in driver.text()
        plot = driver.pane.query_one("ComparedCurves Chart", Chart).shown
        assert plot.title == "loss / mean frozen loss"
        assert "3 share (higher is better)" in [trace.name for trace in plot.traces]
        comparison = driver.state.snapshot.comparison
        assert comparison is not None
        assert [metric.name for metric in comparison.metrics if metric.best is not None] == []
        assert "t: transfer matrix" not in driver.text()
        await driver.press("t")
        assert "Transfer takes two sessions of the point mass" in driver.text()
        assert comparison.transfer is None


async def test_escape_takes_the_marks_away(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        await mark(driver, "demo", "other")
        await driver.press("escape")
        await driver.until(lambda: driver.state.snapshot.comparison is None, "no comparison")
        await driver.pilot.pause()
        assert "marked" not in driver.text().splitlines()[2]


async def test_curves_bars_and_differences_stand_below_each_other(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, start=ON_TAB, size=(120, 40)) as driver:
        await ready(driver)
        await mark(driver, "demo", "other")
        lines = driver.text().splitlines()

        def row(text: str) -> int:
            return next(y for y, line in enumerate(lines) if text in line)

        assert (
            row("! Different model signatures") < row("means of 32 steps") < row("1 demo 6.33e-4")
        )
        assert row("0.01") < row("adaptive MSE  lower is better") == row("differs  ")
        assert row("mu    ") > row("differs  ")

"""The Sessions tab: the session under the cursor in brief, the ones beside it, sorting by name."""

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.app.conftest import Driver, OpenApp
from tests.app.test_sessions import go_to, names, ready
from tests.rundirs import make_run
from tttui.model.session import Place
from tttui.model.start import StartView
from tttui.panes.sessions.layout import layout
from tttui.panes.sessions.pane import SessionsPane
from tttui.panes.sessions.preview import SessionPreview
from tttui.widgets.chart import Chart
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Sort
from tttui.widgets.verdict import VerdictLine

ON_TAB = StartView(tab="sessions")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three sessions, one of them damaged."""
    root = tmp_path / "runs"
    make_run(root / "demo", seed=0, mu=0.05, steps=200)
    make_run(root / "other", seed=2, mu=0.2, steps=300, chunk=16)
    make_run(root / "torn", seed=3, mu=0.1, steps=100, damage=["truncated_weights"])
    return root


def sessions(driver: Driver) -> SessionsPane:
    pane = driver.pane
    assert isinstance(pane, SessionsPane)
    return pane


def preview(driver: Driver) -> str:
    """The text of the preview."""
    region = driver.pane.query_one(SessionPreview).region
    lines = driver.text().splitlines()[region.y : region.bottom]
    return "\n".join(line[region.x : region.right] for line in lines)


async def test_the_session_under_the_cursor_is_shown_in_brief(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root / "demo", root, start=ON_TAB) as driver:
        await ready(driver, 3)
        await go_to(driver, "other")
        await driver.settled()
        assert driver.data.place.name == "demo"
        plot = driver.pane.query_one("SessionPreview Chart", Chart).shown
        assert plot.robust
        assert {(trace.name, trace.chunk) for trace in plot.traces} == {
            ("frozen", 16),
            ("adaptive", 16),
        }
        told = preview(driver)
        assert "other  ✓ completed" in told
        assert "better than frozen over the last 100 steps" in told
        assert "288 ● Committed" in told


async def test_the_open_session_is_shown_as_it_is_looked_at(root: Path, open_app: OpenApp) -> None:
    start = StartView(tab="sessions", t=40, window=(20, 80))
    async with open_app(root / "demo", start=start) as driver:
        await ready(driver, 3)
        chart = driver.pane.query_one("SessionPreview Chart", Chart)
        assert (chart.timeline.t0, chart.timeline.t1, chart.timeline.cursor) == (20, 80, 40)


async def test_a_moving_cursor_has_nothing_read_until_it_rests(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(12):
        make_run(tmp_path / f"run-{i:02}", seed=i, steps=40)
    monkeypatch.setattr("tttui.panes.sessions.pane.REST_S", 3600)
    wanted: list[Place] = []
    async with open_app(tmp_path / "run-00", tmp_path, start=ON_TAB) as driver:
        await ready(driver, 12)
        monkeypatch.setattr(driver.main.store, "preview", wanted.append)
        await driver.press(*["down"] * 9)
        assert wanted == []
        assert "reading ..." in preview(driver)
        sessions(driver)._rest()
        await driver.pilot.pause()
        assert [place.name for place in wanted] == ["run-09"]


@pytest.mark.parametrize("ascii", [False, True])
async def test_a_damaged_session_has_a_mark_and_says_why(
    root: Path, open_app: OpenApp, ascii: bool
) -> None:
    async with open_app(root / "demo", root, start=ON_TAB, ascii=ascii) as driver:
        await ready(driver, 3)
        await go_to(driver, "torn")
        await driver.settled()
        rows = [line for line in driver.text().splitlines() if "completed" in line]
        marked = [line.split()[line.split().index("!") + 1] for line in rows if " ! " in line]
        assert marked == ["torn"]
        await driver.until(lambda: "plastic_state.pt" in preview(driver), "the reason")


async def test_damage_that_only_reading_shows_is_marked_once_it_is_known(
    tmp_path: Path, open_app: OpenApp
) -> None:
    make_run(tmp_path / "torn", steps=100, damage=["short_line"])
    async with open_app(tmp_path, start=ON_TAB) as driver:
        await driver.until(lambda: "! torn " in driver.text(), "the mark")
        assert "per_step.csv" in preview(driver)


async def test_without_damage_there_is_no_column_for_it(tmp_path: Path, open_app: OpenApp) -> None:
    make_run(tmp_path / "demo", steps=40)
    async with open_app(tmp_path, start=ON_TAB) as driver:
        await ready(driver, 1)
        assert "damaged" not in [column.key for column in sessions(driver).columns()]


async def test_sessions_beside_a_single_one_are_listed_and_opened(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root / "demo", start=ON_TAB) as driver:
        await ready(driver, 3)
        assert names(driver)[sessions(driver).query_one(Table).selected or 0] == "demo"
        await go_to(driver, "other")
        await driver.press("enter")
        await driver.until(
            lambda: (data := driver.state.snapshot.data) is not None and data.place.name == "other",
            "the other session",
        )
        assert sorted(names(driver)) == ["demo", "other", "torn"]


async def test_the_cursor_goes_to_a_run_that_was_started(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver, 3)
        place = make_run(root / "new", seed=5, steps=64)
        driver.main.run._starting += 1
        driver.main.run.begun(place.path, "new runs.")
        await ready(driver, 4)
        under = sessions(driver).under_cursor()
        assert under is not None
        assert under.name == "new"
        assert "new runs. 1 shows it." in driver.text()


async def test_a_column_is_found_by_its_name(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver, 3)
        await driver.press("B", "m")
        assert "tab completes   mode, mu, mu_error" in driver.text()
        await driver.press("u", "enter")
        table = driver.pane.query_one(Table)
        assert table.sort == Sort("mu", descending=True)
        assert "▼mu" in driver.text().replace(" ", "")
        assert names(driver) == ["other", "torn", "demo"]
        assert driver.app.screen.query_one(Input).value == ""


async def test_the_name_of_a_column_is_completed(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver, 3)
        await driver.press("B", *"imp", "tab")
        assert driver.app.screen.query_one(Input).value == "sort:improvement"
        await driver.press("enter")
        assert driver.pane.query_one(Table).sort.key == "gain"


async def test_a_query_may_sort_as_well(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver, 3)
        await driver.query("mu>0.07 sort:steps:asc")
        await driver.press("enter")
        assert names(driver) == ["torn", "other"]
        assert driver.app.screen.query_one(Input).value == "mu>0.07"
        await driver.press("B", *"tree", "enter")
        assert driver.pane.query_one(Table).sort.key is None


async def test_a_column_that_is_not_there_is_refused_with_those_that_are(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver, 3)
        await driver.press("B", *"sped")
        assert "! sort:sped: no column is called so; there are tree, damaged" in driver.text()


@pytest.mark.parametrize(
    ("size", "sessions", "first", "beside"),
    [
        ((80, 20), 3, ("table", "preview"), False),
        ((80, 20), 40, ("table", "line"), False),
        ((120, 36), 3, ("table", "preview", "detail"), False),
        ((120, 36), 1000, ("table", "preview", "detail"), False),
        ((160, 41), 1000, ("table", "preview", "detail"), False),
        ((200, 46), 1000, ("table", "preview", "detail"), True),
        ((200, 46), 1, ("table", "preview", "detail"), False),
        ((120, 20), 1000, ("table", "preview"), True),
        ((40, 7), 3, ("table",), False),
    ],
)
def test_the_preview_takes_the_room_that_the_table_leaves(
    size: tuple[int, int], sessions: int, first: tuple[str, ...], beside: bool
) -> None:
    result = layout(*size, sessions)
    assert (result.pages[0], result.beside) == (first, beside)


async def test_a_narrow_screen_of_many_sessions_tells_the_verdict(
    tmp_path: Path, open_app: OpenApp
) -> None:
    for i in range(12):
        make_run(tmp_path / f"run-{i:02}", seed=i, steps=100)
    async with open_app(tmp_path / "run-00", tmp_path, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver, 12)
        line = driver.pane.query_one("#line", VerdictLine).region
        said = driver.text().splitlines()[line.y]
        assert "better than frozen" in said or "No clear difference" in said
        assert "w: preview, commands and files" in driver.text()
        await driver.press("w")
        await driver.settled()
        assert preview(driver).count("●") >= 2

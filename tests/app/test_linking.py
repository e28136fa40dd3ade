"""What all views share: the step under the mouse, the changes of the run, the selection."""

import json
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import make_run
from tttui.model.start import StartView
from tttui.widgets.path import PathView
from tttui.widgets.scrubber import Scrubber
from tttui.widgets.timeview import TimeView

TIMED = ("overview", "weights", "transactions", "physics")
"""Tabs with time axes of the open run."""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "demo").path


def views(driver: Driver) -> list[TimeView]:
    """Everything with a time axis that is on the screen: that of the tab, and the scrubber."""
    return [view for view in driver.main.query(TimeView) if view.display and view.region]


@pytest.mark.parametrize("tab", TIMED)
async def test_the_step_under_the_mouse_is_marked_in_every_view_until_it_leaves(
    run: Path, open_app: OpenApp, tab: str
) -> None:
    async with open_app(run, size=(200, 50), start=StartView(tab=tab, t=10)) as driver:
        await driver.until(lambda: len(views(driver)) > 1, "the tab")
        first = next(view for view in views(driver) if not isinstance(view, Scrubber))
        await driver.pilot.hover(first, offset=(first.left + 20, 1))
        await driver.until(lambda: driver.main.hovered is not None, "the hover")
        t = driver.main.hovered
        assert t is not None
        marked = [*views(driver), *driver.pane.query(PathView)]
        assert {view.hovered for view in marked} == {t}
        for view in views(driver):
            assert str(t) in driver.text() or view.axis().column(t) is not None
        await driver.pilot.hover("TopBar", offset=(0, 0))
        await driver.until(lambda: driver.main.hovered is None, "the mouse to leave")
        assert {view.hovered for view in marked} == {None}


async def test_the_mouse_goes_straight_from_one_view_to_another(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, size=(200, 50), start=StartView(t=10)) as driver:
        chart, graph, *_ = views(driver)
        await driver.pilot.hover(chart, offset=(chart.left + 20, 5))
        await driver.pilot.hover(graph, offset=(graph.left + 20, 1))
        assert driver.main.hovered == graph.axis().step(20)
        await driver.pilot.hover(Scrubber, offset=(graph.left + 30, 0))
        assert driver.main.hovered == driver.main.query_one(Scrubber).axis().step(30)
        assert chart.hovered == graph.hovered == driver.main.hovered


async def test_another_tab_starts_without_a_step_under_the_mouse(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, size=(200, 50), start=StartView(t=10)) as driver:
        chart = views(driver)[0]
        await driver.pilot.hover(chart, offset=(chart.left + 20, 5))
        await driver.press("4")
        assert driver.main.hovered is None
        assert chart.hovered is None


@pytest.mark.parametrize("tab", TIMED)
async def test_a_change_of_the_run_is_drawn_on_every_time_axis(
    run: Path, open_app: OpenApp, tab: str
) -> None:
    change = {"t": 300, "kind": "mu", "value": 0.3}
    (run / "interventions.jsonl").write_text(json.dumps(change) + "\n")
    async with open_app(run, size=(200, 50), start=StartView(tab=tab, t=300)) as driver:
        await driver.until(lambda: len(views(driver)) > 1, "the tab")
        assert all(view.changes.t.tolist() == [300] for view in views(driver))
        assert "◇" in driver.text()
        if tab != "weights":
            assert "mu 0.1234 -> 0.3" in driver.text()


@pytest.mark.parametrize("tab", ["3", "4"])
async def test_a_transaction_selected_on_a_tab_is_selected_on_all(
    run: Path, open_app: OpenApp, tab: str
) -> None:
    async with open_app(run, size=(200, 50), start=StartView(t=0)) as driver:
        await driver.press(tab, "right_square_bracket", "right_square_bracket")
        selected = driver.timeline.selected
        assert selected == 1
        for number, shown in (("1", "#2 of 18"), ("3", "transaction 2 of 18"), ("4", "t 64")):
            await driver.press(number)
            await driver.until(lambda shown=shown: shown in driver.text(), shown)  # type: ignore[misc]
            assert driver.timeline.selected == selected

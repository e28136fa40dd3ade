"""The Transactions tab: queries, filters, sorting, and what is exported of them."""

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.app.conftest import OpenApp
from tests.app.test_transactions import ON_TAB, ready, table, to_region
from tests.rundirs import make_run
from tttui.draw.reading import status_words
from tttui.model.transactions import COMMIT
from tttui.panes.transactions.pane import TransactionsPane
from tttui.panes.transactions.rows import COLUMNS
from tttui.screens.export import ExportDialog
from tttui.widgets.commits import CommitGraph


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "a", steps=1600).path


async def test_a_query_filters_as_it_is_typed(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        await driver.query("t:100-300 status:commit")
        events = driver.data.transactions
        inside = (events.t >= 100) & (events.t <= 300) & (events.status == COMMIT)
        assert len(table(driver).order) == int(inside.sum())
        assert f"{int(inside.sum())} of 49 transactions" in driver.text()


async def test_a_wrong_query_is_explained_in_place_and_changes_nothing(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        await driver.query("t:100-300")
        before = len(table(driver).order)
        await driver.query("t:100-300 foo>1")
        assert "! foo>1: there is no 'foo'" in driver.text()
        assert len(table(driver).order) == before


async def test_escape_clears_the_query(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        await driver.query("t:100-300")
        await driver.press("enter")
        assert not isinstance(driver.app.focused, Input)
        assert "query t:100-300" in driver.text()
        await driver.press("escape")
        assert len(table(driver).order) == 49


async def test_keys_belong_to_the_query_while_it_is_typed(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        await driver.query("")
        await driver.press("t", "colon", "1", "q")
        assert driver.app.screen.query_one(Input).value == "t:1q"
        assert driver.state.tab == "transactions"


async def test_the_sort_keys_choose_column_and_direction(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        events = driver.data.transactions
        await driver.press("greater_than_sign", "greater_than_sign")
        assert table(driver).sort.key == "pre"
        assert table(driver).order[0] == int(events.pre_loss.argmax())
        await driver.press("S")
        assert table(driver).order[0] == int(events.pre_loss.argmin())
        await driver.press("less_than_sign", "less_than_sign")
        assert table(driver).order.tolist() == list(range(49))


async def test_rows_move_in_the_order_they_are_sorted_in(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        await driver.press("greater_than_sign", "greater_than_sign")
        order = table(driver).order.tolist()
        at = order.index(48)
        await driver.press("down")
        assert driver.timeline.selected == order[min(at + 1, 48)]


async def test_every_column_sorts_and_comes_into_sight(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver)
        for column in COLUMNS[1:]:
            await driver.press("greater_than_sign")
            assert table(driver).sort.key == column.key
            assert column in [shown for shown, _ in table(driver).columns()]
        await driver.press("greater_than_sign")
        assert table(driver).sort.key is None


async def test_the_status_filter_applies_to_table_markers_and_stepping(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        events = driver.data.transactions
        await driver.press("x", "x")
        assert driver.state.choices.statuses is not None
        (status,) = driver.state.choices.statuses
        wanted = [i for i in range(49) if events.statuses[events.status[i]] == status]
        assert table(driver).order.tolist() == wanted
        assert f"only {status_words(status)}" in driver.text()
        marks = driver.main._scrubber._marks
        assert marks.shown is not None
        assert int(marks.shown.sum()) == len(wanted)
        await driver.press("home", "right_square_bracket")
        assert driver.timeline.selected == wanted[0]
        await driver.press("right_square_bracket")
        assert driver.timeline.selected == wanted[1]
        await driver.press("left_square_bracket")
        assert driver.timeline.selected == wanted[0]
        await driver.press("1")
        await driver.until(lambda: driver.pane.query(CommitGraph), "the overview")
        graph = driver.pane.query_one(CommitGraph)
        await driver.until(lambda: graph._marks.shown is not None, "the filtered markers")


async def test_enter_on_a_reason_shows_only_those_and_again_all(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        counts = driver.data.transactions.counts()
        await to_region(driver, "reasons")
        await driver.press("down", "enter")
        assert driver.state.choices.statuses is not None
        (status,) = driver.state.choices.statuses
        most = max((n, name) for name, n in counts.items() if name != "commit")[0]
        assert counts[status] == most
        assert len(table(driver).order) == most
        await driver.press("enter")
        assert driver.state.choices.statuses is None


async def test_escape_goes_back_to_the_table_and_then_takes_the_filter_away(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        pane = driver.pane
        assert isinstance(pane, TransactionsPane)
        await to_region(driver, "reasons")
        await driver.press("enter", "escape")
        assert (pane.acting, driver.state.choices.statuses) == ("table", frozenset({"commit"}))
        await driver.press("escape")
        assert driver.state.choices.statuses is None


async def test_exports_hold_what_passes_filter_and_query(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        await driver.query("t:100-800")
        await driver.press("enter", "x", "e")
        shown = table(driver).order
        assert 0 < len(shown) < 23
        dialog = driver.app.screen
        assert isinstance(dialog, ExportDialog)
        await driver.pilot.pause()
        text = driver.text()
        assert f"{len(shown)} of 49 transactions, only commit, query t:100-800" in " ".join(
            text.replace("│", " ").split()
        )


async def test_what_is_explained_passes_the_filter(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        await driver.press("x")
        assert table(driver).selected == table(driver).order[-1]
        assert "● commit" in driver.text().splitlines()[3]

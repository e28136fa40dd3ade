"""The Transactions tab, driven by keys."""

from pathlib import Path

import numpy as np
import pytest

from tests.app.conftest import Driver, OpenApp
from tests.app.stillness import laid_out
from tests.rundirs import make_run
from tttui.model.session import Place, SessionData
from tttui.model.start import StartView
from tttui.model.transactions import COMMIT, NON_FINITE, Transactions
from tttui.panes.transactions.facts import why_none
from tttui.panes.transactions.layout import pages
from tttui.panes.transactions.pane import TransactionsPane
from tttui.plots.gates import gate_plots
from tttui.widgets.change import ChangeMap
from tttui.widgets.chart import Chart
from tttui.widgets.table import Table

ON_TAB = StartView(tab="transactions")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "a", steps=1600).path


async def ready(driver: Driver) -> None:
    """Wait until the table has its rows and its final size."""
    events = driver.data.transactions
    await driver.until(lambda: driver.pane.query(Table), "the table")
    table = driver.pane.query_one(Table)
    await driver.until(lambda: table.selected is not None or not len(events), "the rows")
    await driver.until(lambda: laid_out(driver), "the final layout")


def table(driver: Driver) -> Table:
    return driver.pane.query_one(Table)


async def test_the_newest_attempt_is_shown_with_the_reason(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        assert "transaction 49 of 49" in driver.text()
        assert table(driver).selected == 48


async def test_down_and_up_select_and_move_the_cursor(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        await driver.press("up", "k", "up", "j")
        events = driver.data.transactions
        assert driver.timeline.selected == 46
        assert driver.timeline.cursor == events.t[46]


async def test_a_selection_made_elsewhere_is_selected_here(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("home", "right_square_bracket", "right_square_bracket", "3")
        await driver.until(lambda: driver.pane.query(Table), "the table")
        await driver.pilot.pause()
        assert table(driver).selected == 1
        assert "▶      64" in driver.text()


async def to_region(driver: Driver, name: str) -> None:
    pane = driver.pane
    assert isinstance(pane, TransactionsPane)
    while pane.acting != name:
        await driver.press("w")


async def test_the_region_of_the_keys_is_what_is_exported(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        for region, what in (("reasons", "reasons"), ("gates", "gates"), ("table", "transactions")):
            await to_region(driver, region)
            assert driver.pane.exportable() == what


async def test_every_region_can_be_reached_on_a_small_screen(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver)
        seen = []
        for _ in range(4):
            seen.append(driver.text())
            await driver.press("w")
        assert "pre_loss post_loss" in seen[0]
        assert "Gates, value against threshold" in seen[1]
        assert "transactions over time" in seen[2]
        assert "grad_norm_max 20.0" in seen[3]


async def test_enter_opens_the_detail_where_it_has_no_place_and_escape_closes_it(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver)
        await driver.press("enter")
        assert "transaction 49 of 49" in driver.text()
        await driver.press("escape")
        assert "pre_loss post_loss" in driver.text()


async def test_what_a_commit_changed_is_drawn_from_the_snapshots(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        events = driver.data.transactions
        commit = int((events.status == COMMIT).argmax())
        driver.main.time.select(commit)
        await driver.press("enter")
        assert "what it changed, largest" in driver.text()
        rolled = int((events.status != COMMIT).argmax())
        driver.main.time.select(rolled)
        await driver.pilot.pause()
        shown = [change for change in driver.pane.query(ChangeMap) if change.display]
        assert ["restored bit for bit" in change.message for change in shown] == [True]


async def test_a_run_without_an_events_file_says_so(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "a", steps=200, damage=["no_events"])
    async with open_app(place.path, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        assert "No transactions: update_events.jsonl: the file is not there" in driver.text()
        assert "per_step.csv flags 6 transactions" in why_none(driver.data)
        assert "6 transactions" in driver.text()


async def test_an_unknown_status_is_shown_by_its_name(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "a", steps=200)
    path = place.path / "update_events.jsonl"
    path.write_text(path.read_text().replace('"commit"', '"rollback_moon_phase"', 1))
    async with open_app(place.path, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        assert "? moon phase" in driver.text()


async def test_a_gate_that_stopped_an_attempt_left_no_loss_to_read(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        events = driver.data.transactions
        stopped = events.statuses.index("rollback_grad_norm")
        driver.main.time.select(int((events.status == stopped).argmax()))
        await driver.pilot.pause()
        title = next(line for line in driver.text().splitlines() if "loss log  t" in line)
        assert "post no step" in title
        assert "nan" not in title


async def test_gates_choose_their_axes_until_a_person_does(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        charts = list(driver.pane.query(Chart))
        assert [chart.logarithmic for chart in charts] == [True, True, False]
        chosen = not driver.timeline.log
        await driver.press("l")
        assert [chart.logarithmic for chart in charts] == [chosen] * 3


async def test_a_threshold_that_was_changed_is_drawn_as_it_was(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a", steps=400)
    line = '{"t": 200, "known_at": 200, "kind": "settings", "value": {"grad_norm_max": 0.1}}'
    (place.path / "interventions.jsonl").write_text(line + "\n")
    async with open_app(place.path, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        shown = driver.pane.query_one("#grad", Chart).shown
        assert shown.thresholds == ()
        assert set(shown.traces[0].series.y) == {20.0, 0.1}
        assert "0.1000" in driver.text() or "/ 0.100" in driver.text()


async def test_thresholds_stand_on_the_gates(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        titles = [chart.shown.title for chart in driver.pane.query(Chart)]
        assert titles == ["grad_norm", "loss", "max |h|"]
        assert "grad_norm_max 20.0" in driver.text()
        assert "↑ state_norm_max 1.00e6" in driver.text()


async def test_copying_gives_the_transaction_as_it_stands_in_the_file(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, start=ON_TAB) as driver:
        await ready(driver)
        await driver.press("y")
        assert '"t": 1568' in driver.app.clipboard


async def test_tiny_screens_do_not_break(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=ON_TAB, size=(80, 24)) as driver:
        for size in ((40, 12), (40, 8), (20, 6)):
            await driver.pilot.resize_terminal(*size)
            await ready(driver)
            for _ in range(5):
                await driver.press("up", "w")
            assert driver.text()


def test_all_is_shown_at_once_on_a_large_screen() -> None:
    whole = (("table", "reasons", "detail", "gates"),)
    assert pages(200, 45, 10_000) == whole
    assert pages(160, 42, 10_000) == whole


def test_the_gates_have_a_page_of_their_own_on_a_low_screen() -> None:
    assert pages(120, 36, 100) == (("table", "reasons", "detail", "gates"),)
    assert pages(120, 30, 100) == (("table", "detail", "reasons"), ("gates",))


async def test_the_footer_names_the_region_that_the_key_brings_to_the_screen(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver)
        for region in ("detail", "reasons", "gates", "table"):
            assert f"w {region}" in driver.text().splitlines()[-1]
            await driver.press("w")
        await driver.pilot.resize_terminal(200, 50)
        await driver.pilot.pause()
        assert "w region" in driver.text().splitlines()[-1]


async def test_the_table_is_as_high_as_its_rows(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "a", steps=200)
    async with open_app(place.path, start=ON_TAB) as driver:
        await ready(driver)
        assert table(driver).size.height == len(driver.data.transactions) + 1
        shown = driver.text()
        assert all(chart.size.height >= 9 for chart in driver.pane.query(Chart))
        assert "What changed in the weights" in shown
        assert "more ▼" not in shown


def test_only_numbers_that_were_measured_can_be_nan_in_the_gates() -> None:
    nan = float("nan")
    records = (
        {"t": 32, "status": "commit", "post_loss": 0.5},
        {"t": 64, "status": "rollback_non_finite", "post_loss": None},
        {"t": 96, "status": "rollback_non_finite", "post_loss": nan},
    )
    status = np.array([0, NON_FINITE, NON_FINITE])
    ones, post = np.ones(3), np.array([0.5, nan, nan])
    t = np.array([32, 64, 96])
    events = Transactions(t, status, ones, post, ones, ones, ones, ones, ones, records=records)
    data = SessionData(Place(Path("s"), "native"), transactions=events)
    loss = gate_plots(data, "")[1][0]
    after = next(trace for trace in loss.traces if trace.name == "post")
    assert after.not_numbers is not None
    assert after.not_numbers.tolist() == [96]

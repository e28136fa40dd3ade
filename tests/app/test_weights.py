"""The Weights tab: heatmaps at the cursor, what they are compared with, statistics, spectrum."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import OptionList

from tests.app.conftest import Driver, OpenApp
from tests.app.grid import Grids
from tests.rundirs import make_run
from tttui.artifacts.history import read_history
from tttui.artifacts.ptfile import write_pt
from tttui.artifacts.weights import read_plastic
from tttui.model.arrays import Floats
from tttui.model.start import StartView
from tttui.model.statistics import Summariser
from tttui.panes.weights.pane import WeightsPane
from tttui.panes.weights.weights_at import Finder, WeightsAnswer, WeightsRequest
from tttui.widgets.drawn import Drawn
from tttui.widgets.weightmap import WeightMap

WEIGHTS = StartView(tab="weights")


def example(tmp_path: Path) -> Path:
    return make_run(tmp_path / "example", steps=600, seed=3).path


def at(t: int) -> StartView:
    return StartView(tab="weights", t=t)


def heatmap(driver: Driver, matrix: str = "B") -> WeightMap:
    return next(m for m in driver.pane.query(WeightMap) if m.matrix == matrix)


async def settled(driver: Driver) -> None:
    """Wait until the older snapshots are summarised as well."""
    pane = driver.pane
    assert isinstance(pane, WeightsPane)
    await driver.until(lambda: pane.settled, "the statistics")


async def test_the_heatmaps_show_the_weights_in_force_at_the_cursor(
    tmp_path: Path, open_app: OpenApp
) -> None:
    path = example(tmp_path)
    history, _ = read_history(path / "weights_history.npy")
    async with open_app(path, start=at(int(history.t[3]))) as driver:
        assert np.array_equal(heatmap(driver).values, history.weights["B"][3])
        await driver.press("left")
        assert np.array_equal(heatmap(driver).values, history.weights["B"][2])


async def test_the_marked_cell_is_read_out_exactly(tmp_path: Path, open_app: OpenApp) -> None:
    path = example(tmp_path)
    history, _ = read_history(path / "weights_history.npy")
    async with open_app(path, start=WEIGHTS) as driver:
        await driver.press("down", "down", "L")
        value = float(history.weights["B"][-1][2, 1])
        shown = driver.text()
        assert "B[2, 1] u 1 to state 2" in shown
        assert f"value {value:.8g}" in shown
        since = value - float(history.weights["B"][0][2, 1])
        assert f"since start {since:+.4g}" in shown


async def test_the_cell_stays_inside_the_matrix(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=WEIGHTS) as driver:
        await driver.press("up", "H", "k")
        assert heatmap(driver).cell == (0, 0)
        await driver.press(*["L"] * 20)
        assert heatmap(driver).cell == (0, 15)


async def test_the_cell_under_the_mouse_is_read_out(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=WEIGHTS) as driver:
        shown = heatmap(driver, "W_o")
        await driver.pilot.hover(shown, offset=(shown.left + 2, shown.top))
        await driver.pilot.pause()
        assert shown.cell is not None
        assert "W_o[0, " in driver.text()
        assert "to predicted x" in driver.text()


async def test_views_cycle_and_name_what_is_compared(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=WEIGHTS) as driver:
        titles = []
        for _ in range(7):
            titles.append(driver.text().splitlines()[2].split(" (")[0].strip())
            await driver.press("v")
        assert titles == [
            "Value",
            "Change since the start",
            "Change since the previous commit",
            "Change of the commit at the cursor",
            "Change against the parent at the fork",
            "Change against another session",
            "Value",
        ]


@pytest.mark.parametrize(
    ("views", "reason"),
    [(3, "No update at step 599"), (4, "not forked from another"), (5, "c chooses one")],
)
async def test_a_view_that_is_not_there_says_why(
    tmp_path: Path, open_app: OpenApp, views: int, reason: str
) -> None:
    async with open_app(example(tmp_path), start=WEIGHTS) as driver:
        await driver.press(*["v"] * views)
        assert reason in driver.text()


async def test_another_session_is_chosen_and_compared(tmp_path: Path, open_app: OpenApp) -> None:
    make_run(tmp_path / "runs" / "a", seed=3)
    make_run(tmp_path / "runs" / "b", seed=3)
    async with open_app(tmp_path / "runs", start=WEIGHTS) as driver:
        await driver.press("c")
        await driver.until(lambda: driver.app.screen.query(OptionList), "the list")
        await driver.press("enter")
        await driver.until(lambda: driver.state.snapshot.other is not None, "the other session")
        await driver.until(lambda: "Change against another" in driver.text(), "the comparison")
        assert not heatmap(driver).values.any()


async def test_a_foreign_session_is_compared_with_its_base(
    tmp_path: Path, open_app: OpenApp
) -> None:
    path = make_run(tmp_path / "flat", layout="flat").path
    async with open_app(path, start=WEIGHTS) as driver:
        assert "Value (newest checkpoint)" in driver.text()
        await driver.press("v")
        assert "newest checkpoint minus base" in driver.text()
        await driver.press("w", "w")
        assert "this layout has no history of the weights" in " ".join(driver.text().split())


async def test_a_foreign_fork_is_compared_with_its_parent(
    tmp_path: Path, open_app: OpenApp
) -> None:
    make_run(tmp_path / "sessions" / "mother", layout="store", seed=1)
    child = make_run(tmp_path / "sessions" / "child", layout="store", parent="mother")
    async with open_app(child.path, start=WEIGHTS) as driver:
        await driver.until(lambda: driver.state.snapshot.parent is not None, "the parent")
        await driver.press("v", "v", "v", "v")
        assert "minus mother, newest checkpoint" in driver.text()


async def test_statistics_have_one_point_a_snapshot_for_each_matrix(
    tmp_path: Path, open_app: OpenApp
) -> None:
    path = example(tmp_path)
    history, _ = read_history(path / "weights_history.npy")
    async with open_app(path, start=WEIGHTS, size=(200, 50)) as driver:
        await settled(driver)
        rows = driver.text().splitlines()
        values = rows[next(y for y, row in enumerate(rows) if "change since the start" in row) + 1]
        for name in ("W_u", "B", "W_o"):
            W = history.weights[name]
            change = 100 * np.linalg.norm(W[-1] - W[0]) / np.linalg.norm(W[0])
            assert f"{name} {change:.3g}"[:7] in values


async def test_the_ten_largest_singular_values_are_listed(
    tmp_path: Path, open_app: OpenApp
) -> None:
    path = example(tmp_path)
    history, _ = read_history(path / "weights_history.npy")
    values = np.linalg.svd(history.weights["B"][-1], compute_uv=False)
    async with open_app(path, start=replace(WEIGHTS, region="spectrum")) as driver:
        shown = driver.text()
        assert f"{values[0]:.3g}" in shown
        assert f"{values[9]:.3g}" in shown
        assert f"condition {values[0] / values[-1]:.3g}" in shown


def with_newest_b(directory: Path, change: Callable[[Floats], Floats]) -> Path:
    """A run without a history whose newest B is another one."""
    path = make_run(directory, layout="flat").path
    file = path / "session" / "plastic_state.pt"
    weights, _ = read_plastic(file)
    file.write_bytes(write_pt({**weights, "B": change(weights["B"]).astype(np.float32)}))
    return path


async def test_a_condition_number_beyond_ten_times_its_start_is_a_warning(
    tmp_path: Path, open_app: OpenApp
) -> None:
    def nearly_singular(B: Floats) -> Floats:
        u, s, v = np.linalg.svd(B, full_matrices=False)
        s[-1] /= 1000
        return np.asarray((u * s) @ v)

    path = with_newest_b(tmp_path / "flat", nearly_singular)
    async with open_app(path, start=WEIGHTS, size=(200, 50)) as driver:
        assert "x its start" in driver.text()


async def test_weights_that_are_no_numbers_are_counted_and_break_nothing(
    tmp_path: Path, open_app: OpenApp
) -> None:
    def broken(B: Floats) -> Floats:
        B = B.copy()
        B[3, 4], B[0, 0] = np.nan, np.inf
        return B

    path = with_newest_b(tmp_path / "flat", broken)
    async with open_app(path, start=WEIGHTS, size=(200, 50)) as driver:
        shown = driver.text()
        assert "1 NaN 1 inf" in shown
        assert "×" in shown
        assert "not finite" in shown


async def test_a_step_between_two_snapshots_paints_nothing_again(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(example(tmp_path), start=at(300), size=(200, 50)) as driver:
        await settled(driver)
        drawn = list(driver.pane.query(Drawn))
        before = [widget.canvas() for widget in drawn]
        await driver.press("left")
        assert driver.timeline.cursor == 299
        assert all(w.canvas() is was for w, was in zip(drawn, before, strict=True))


async def test_large_matrices_are_compared_beside_the_screen(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_run(tmp_path / "large", steps=100, shape=(96, 192)).path
    let_go, find = threading.Event(), Finder.find

    def slow(finder: Finder, asked: WeightsRequest) -> WeightsAnswer:
        if asked.aspect == "start":
            let_go.wait(20)
        return find(finder, asked)

    monkeypatch.setattr(Finder, "find", slow)
    monkeypatch.setattr("tests.waiting.LONGEST_S", 0.1)  # the answer must not be waited for
    async with open_app(path, start=WEIGHTS) as driver:
        await settled(driver)
        values = heatmap(driver).values
        await driver.press("v", "j")
        assert "Working out: change since the start" in driver.text()
        assert heatmap(driver).values is values
        assert heatmap(driver).cell == (heatmap(driver).stride[0], 0)
        let_go.set()
        await settled(driver)
        assert "Change since the start (snapshot of t" in driver.text()
        history, _ = read_history(path / "weights_history.npy")
        change = history.weights["B"][-1] - history.weights["B"][0]
        assert np.array_equal(heatmap(driver).values, change)


async def test_nothing_of_another_session_is_shown_while_weights_are_worked_out(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    example(tmp_path / "runs")
    large = make_run(tmp_path / "runs" / "large", steps=100, shape=(96, 192))
    let_go, find = threading.Event(), Finder.find

    def slow(finder: Finder, asked: WeightsRequest) -> WeightsAnswer:
        if asked.data.place.name == "large":
            let_go.wait(20)
        return find(finder, asked)

    monkeypatch.setattr(Finder, "find", slow)
    monkeypatch.setattr("tests.waiting.LONGEST_S", 0.1)  # the answer must not be waited for
    async with open_app(tmp_path / "runs" / "example", start=WEIGHTS) as driver:
        assert "What moved: change since the start" in driver.text()
        driver.main.store.open(large)
        await driver.until(lambda: "large" in driver.text().splitlines()[0], "the other session")
        assert "working out ..." in driver.text()
        assert "moved by" not in driver.text()
        let_go.set()
        await settled(driver)
        assert "moved by" in driver.text()


async def test_signs_of_small_cells_are_shown_on_request(tmp_path: Path, open_app: OpenApp) -> None:
    path = make_run(tmp_path / "large", steps=100, shape=(96, 192)).path
    async with open_app(path, start=WEIGHTS) as driver:
        await settled(driver)
        assert "∓" not in driver.text()
        await driver.press("m")
        assert "∓" in driver.text()
        await driver.press("m")
        assert "∓" not in "\n".join(driver.text().splitlines()[:-1])


async def test_statistics_say_how_far_they_are(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Summariser, "advance", lambda *_: False)
    monkeypatch.setattr("tests.waiting.LONGEST_S", 0.1)  # it never ends
    async with open_app(example(tmp_path), start=WEIGHTS, size=(200, 50)) as driver:
        await driver.until(lambda: "statistics: 0%" in driver.text(), "the progress")


async def test_regions_are_reached_one_after_the_other_on_a_small_screen(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(example(tmp_path), start=WEIGHTS, size=(80, 24)) as driver:
        assert "▶ B" in driver.text()
        for sign in ("▶ W_o", "▶ change since the start", "▶ Spectrum", "▶ What moved", "▶ W_u"):
            await driver.press("w")
            assert sign in driver.text()


async def test_the_cell_is_copied_with_all_its_digits(tmp_path: Path, open_app: OpenApp) -> None:
    path = example(tmp_path)
    history, _ = read_history(path / "weights_history.npy")
    async with open_app(path, start=WEIGHTS) as driver:
        await driver.press("y")
        assert driver.app.clipboard == repr(float(history.weights["B"][-1][0, 0]))


async def test_any_size_is_drawn(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=WEIGHTS, size=(80, 24)) as driver:
        for size in ((40, 12), (20, 6), (300, 80)):
            await driver.pilot.resize_terminal(*size)
            await driver.press("w", "v", "w", "w", "w", "z", "Z", "j")
            assert driver.pane.is_mounted


async def test_the_screen_without_blocks(tmp_path: Path, open_app: OpenApp, grids: Grids) -> None:
    async with open_app(example(tmp_path), start=at(320), size=(80, 24), ascii=True) as driver:
        await settled(driver)
        grids.check(driver.app, "weights-ascii-80x24", driver.pane)

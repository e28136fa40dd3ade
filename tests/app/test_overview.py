"""The Overview: numbers, verdict, chart, graph, identity, and one transaction in full."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.app.conftest import OpenApp
from tests.rundirs import make_run, steps_path
from tttui.artifacts.reader import SessionReader
from tttui.draw import legend
from tttui.draw.glyphs import UNICODE
from tttui.draw.palette import DARK
from tttui.model.timeline import Timeline
from tttui.model.yardstick import Yardstick
from tttui.panes.overview import digest, error_plot
from tttui.panes.view import View
from tttui.widgets.chart import Chart
from tttui.widgets.yardsticks import YardstickTable


def example(tmp_path: Path) -> Path:
    return make_run(tmp_path / "example", steps=600, seed=3).path


async def test_cards_show_the_final_errors_the_gain_and_the_friction(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(example(tmp_path)) as driver:
        shown = driver.text()
        for part in ("frozen MSE", "adaptive MSE", "last 100 steps", "committed", "rolled back"):
            assert part in shown
        assert "0.1234" in shown
        assert "implied 0.1334" in shown


async def test_the_verdict_is_on_the_screen(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path)) as driver:
        assert "better than frozen over the last 100 steps (95 % CI" in driver.text()


@pytest.mark.parametrize(
    "run", ["flat/linear", "store/sessions/mu_high", "store/sessions/mu_high_fork"]
)
async def test_foreign_runs_that_got_worse_are_said_to_be_worse(
    foreign_data: Path, open_app: OpenApp, run: str
) -> None:
    async with open_app(foreign_data / run) as driver:
        shown = " ".join(driver.text().split())
        assert "Test-time training makes things worse here." in shown
        assert "Most updates were rolled back" in shown


async def test_the_weights_of_a_foreign_run_are_asked_for_their_friction(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "flat", layout="flat", seed=3)
    async with open_app(place.path) as driver:
        await driver.until(lambda: "The weights imply mu" in driver.text(), "the answer")
        assert "implied >= 0.5" in driver.text()
        await driver.press("home")
        assert "implied: at end" in driver.text()


async def test_the_third_curve_of_a_store_is_shown(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "sessions" / "s", layout="store")
    async with open_app(place.path) as driver:
        assert "no update" in driver.text()


async def test_yardsticks_are_drawn_on_demand(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), size=(200, 50)) as driver:
        assert "oracle" not in driver.text()
        await driver.press("r")
        await driver.until(lambda: "oracle" in driver.text(), "the yardsticks")
        await driver.press("r")
        assert "oracle" not in driver.text()


@pytest.mark.parametrize("smooth", [False, True])
def test_yardsticks_are_averaged_exactly_as_the_curves_beside_them(
    tmp_path: Path, smooth: bool
) -> None:
    data = SessionReader(make_run(tmp_path / "s", steps=200)).refresh()
    same = Yardstick("the same", data.steps.t, data.steps.adaptive)
    timeline = replace(Timeline.over(0, 199), smooth=smooth)
    view = View(data, timeline, DARK, UNICODE, yardsticks=(same,), compare_yardsticks=True)
    traces = {trace.name: trace for trace in error_plot(view, digest(data)).traces}
    assert np.array_equal(traces["the same"].series.y, traces["adaptive"].series.y)
    assert (traces["the same"].raw is None) == (traces["adaptive"].raw is None) == (not smooth)
    assert (traces["the same"].end, traces["adaptive"].end) == ("dated", "ended")
    assert [trace.tag for trace in traces.values()] == ["", "", ""]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45), (200, 50)])
async def test_every_yardstick_is_read_by_name_with_its_value(
    tmp_path: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    async with open_app(example(tmp_path), size=size) as driver:
        await driver.press("r")
        await driver.until(lambda: "RLS" in driver.text(), "the yardsticks")
        chart = driver.pane.query_one(Chart)
        rows = legend.arrange(chart.shown, *chart.content_size).rows
        told = "".join(text for k in range(rows) for text, _, _ in chart.legend(k))
        assert told.count("(t 598)") == 4
        assert "NaN" not in told
        beside = driver.pane.query_one(YardstickTable).display
        assert beside == (size[0] >= 150)
        assert ("mean 100" in driver.text()) == beside


async def test_without_a_trajectory_yardsticks_say_why_not(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "flat", layout="flat")
    async with open_app(place.path) as driver:
        await driver.press("r")
        await driver.until(lambda: "no yardsticks" in driver.text(), "the reason")


async def test_the_identity_opens_in_full(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), size=(80, 24)) as driver:
        assert "signature" not in driver.text()
        await driver.press("i")
        assert "signature" in driver.text()
        await driver.press("i")
        assert "signature" not in driver.text()


async def test_an_inspected_transaction_is_explained(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path)) as driver:
        await driver.press("home", "right_square_bracket", "enter")
        shown = driver.text()
        assert "attempt 1 of 18" in shown
        assert "Gates, value against threshold" in shown


async def test_a_missing_steps_file_is_named_where_the_chart_would_be(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a")
    steps_path(place).unlink()
    async with open_app(place.path) as driver:
        problem = driver.data.problem("steps")
        assert problem is not None
        assert problem.reason[:30] in driver.text()


async def test_new_steps_appear_while_watching(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "a", steps=100)
    async with open_app(place.path, poll=0.05) as driver:
        with steps_path(place).open("a") as file:
            file.write("100,0.5,0.25,0,0\n")
        await driver.until(lambda: "99 / 100" in driver.text(), "the new step")


async def test_a_live_run_is_followed(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "a", steps=100, status="running")
    async with open_app(place.path, poll=0.05) as driver:
        assert driver.timeline.follow
        with steps_path(place).open("a") as file:
            file.write("100,0.5,0.25,0,0\n")
        await driver.until(lambda: driver.timeline.cursor == 100, "the cursor to follow")
        await driver.press("left")
        assert not driver.timeline.follow


async def test_a_crashed_run_says_so(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "a", status="crashed")
    async with open_app(place.path) as driver:
        assert "crashed" in driver.text().splitlines()[0]


async def test_damaged_files_are_named_with_their_reasons(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a", damage=("wrong_line", "bad_meta", "truncated_weights"))
    async with open_app(place.path) as driver:
        shown = driver.text()
        assert "! 3 files damaged" in shown
        assert "per_step.csv line 7 " in shown
        assert "meta.json is not valid JSON at line 1" in shown
        await driver.pilot.resize_terminal(80, 24)
        assert "plastic_state.pt, per_step.csv damaged" in driver.text()


async def test_files_that_are_yet_to_be_written_are_no_damage(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a", status="running", damage=("no_metrics", "no_weights"))
    async with open_app(place.path) as driver:
        assert " ! " not in driver.text()

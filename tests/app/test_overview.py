"""The Overview: numbers, verdict, chart, graph, identity, and one transaction in full."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.app.conftest import OpenApp
from tests.rundirs import make_run, steps_path
from tttui.artifacts.reader import SessionReader
from tttui.draw import legend
from tttui.draw.envelope import Series
from tttui.draw.look import Look
from tttui.draw.plot import Plot, Trace
from tttui.model.session import SessionData
from tttui.model.steps import Yardstick
from tttui.model.timeline import Timeline
from tttui.panes.losses import compared_plot, digest
from tttui.panes.overview.pane import OverviewPane
from tttui.panes.view import Choices, View
from tttui.plots.learned import learned_quantity
from tttui.store.snapshot import YARDSTICKS, Snapshot
from tttui.widgets.cards import MetricCard
from tttui.widgets.chart import Chart
from tttui.widgets.commits import CommitGraph
from tttui.widgets.identity import IdentityCard
from tttui.widgets.scrubber import Scrubber
from tttui.widgets.timeview import TimeView
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
        assert "newest implied:" in shown
        assert "0.1334" in shown


async def test_the_verdict_is_on_the_screen(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path)) as driver:
        assert "better than frozen over the last 100 steps (95 % CI" in driver.text()


async def test_the_weights_of_a_foreign_run_are_asked_for_their_friction(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "flat", layout="flat", seed=3)
    async with open_app(place.path) as driver:
        await driver.until(lambda: "newest weights imply mu" in driver.text(), "the answer")
        assert ">= 0.5" in driver.text()
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
    snapshot = Snapshot(data=data, values={YARDSTICKS.name: (same,)})
    view = View(snapshot, timeline, Look(), Choices(yardsticks=True))
    traces = {trace.name: trace for trace in compared_plot(view, digest(data)).traces}
    assert np.array_equal(traces["the same"].series.y, traces["adaptive"].series.y)
    assert (traces["the same"].raw is None) == (traces["adaptive"].raw is None) == (not smooth)
    assert (traces["the same"].end, traces["adaptive"].end) == ("dated", "ended")
    assert [trace.tag for trace in traces.values()] == ["", "", ""]


async def test_every_yardstick_is_read_by_name_with_its_value(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(example(tmp_path), size=(80, 24)) as driver:
        await driver.press("r")
        await driver.until(lambda: "RLS" in driver.text(), "the yardsticks")
        for size in ((80, 24), (120, 40), (160, 45), (200, 50)):
            await driver.pilot.resize_terminal(*size)
            await driver.settled()
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
        assert "transaction 1 of 18" in shown
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
        await driver.until(lambda: "101 steps" in driver.text(), "the new step")


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
        await driver.until(lambda: "! 3 files damaged" in driver.text(), "what is damaged")
        shown = driver.text()
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


async def test_sparklines_are_about_the_steps_that_their_label_names(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(example(tmp_path)) as driver:
        for name in ("frozen", "adaptive"):
            card = driver.pane.query_one(f"#{name}", MetricCard)
            assert card._series is not None
            assert card._series.t.tolist() == list(range(500, 600))
            assert card._sub[0] == "last 100 steps"


async def test_the_identity_takes_few_rows_and_copies_whole_hashes(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(example(tmp_path), size=(160, 45)) as driver:
        card = driver.pane.query_one("#side IdentityCard", IdentityCard)
        assert card.size.height <= 6
        copied = []
        for _ in range(2):
            await driver.press("y")
            copied.append(driver.app.clipboard)
        meta = driver.data.meta
        assert copied == [meta.model_signature, meta.base_ckpt_hash]


async def test_one_spike_is_a_mark_and_the_rest_stays_readable(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a", steps=600, seed=3)
    rows = steps_path(place).read_text().splitlines()
    rows[301] = "300,0.001,1000000.0,0,0"
    rows[401] = "400,0.001,nan,0,0"
    steps_path(place).write_text("\n".join(rows) + "\n")
    async with open_app(place.path) as driver:
        assert "1 above" in driver.text()
        chart = driver.pane.query_one("#errors", Chart)
        picture = chart.picture((0, 599), (120, 24))
        assert picture.scale is not None
        assert picture.scale.high < 1
        shown = picture.canvas.text()
        layout, column = picture.layout, picture.axis.column
        assert shown[layout.top][layout.gutter + (column(300) or 0)] == "↑"
        assert shown[layout.top + layout.rows - 1][layout.gutter + (column(400) or 0)] == "✕"
        await driver.press("home", *["shift+right"] * 9, *["right"] * 12)
        assert driver.timeline.cursor == 300
        assert "adaptive 1.00e6" in driver.text()


async def test_a_step_stands_in_the_same_column_of_chart_graph_and_scrubber(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(example(tmp_path), size=(80, 24)) as driver:
        for size in ((80, 24), (120, 40), (160, 45), (200, 50)):
            await driver.pilot.resize_terminal(*size)
            for keys in ((), ("home", "right_square_bracket", "enter"), ("escape", "i"), ("i",)):
                await driver.press(*keys)
                await driver.settled()
                views = [
                    view
                    for view in (*driver.pane.query(TimeView), driver.main.query_one(Scrubber))
                    if view.is_on_screen
                ]
                axes = {(view.region.x + view.left, view.axis().width) for view in views}
                assert len(axes) == 1 or driver.pane.query_one("#errors").region.width == 0


async def test_what_was_learned_is_shown_on_the_same_axis(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(example(tmp_path), size=(120, 40)) as driver:
        learned = driver.pane.query_one("#learned", Chart)
        assert learned.display
        assert "Learned mu  t 599" in driver.text()
        assert "implied 0.133" in driver.text()
        assert "true 0.123" in driver.text()
        await driver.pilot.resize_terminal(80, 24)
        await driver.settled()
        assert not learned.display


async def test_what_weights_imply_is_drawn_where_no_transaction_tells_it(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "flat", layout="flat", seed=3)
    async with open_app(place.path, size=(120, 40)) as driver:
        assert "implied 0.500" in driver.text()
        assert driver.pane.query_one("#learned").region.height > 1


async def test_why_nothing_was_learned_is_said_in_one_row(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(make_run(tmp_path / "new", steps=20).path, size=(120, 40)) as driver:
        assert "Learned mu: no transaction yet that tells what mu" in driver.text()
        assert driver.pane.query_one("#learned").region.height == 1


def test_the_learned_friction_holds_between_commits_and_the_true_one_follows_a_switch(
    tmp_path: Path,
) -> None:
    data = SessionReader(make_run(tmp_path / "a", steps=200, seed=3)).refresh()
    data = replace(data, truth_set=((90, 0.3),))
    traces = {trace.name: trace.series for trace in learned_quantity(data).traces}
    t, implied = data.transactions.implied()
    for i, step in enumerate(t.tolist()):
        end = t[i + 1] if i + 1 < len(t) else 200
        assert set(traces["implied"].y[step:end]) == {implied[i]}
    assert np.isnan(traces["implied"].y[: t[0]]).all()
    assert set(traces["true"].y[:90]) == {data.meta.truth}
    assert set(traces["true"].y[90:]) == {0.3}


def test_weights_without_a_recorded_mu_imply_one_from_the_commit_in_force_on(
    tmp_path: Path,
) -> None:
    data = SessionReader(make_run(tmp_path / "a", steps=200, seed=3)).refresh()
    events = data.transactions
    untold = replace(events, implied_mu=np.full(len(events), np.nan))
    data = replace(data, transactions=untold)
    assert not learned_quantity(data).traces
    implied, true = learned_quantity(data, (199, 0.25)).traces
    commit = events.in_force(199)
    assert commit is not None
    assert implied.series.t.tolist() == list(range(int(events.t[commit]), 200))
    assert set(implied.series.y) == {0.25}
    assert set(true.series.y) == {data.meta.truth}


async def test_another_task_shows_its_own_quantity(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stiffness(data: SessionData, _: object) -> Plot:
        values = Series(data.steps.t, np.full(len(data.steps), 7.5))
        return Plot("Learned stiffness", "N/m", (Trace("implied", values, heavy=True),))

    monkeypatch.setattr(OverviewPane, "learned", staticmethod(stiffness))
    async with open_app(example(tmp_path), size=(120, 40)) as driver:
        assert "Learned stiffness N/m  t 599  ━ implied 7.50" in driver.text()
        assert "Learned mu" not in driver.text()


async def test_a_cursor_step_paints_no_chart_again(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(example(tmp_path), size=(120, 40)) as driver:
        painted: list[TimeView] = []
        for kind in (Chart, CommitGraph, Scrubber):
            paint = kind.paint

            def counted(view: TimeView, *size: int, paint: Callable[..., object] = paint) -> object:
                painted.append(view)
                return paint(view, *size)

            monkeypatch.setattr(kind, "paint", counted)
        await driver.press("left", "left", "shift+left")
        assert driver.timeline.cursor == 565
        assert painted == []

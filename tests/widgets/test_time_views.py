"""Charts, commit graph and scrubber: what they show of a timeline and ask of it by mouse."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from textual.events import MouseScrollUp
from textual.geometry import Region
from textual.widget import Widget

from tests.widgets.stage import Stage, lines
from tttui.draw import plot
from tttui.draw.changes import RunChanges
from tttui.draw.colours import rich_colour
from tttui.draw.envelope import Series
from tttui.draw.glyphs import ASCII
from tttui.draw.look import Look
from tttui.draw.marks import Marks
from tttui.draw.palette import ANSI, DARK, LIGHT
from tttui.draw.plot import Plot, Trace
from tttui.draw.plot_area import Picture
from tttui.model.timeline import Timeline
from tttui.widgets.chart import Chart
from tttui.widgets.commits import CommitGraph
from tttui.widgets.scrubber import Scrubber
from tttui.widgets.stack import StackView
from tttui.widgets.timeview import WHEEL, TimeView

STEPS = np.arange(100)
MARKS = Marks(np.array([10, 30, 50, 70]), np.array([0, 1, 0, 2]))
VIEW = Timeline.over(0, 99).jump(50)
LEFT = 9
"""Columns left of the axis at the width of the tests."""


def chart(timeline: Timeline = VIEW) -> Chart:
    result = Chart()
    frozen = Trace("frozen", Series(STEPS, np.full(100, 2.0)), "frozen")
    adaptive = Trace("adaptive", Series(STEPS, np.linspace(4, 1, 100)), "adaptive", True)
    result.set_plot(Plot("MSE", traces=(frozen, adaptive), compare=(1, 0), marks=MARKS))
    result.set_timeline(timeline)
    return result


def papers(view: TimeView, column: int) -> list[int | None]:
    """The colours behind a column, from the top."""
    results = []
    for y in range(view.content_size.height):
        segment = next(iter(view.render_line(y).crop(column, column + 1)))
        paper = segment.style.bgcolor if segment.style else None
        results.append(int(paper.name[1:], 16) if paper and paper.name.startswith("#") else None)
    return results


def graph() -> CommitGraph:
    result = CommitGraph()
    result.set_marks(MARKS)
    result.set_timeline(VIEW)
    return result


def scrubber(timeline: Timeline = VIEW) -> Scrubber:
    result = Scrubber()
    result.set_marks(MARKS)
    result.set_timeline(timeline)
    return result


def stack() -> StackView:
    result = StackView()
    shown = Trace("x", Series(STEPS, np.linspace(4, 1, 100)))
    result.set_plots((Plot("x", traces=(shown,)),))
    result.set_timeline(VIEW)
    return result


def count_paints(
    widget: Chart | CommitGraph | Scrubber, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    painted: list[int] = []
    original = widget.paint

    def paint(width: int, height: int) -> object:
        painted.append(1)
        return original(width, height)

    monkeypatch.setattr(widget, "paint", paint)
    return painted


def catch_regions(widget: Widget, monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    caught: list[Region] = []
    monkeypatch.setattr(widget, "refresh", lambda *regions, **_: caught.extend(regions))
    return caught


async def test_a_chart_reads_the_values_under_the_cursor() -> None:
    view = chart()
    async with Stage(view).run_test(size=(100, 20)):
        assert lines(view)[0].startswith("MSE  t 50  ━ adaptive 2.48  ─ frozen 2.00  24 % worse")
        assert "● commit" in lines(view)[0]


@pytest.mark.parametrize("kind", [chart, graph, scrubber])
async def test_a_cursor_move_paints_nothing_again(
    kind: Callable[[], Chart | CommitGraph | Scrubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    view = kind()
    async with Stage(view).run_test(size=(100, 20)) as pilot:
        lines(view)
        painted = count_paints(view, monkeypatch)
        view.set_timeline(VIEW.step(7))
        await pilot.pause()
        lines(view)
        assert painted == []


async def test_a_cursor_move_dirties_two_columns_and_the_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = chart()
    async with Stage(view).run_test(size=(100, 20)):
        caught = catch_regions(view, monkeypatch)
        view.set_timeline(VIEW.step(20))
        tall = {r.x for r in caught if r.height == 20 and r.width == 1}
        assert tall == {LEFT + 45, LEFT + 64}
        assert all(r.height == 1 for r in caught if r.width > 1)


@pytest.mark.parametrize(
    "change",
    [Timeline.zoom_in, lambda line: line.show(5, 60), lambda line: line.extended(200)],
)
async def test_another_window_paints_again(
    change: Callable[[Timeline], Timeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    view = chart()
    async with Stage(view).run_test(size=(100, 20)) as pilot:
        painted = count_paints(view, monkeypatch)
        view.set_timeline(change(VIEW))
        await pilot.pause()
        lines(view)
        assert painted


async def test_the_way_back_to_a_window_paints_nothing_again_unless_data_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view, painted = chart(), list[tuple[int, int]]()
    paint = Chart.picture

    def counted(chart: Chart, window: tuple[int, int], size: tuple[int, int]) -> Picture:
        painted.append(window)
        return paint(chart, window, size)

    monkeypatch.setattr(Chart, "picture", counted)
    async with Stage(view).run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        seen = lines(view)
        view.set_timeline(VIEW.show(20, 60))
        closer = lines(view)
        view.set_timeline(VIEW)
        assert lines(view) == seen != closer
        assert painted == [(0, 99), (20, 60)]
        view.set_plot(replace(view.shown, title="loss"))
        assert lines(view)[0] != seen[0]
        assert painted == [(0, 99), (20, 60), (0, 99)]


async def test_the_cursor_crosses_the_plot_and_names_its_step() -> None:
    view = chart()
    async with Stage(view).run_test(size=(100, 20)):
        assert lines(view)[-1][LEFT + 44 : LEFT + 48].strip() == "50"
        assert papers(view, LEFT + 45).count(DARK.cursor_paper) > 8


async def test_without_shades_the_cursor_is_a_line() -> None:
    view = chart()
    view.set_look(Look(ANSI))
    async with Stage(view).run_test(size=(100, 20)):
        assert sum(line[LEFT + 45] == "│" for line in lines(view)) > 8


async def test_the_cursor_hides_a_label_that_it_would_cut() -> None:
    view = chart(VIEW.jump(61))
    async with Stage(view).run_test(size=(100, 20)):
        assert " 61 " in lines(view)[-1]
        assert "6 " not in lines(view)[-1].replace(" 61 ", "")


async def test_a_click_asks_for_a_step() -> None:
    app = Stage(chart())
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.click(Chart, offset=(LEFT, 5))
        assert app.of(TimeView.StepPicked) == [TimeView.StepPicked(0)]


async def test_a_drag_asks_for_a_range() -> None:
    app = Stage(chart())
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.mouse_down(Chart, offset=(LEFT + 80, 5))
        await pilot.hover(Chart, offset=(LEFT + 50, 5))
        await pilot.hover(Chart, offset=(LEFT + 20, 5))
        await pilot.mouse_up(Chart, offset=(LEFT + 20, 5))
        result = app.of(TimeView.RangePicked)
    assert len(result) == 1
    assert isinstance(result[0], TimeView.RangePicked)
    assert (result[0].t0, result[0].t1) == (22, 88)


async def test_hovering_reads_the_step_under_the_mouse() -> None:
    view = chart()
    app = Stage(view)
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.hover(Chart, offset=(LEFT + 90, 5))
        await pilot.pause()
        assert view.hovered == 99
        assert "t 99" in lines(view)[0]
        assert app.of(TimeView.Hovered)


async def test_the_wheel_asks_for_a_zoom_around_the_mouse() -> None:
    view = chart()
    app = Stage(view)
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.hover(Chart, offset=(LEFT + 45, 5))
        x, y = LEFT + 45, 5
        event = MouseScrollUp(view, x, y, 0, -1, 0, False, False, False, x, y)
        view.on_mouse_scroll_up(event)
        await pilot.pause()
        assert app.of(TimeView.Zoomed) == [TimeView.Zoomed(50, 1 / WHEEL)]


async def test_the_room_of_a_growing_run_reads_as_its_last_step() -> None:
    view = chart(Timeline.over(0, 99).extended(99, horizon=199))
    async with Stage(view).run_test(size=(100, 20)) as pilot:
        await pilot.hover(Chart, offset=(LEFT + 85, 5))
        assert view.hovered == 99


async def test_beside_the_axis_the_mouse_asks_nothing() -> None:
    app = Stage(chart())
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.click(Chart, offset=(2, 5))
        assert app.of(TimeView.StepPicked) == []


@pytest.mark.parametrize("size", [(20, 4), (40, 12), (80, 24), (200, 50), (400, 100)])
async def test_a_chart_fills_any_size(size: tuple[int, int]) -> None:
    view = chart()
    async with Stage(view).run_test(size=size):
        shown = lines(view)
        assert len(shown) == size[1]
        assert all(len(line) == size[0] for line in shown)
        assert any(0x2800 < ord(c) <= 0x28FF for line in shown for c in line)


async def test_an_empty_run_says_what_is_missing() -> None:
    view = Chart()
    view.set_plot(Plot("MSE", message="no steps.jsonl in this session"))
    async with Stage(view).run_test(size=(80, 10)):
        assert any("no steps.jsonl in this session" in line for line in lines(view))


@pytest.mark.parametrize("width", [20, 40, 80, 120, 200])
async def test_chart_graph_and_scrubber_put_a_step_into_the_same_column(width: int) -> None:
    views = [chart(VIEW), graph(), scrubber()]
    async with Stage(*views).run_test(size=(width, 24)):
        places = {tuple(v.left + (v.axis().column(t) or 0) for t in range(100)) for v in views}
        assert len(places) == 1
        marks = [next(line for line in lines(v) if "▲" in line) for v in views[1:]]
        assert marks[0].index("▲") == marks[1].index("▲")


async def test_a_scrubber_ends_where_narrower_charts_do() -> None:
    view = scrubber()
    async with Stage(view).run_test(size=(100, 3)):
        view.set_columns(70)
        assert view.axis().width == 70 - plot.gutter(70)
        assert lines(view)[0].startswith("‖ x1")
        assert lines(view)[0].endswith("t 50 / 99")
        view.set_columns(None)
        assert view.axis().width == 100 - LEFT
        assert lines(view)[0].startswith("‖ t 50")


async def test_another_look_repaints_in_its_glyphs_and_colours() -> None:
    view = chart()
    async with Stage(view).run_test(size=(100, 20)) as pilot:
        view.set_look(Look(LIGHT, ASCII))
        await pilot.pause()
        assert all(line.isascii() for line in lines(view))
        inks = [s.style.color for s in view.render_line(8) if s.style]
        assert rich_colour(LIGHT.adaptive) in inks


async def test_a_click_on_the_graph_selects_the_nearest_attempt() -> None:
    app = Stage(graph())
    async with app.run_test(size=(100, 8)) as pilot:
        await pilot.click(CommitGraph, offset=(LEFT + 29, 2))
        assert app.of(TimeView.MarkPicked) == [TimeView.MarkPicked(1, 30)]


async def test_the_scrubber_shows_state_window_and_place() -> None:
    view = scrubber(VIEW.show(40, 60).toggle_play().faster())
    async with Stage(view).run_test(size=(60, 3)):
        shown = lines(view)[0]
        assert shown.startswith("▶x2 t 50 ")
        assert "━━" in shown
        assert "▲" in shown


async def test_dragging_along_the_scrubber_moves_the_cursor() -> None:
    app = Stage(scrubber())
    async with app.run_test(size=(100, 3)) as pilot:
        await pilot.mouse_down(Scrubber, offset=(LEFT, 0))
        await pilot.hover(Scrubber, offset=(LEFT + 60, 0))
        await pilot.mouse_up(Scrubber, offset=(LEFT + 45, 0))
        results = [m.t for m in app.of(TimeView.StepPicked) if isinstance(m, TimeView.StepPicked)]
    assert results[-1] == 50


async def test_a_scrubber_of_an_empty_run_is_a_bare_track() -> None:
    view = Scrubber()
    async with Stage(view).run_test(size=(60, 3)):
        assert set(lines(view)[0][LEFT:].strip()) == {"─"}


CHANGES = RunChanges.of([(33, "mu 0.05 -> 0.3")])


@pytest.mark.parametrize("kind", [chart, graph, scrubber, stack])
async def test_changes_of_the_run_are_drawn_on_every_time_axis(
    kind: Callable[[], TimeView],
) -> None:
    view = kind()
    view.set_changes(CHANGES)
    async with Stage(view).run_test(size=(100, 20)):
        column = view.left + (view.axis().column(33) or 0)
        assert "◇" in [line[column] for line in lines(view)]


@pytest.mark.parametrize("kind", [chart, stack])
async def test_a_reading_names_the_change_under_the_cursor(kind: Callable[[], TimeView]) -> None:
    view = kind()
    view.set_changes(CHANGES)
    view.set_timeline(VIEW.jump(33))
    async with Stage(view).run_test(size=(100, 20)):
        assert "◇ mu 0.05 -> 0.3" in lines(view)[0]


@pytest.mark.parametrize("kind", [chart, graph, stack])
async def test_the_cursor_is_seen_on_a_change(kind: Callable[[], TimeView]) -> None:
    view = kind()
    view.set_changes(CHANGES)
    view.set_timeline(VIEW.jump(33))
    async with Stage(view).run_test(size=(100, 20)):
        column = view.left + (view.axis().column(33) or 0)
        seen = [view.render_line(y).crop(column, column + 1) for y in range(view.size.height)]
        assert {one.text for one in seen} & {"┊", "◇"}
        marked = papers(view, column)
        assert all(
            paper == DARK.cursor_paper
            for one, paper in zip(seen, marked, strict=True)
            if one.text == "┊"
        )

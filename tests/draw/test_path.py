"""Paths in the plane: equal scale, extremes kept, gaps left open."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw.colours import blend
from tttui.draw.glyphs import ASCII, UNICODE, Glyphs
from tttui.draw.look import Look
from tttui.draw.palette import DARK, PALETTES
from tttui.draw.path import CELL_ASPECT, PathFrame, Visits, extent, line, thinned
from tttui.draw.plane import DIMMED, Backdrop
from tttui.draw.tracks import Scene, Track, sample


def track(x: list[float], y: list[float]) -> Track:
    return Track("true path", np.arange(len(x)), np.array(x, float), np.array(y, float))


@pytest.mark.parametrize("braille", [True, False])
def test_a_circle_is_drawn_as_one(braille: bool) -> None:
    frame = PathFrame.around((-1.0, 1.0, -1.0, 1.0), 60, 40, braille=braille)
    angle = np.linspace(0, 2 * np.pi, 400)
    column, row = frame.dots(np.cos(angle), np.sin(angle))
    wide = np.ptp(column) / frame.across
    high = np.ptp(row) / frame.down * CELL_ASPECT
    assert wide == pytest.approx(high, abs=2)


def test_a_frame_holds_all_points() -> None:
    frame = PathFrame.around((-300.0, 5.0, 2.0, 4.0), 30, 10, braille=True)
    for x, y in ((-300, 2), (5, 4), (-300, 4), (5, 2)):
        assert frame.cell(x, y) is not None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(width=64), st.floats(width=64)),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 80),
    st.integers(1, 30),
)
def test_no_numbers_break_the_plane(
    points: list[tuple[float, float]], width: int, height: int
) -> None:
    x, y = [p[0] for p in points], [p[1] for p in points]
    drawn = Backdrop(Scene((track(x, y),)), (0, len(x) - 1), (width, height), Look())
    assert drawn.paint(len(x) // 2).rows == height


def test_the_line_is_broken_where_a_position_is_missing() -> None:
    dots = line(np.array([0.0, 4.0, np.nan, 10.0, 12.0]), np.array([0.0, 0.0, np.nan, 0.0, 0.0]))
    assert sorted(set(dots.column.tolist())) == [0, 1, 2, 3, 4, 10, 11, 12]


def test_a_single_point_is_a_dot() -> None:
    dots = line(np.array([3.0]), np.array([5.0]))
    assert (dots.column.tolist(), dots.row.tolist()) == ([3], [5])


def test_a_long_path_keeps_its_extremes_and_its_gaps() -> None:
    rng = np.random.default_rng(0)
    x, y = np.cumsum(rng.normal(size=(2, 200_000)), axis=1)
    x[123_456], y[77_777] = 1e5, -2e5
    y[150_001] = np.nan
    kept = thinned(x, y)
    assert kept is not None
    assert len(kept) < 20_000
    assert {123_456, 77_777, 150_001} <= set(kept.tolist())
    assert extent(x[kept], y[kept]) == extent(x, y)


def test_the_last_visit_of_a_cell_is_found_for_every_cursor() -> None:
    frame = PathFrame.around((0.0, 10.0, 0.0, 1.0), 11, 3, braille=False)
    x = np.array([0.0, 5.0, 10.0, 5.0, 0.0])
    dots = line(*frame.dots(x, np.zeros(5)))
    visits = Visits(dots, frame, 5)
    column = visits.cells % frame.columns
    middle = int(np.flatnonzero(column == 5)[0])
    assert [int(visits.last(k)[middle]) for k in range(5)] == [-1, 1, 1, 3, 3]


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_past_and_future_of_the_cursor_differ_in_colour(theme: str, glyphs: object) -> None:
    palette = PALETTES[theme]
    x = [float(k) for k in range(50)]
    drawn = Backdrop(Scene((track(x, x),)), (0, 49), (60, 30), Look(palette, glyphs))  # type: ignore[arg-type]
    start, end = drawn.paint(0), drawn.paint(49)
    faint = palette.faint
    assert (start.ink == faint).sum() > (end.ink == faint).sum()


def test_the_nearest_step_to_a_cell_is_found() -> None:
    drawn = Backdrop(Scene((track([0.0, 10.0, 20.0], [0.0, 0.0, 0.0]),)), (0, 2), (60, 20), Look())
    frame = drawn.frame
    assert frame is not None
    cell = frame.cell(19.0, 0.5)
    assert cell is not None
    result = drawn.nearest(cell[0] + drawn.layout.top, cell[1] + drawn.layout.gutter)
    assert result == 2


def test_only_positions_in_the_window_shape_the_plane() -> None:
    x = [0.0, 1.0, 2.0, 1e6]
    drawn = Backdrop(Scene((track(x, x),)), (0, 2), (40, 12), Look())
    assert drawn.frame is not None
    assert drawn.frame.x_range()[1] < 100


def beside(**values: object) -> Scene:
    """A true path along the bottom, another one along the top, over the steps 0 to 9."""
    truth = track(list(range(10)), [0.0] * 10)
    other = Track("other", truth.t, truth.x, truth.y + 4.0, "adaptive", **values)  # type: ignore[arg-type]
    return Scene((truth, other))


def cells_of(scene: Scene, cursor: int) -> tuple[int, int]:
    """Cells in the colour of the other path, and in a shade of it."""
    canvas = Backdrop(scene, (0, 9), (60, 14), Look()).paint(cursor)
    dim = blend(DARK.adaptive, DARK.faint, DIMMED)
    return int((canvas.ink == DARK.adaptive).sum()), int((canvas.ink == dim).sum())


def test_another_path_grows_with_the_cursor() -> None:
    counts = [cells_of(beside(), t) for t in (0, 4, 9)]
    assert counts[0][0] < counts[1][0] < counts[2][0]
    assert all(dim == 0 for _, dim in counts)


def test_a_path_ahead_of_the_cursor_is_drawn_in_a_shade_of_its_colour() -> None:
    seen, ahead = cells_of(beside(ahead=True), 4)
    assert seen > 5
    assert ahead > 5
    assert cells_of(beside(ahead=True), 9)[1] == 0


def test_a_dashed_path_has_gaps() -> None:
    solid, dashed = (cells_of(beside(dash=dash), 9)[0] for dash in (None, (4, 8)))
    assert dashed < solid


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_paths_differ_by_more_than_colour(glyphs: Glyphs) -> None:
    tracks = [
        Track("", np.arange(1), np.zeros(1), np.zeros(1), "plain", d)
        for d in (None, (2, 2), (6, 3))
    ]
    legend = [sample(track, k, glyphs) for k, track in enumerate(tracks)]
    assert len(set(legend)) == 3


def test_a_true_path_of_one_colour_lies_over_the_predictions() -> None:
    x, y = [0.0, 5.0, 10.0], [0.0, 5.0, 0.0]
    truth = replace(track(x, y), role="plain")
    guess = Track("adaptive", truth.t, truth.x, truth.y, "adaptive")
    both = Backdrop(Scene((truth, guess)), (0, 2), (40, 12), Look()).paint(2)
    assert (both.ink == DARK.adaptive).sum() <= 1  # the mark of where the prediction is now
    assert (both.ink == DARK.text).sum() > 10

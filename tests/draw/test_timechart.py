"""Charts as text: axes, curves, lines, markers, and what is said where nothing can be drawn."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.draw.axis import TimeAxis
from tttui.draw.envelope import Series
from tttui.draw.glyphs import ASCII, GLYPHS, UNICODE, Glyphs
from tttui.draw.look import Look
from tttui.draw.marks import Marks
from tttui.draw.palette import ANSI, DARK, PALETTES
from tttui.draw.plot import Band, End, Plot, Threshold, Trace, gutter
from tttui.draw.plot_area import Picture, arrange
from tttui.draw.reading import title_row, value_text
from tttui.draw.timechart import paint
from tttui.plots.errors import exponential

RAMP = Series(np.arange(41), np.arange(41.0))


def plot(*values: list[float], **more: object) -> Plot:
    series = [Series(np.arange(len(y)), np.array(y, dtype=float)) for y in values]
    names: list[tuple[str, object]] = [("frozen", "frozen"), ("adaptive", "adaptive")]
    traces = tuple(
        Trace(name, s, role, heavy=role == "adaptive")  # type: ignore[arg-type]
        for s, (name, role) in zip(series, names, strict=False)
    )
    return replace(Plot("MSE", traces=traces), **more)  # type: ignore[arg-type]


def drawn(
    shown: Plot,
    size: tuple[int, int] = (40, 10),
    log: bool = False,
    window: tuple[int, int] | None = None,
) -> Picture:
    last = max((int(t.series.t[-1]) for t in shown.traces if len(t.series)), default=0)
    return paint(shown, window or (0, last), size, Look(), log)


def text(shown: Plot, size: tuple[int, int] = (40, 10), log: bool = False) -> str:
    return "\n".join(line.rstrip() for line in drawn(shown, size, log).canvas.text())


def test_a_ramp_is_drawn_between_labelled_axes() -> None:
    assert text(plot(list(range(41))), (40, 9)) == (
        "\n"
        "    40┤⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁⢀⣀⠠⠔⠒⠉\n"
        "      │                      ⣀⡠⠤⠒⠊⠁\n"
        "    20┤⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⢀⣀⠤⠔⠒⠉⡀ ⡀ ⡀ ⡀ ⡀ ⡀\n"
        "      │           ⣀⠤⠔⠒⠉\n"
        "      │     ⢀⡠⠤⠒⠊⠉\n"
        "     0┤⣀⠤⠔⠐⠉⠁⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀\n"
        "      └┬───────┬───────┬───────┬───────┬\n"
        "  step 0      10      20      30      40"
    )


@settings(max_examples=120, deadline=None)
@given(
    values=st.lists(
        st.one_of(
            st.floats(-1e308, 1e308),
            st.sampled_from([0.0, np.nan, np.inf, -np.inf, 5e-324, 1e-30]),
        ),
        max_size=30,
    ),
    other=st.lists(st.floats(0, 1), max_size=30),
    size=st.tuples(st.integers(0, 130), st.integers(0, 40)),
    log=st.booleans(),
    ascii_only=st.booleans(),
    theme=st.sampled_from(list(PALETTES)),
    window=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_any_data_can_be_drawn_at_any_size(
    values: list[float],
    other: list[float],
    size: tuple[int, int],
    log: bool,
    ascii_only: bool,
    theme: str,
    window: tuple[int, int],
) -> None:
    shown = plot(
        values,
        other,
        compare=(1, 0),
        thresholds=(Threshold("limit", 0.5), Threshold("far", 1e9)),
        band=Band("band", RAMP, RAMP),
        marks=Marks(np.array([1, 1, 7]), np.array([0, 1, 5])),
    )
    glyphs = ASCII if ascii_only else UNICODE
    t0, t1 = sorted(window)
    picture = paint(shown, (t0, t1), size, Look(PALETTES[theme], glyphs), log)
    lines = picture.canvas.text()
    assert len(lines) == size[1]
    assert all(len(line) == size[0] for line in lines)
    if ascii_only:
        assert all(line.isascii() for line in lines)


def test_every_column_reaches_its_extremes() -> None:
    y = [1.0] * 400
    y[123] = 9.0
    picture = drawn(plot(y), (60, 12))
    top = next(line for line in picture.canvas.text() if line[9:].strip())
    column = next(i for i, c in enumerate(top) if 0x2800 <= ord(c) <= 0x28FF)
    assert picture.axis.column(123) == column - picture.layout.gutter


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), n=st.sampled_from([30, 300, 5000]), spread=st.floats(0.01, 3))
def test_no_extreme_of_the_upper_curve_is_lost(seed: int, n: int, spread: float) -> None:
    y = np.random.default_rng(seed).lognormal(0, spread, n)
    shown = plot([1.0] * n, y.tolist())
    picture = drawn(shown, (60, 14), log=True)
    assert picture.scale is not None
    place, height = picture.layout, 4 * picture.layout.rows
    for t in (int(y.argmax()), int(y.argmin())):
        dot = height - 1 - int(picture.scale.dots(y[[t]], height)[0])
        column = int(picture.axis.dot(t))
        cell = place.top + dot // 4, place.gutter + column // 2
        char, paper = picture.canvas.char[cell], picture.canvas.paper[cell]
        bit = [[0, 3], [1, 4], [2, 5], [6, 7]][dot % 4][column % 2]
        raised = int(char) - 0x2800 >> bit & 1
        assert raised or chr(char) in UNICODE.bars[1:] or paper == DARK.adaptive_tint


def test_a_missing_sample_leaves_a_gap() -> None:
    y = [1.0] * 10 + [np.nan] * 10 + [1.0] * 11
    picture = drawn(plot(y), (40, 6))
    place = picture.layout
    inks = picture.canvas.ink[place.top : place.top + place.rows - 1, place.gutter :]
    curve = (inks == DARK.frozen).any(axis=0)
    assert curve[:10].all()
    assert not curve[11:21].any()
    assert curve[23:].all()


def test_the_name_of_a_far_threshold_stands_above_the_curve() -> None:
    shown = plot([0.0, 92.0, 92.0, 92.0], thresholds=(Threshold("limit 1e6", 1e6),))
    picture = drawn(shown, (40, 12))
    top = picture.layout.top
    assert "limit 1e6" in picture.canvas.text()[top]
    assert not (picture.canvas.ink[top] == DARK.frozen).any()


def test_an_infinite_sample_points_out_of_the_plot() -> None:
    assert "↑" in text(plot([1.0, 2.0, np.inf, 2.0, 1.0]))


def test_an_empty_plot_says_why() -> None:
    assert "waiting for the first step" in text(plot([], message="waiting for the first step"))


def test_a_window_of_missing_values_says_so() -> None:
    assert "no finite values in view" in text(plot([np.nan] * 9))


def test_a_single_sample_is_a_dot_with_its_label() -> None:
    result = text(plot([3.0]))
    assert any(0x2800 < ord(c) <= 0x28FF for c in result)
    assert "\n" in result
    assert " 0" in result.splitlines()[-1]


def test_the_better_area_is_tinted_and_the_worse_one_hatched() -> None:
    picture = drawn(plot([5.0] * 41, [1.0] * 20 + [9.0] * 21, compare=(1, 0)), (60, 14))
    paper = picture.canvas.paper
    left, right = paper[:, 20], paper[:, 50]
    assert DARK.better_tint in left
    assert DARK.worse_tint not in left
    assert DARK.worse_tint in right
    assert any("╱" in line[40:] for line in picture.canvas.text())


def test_sixteen_colours_mark_the_better_area_without_a_tint() -> None:
    shown = plot([9.0] * 41, [1.0] * 41, compare=(1, 0))
    lines = paint(shown, (0, 40), (60, 14), Look(ANSI, UNICODE)).canvas.text()
    assert any("····" in line for line in lines)


def test_a_threshold_in_the_scale_is_a_line_with_its_name() -> None:
    result = text(plot(list(range(41)), thresholds=(Threshold("max 20", 20.0),)), (60, 14))
    assert "max 20" in result
    assert "↑" not in result


def test_a_far_threshold_is_named_with_an_arrow_and_leaves_the_scale_alone() -> None:
    alone = drawn(plot(list(range(41))))
    shown = plot(list(range(41)), thresholds=(Threshold("max 2000", 2000.0),))
    scale = drawn(shown).scale
    assert scale is not None
    assert alone.scale is not None
    assert scale.high < 1.3 * alone.scale.high  # a row for the name
    assert "↑ max 2000" in text(shown).splitlines()[1]


def test_a_logarithmic_axis_labels_decades() -> None:
    y = np.logspace(-6, 0, 41).tolist()
    labels = [line[:6].strip() for line in text(plot(y), (40, 30), log=True).splitlines()]
    assert [x for x in labels if x] == ["1", "0.1", "0.01", "1e-3", "1e-4", "1e-5", "1e-6", "step"]


@pytest.mark.parametrize("glyphs", GLYPHS.values(), ids=list(GLYPHS))
def test_the_lower_of_two_crossing_curves_stays_visible(glyphs: object) -> None:
    shown = plot([2.0] * 41, list(np.linspace(0, 4, 41)))
    canvas = paint(shown, (0, 40), (60, 16), Look(glyphs=glyphs)).canvas  # type: ignore[arg-type]
    assert {DARK.frozen, DARK.adaptive} <= set(canvas.ink.flat)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_column_and_its_step_agree(width: int) -> None:
    axis = TimeAxis(100, 100 + width // 3, width)
    for t in range(axis.t0, axis.t1 + 1):
        column = axis.column(t)
        assert column is not None
        assert axis.step(column) == t


def test_steps_outside_the_axis_have_no_column() -> None:
    axis = TimeAxis(10, 20, 30)
    assert (axis.column(9), axis.column(21)) == (None, None)


@pytest.mark.parametrize("height", range(1, 20))
def test_the_rows_of_a_layout_do_not_overlap(height: int) -> None:
    place = arrange(80, height)
    used = [
        place.title,
        place.line,
        place.labels,
        *range(place.top, place.top + place.rows),
    ]
    kept = [row for row in used if row >= 0]
    assert len(set(kept)) == len(kept) == height
    assert place.rows >= 1
    assert gutter(80) == place.gutter


def title(width: int, t: int | None = 3) -> str:
    shown = plot(
        [2.5e-3] * 9,
        [6e-6] * 9,
        compare=(1, 0),
        marks=Marks(np.array([3]), np.array([0])),
        note="average of 31",
    )
    parts = title_row(shown, t, TimeAxis(0, 8, 60), width, Look(), log=True)
    return "".join(text for text, _, _ in parts)


def test_the_title_reads_both_values_the_gap_and_the_attempt() -> None:
    assert title(120) == (
        "MSE log  average of 31  t 3  ━ adaptive 6.00e-6  ─ frozen 2.50e-3"
        "  417 times better  ● commit"
    )


def read(end: End, t: int) -> str:
    return value_text(Trace("a", Series(np.array([3, 4, 6]), np.full(3, 0.5)), end=end), t)


def test_beyond_its_last_sample_a_curve_says_that_it_has_ended() -> None:
    assert [read("ended", t) for t in (2, 3, 6, 7)] == ["-", "0.500", "0.500", "ended at t 6"]
    assert read("dated", 9) == "0.500 (t 6)"
    assert read("", 9) == "0.500"


def test_a_step_without_a_sample_of_its_own_has_no_value() -> None:
    assert read("ended", 5) == "-"
    assert read("", 5) == "0.500"


@pytest.mark.parametrize("width", range(0, 100, 3))
def test_the_title_never_exceeds_its_width(width: int) -> None:
    assert len(title(width)) <= width


def test_the_title_of_an_empty_run_is_the_legend() -> None:
    assert title(80, None) == "MSE log  average of 31  ━ adaptive  ─ frozen"


def test_an_axis_from_zero_shows_a_small_miss_as_small() -> None:
    near = plot([0.101] * 40, [0.1] * 40)
    zoomed = drawn(near, (60, 12), window=(0, 39)).scale
    whole = drawn(replace(near, from_zero=True), (60, 12), window=(0, 39)).scale
    assert zoomed is not None
    assert whole is not None
    assert zoomed.low > 0
    assert whole.low == 0


def marked(picture: Picture, mark: str = "✕") -> list[int]:
    """Columns of the plot that carry the mark of a NaN."""
    place = picture.layout
    row = picture.canvas.text()[place.top + place.rows - 1]
    return [i - place.gutter for i, char in enumerate(row) if char == mark and i >= place.gutter]


@pytest.mark.parametrize("n", [60, 500, 20_000])
def test_one_nan_is_marked_in_its_column_and_leaves_the_scale_alone(n: int) -> None:
    y = list(np.linspace(1.0, 2.0, n))
    whole = drawn(plot(y), (60, 12), window=(0, n - 1))
    y[n // 3] = math.nan
    picture = drawn(plot(y), (60, 12), window=(0, n - 1))
    assert marked(picture) == [picture.axis.column(n // 3)]
    assert picture.scale == whole.scale
    assert marked(whole) == []


def test_a_nan_outside_the_window_leaves_no_mark() -> None:
    y = [1.0, math.nan, *[2.0] * 60]
    assert marked(drawn(plot(y), (60, 12), window=(10, 40))) == []


def test_a_curve_without_any_number_is_not_marked_all_over() -> None:
    assert marked(drawn(plot([math.nan] * 40, [1.0] * 40), (60, 12), window=(0, 39))) == []


def test_the_average_of_a_curve_shows_the_nan_too() -> None:
    y = np.ones(40)
    y[7] = math.nan
    series = Series(np.arange(40), exponential(y, 8))
    picture = drawn(Plot(traces=(Trace("a", series),)), (60, 12), window=(0, 39))
    assert marked(picture) == [picture.axis.column(7)]


def test_numbers_that_were_never_measured_are_no_nan() -> None:
    y = np.array([1.0, math.nan, 2.0, math.nan])
    absent = Trace("a", Series(np.arange(4), y), not_numbers=np.array([3]))
    picture = drawn(Plot(traces=(absent,)), (60, 12), window=(0, 3))
    assert marked(picture) == [picture.axis.column(3)]


def test_without_other_signs_a_nan_is_an_x() -> None:
    picture = paint(plot([1.0, math.nan, 2.0]), (0, 2), (60, 12), Look(glyphs=ASCII))
    assert len(marked(picture, "x")) == 1


def test_a_tag_stands_where_its_curve_ends() -> None:
    short = Trace("a", Series(np.arange(20), np.full(20, 2.0)), 0, tag="1")
    long = Trace("b", Series(np.arange(60), np.full(60, 1.0)), 1, tag="2")
    picture = drawn(Plot(traces=(short, long)), (69, 12), window=(0, 59))
    rows = picture.canvas.text()
    for tag, last in (("1", 19), ("2", 59)):
        columns = [line.index(tag, 9) - 9 for line in rows[1:-2] if tag in line[9:]]
        assert columns == [picture.axis.column(last)]


def test_without_braille_a_curve_consists_of_its_tag() -> None:
    a = Trace("a", Series(np.arange(40), np.full(40, 2.0)), 0, heavy=True, tag="1")
    b = Trace("b", Series(np.arange(40), np.full(40, 1.0)), 1, heavy=True, tag="2")
    picture = paint(Plot(traces=(a, b)), (0, 39), (49, 10), Look(glyphs=ASCII))
    text = "\n".join(line[7:] for line in picture.canvas.text()[1:-2])
    assert text.count("1") > 30
    assert text.count("2") > 30


@pytest.mark.parametrize("glyphs", GLYPHS.values(), ids=list(GLYPHS))
def test_a_dashed_line_leaves_the_line_below_it_in_sight(glyphs: Glyphs) -> None:
    shown = plot([1.0] * 41, [1.0] * 41)
    over = replace(shown.traces[0], dashed=True)
    both = replace(shown, traces=(shown.traces[1], over))
    canvas = paint(both, (0, 40), (60, 12), Look(glyphs=glyphs)).canvas
    inks = [set(canvas.ink[:, column]) & {DARK.frozen, DARK.adaptive} for column in range(9, 60)]
    assert inks[:4] == [{DARK.frozen}] * 2 + [{DARK.adaptive}] * 2
    assert all(len(ink) == 1 for ink in inks)


def test_without_an_axis_of_steps_its_rows_are_the_plot_s() -> None:
    place = arrange(80, 5, steps=False)
    assert (place.title, place.top, place.rows, place.line, place.labels) == (0, 1, 4, -1, -1)


@pytest.mark.parametrize(("window", "marks"), [((0, 6), 1), ((2, 2), 1), ((5, 6), 0)])
def test_a_sample_that_no_line_reaches_is_a_mark(window: tuple[int, int], marks: int) -> None:
    shown = plot([], [math.nan, math.nan, 1.0, math.nan, math.nan, 3.0, 4.0])
    found = "".join(drawn(shown, window=window).canvas.text())
    assert found.count(UNICODE.samples[0]) == marks


@pytest.mark.parametrize(("height", "tinted"), [(5, False), (12, True)])
def test_a_low_plot_draws_the_range_of_each_column_as_a_line(height: int, tinted: bool) -> None:
    y = np.sin(np.arange(2000) * 1.7)
    y[1000] = 5.0
    picture = drawn(Plot("x", traces=(Trace("x", Series(np.arange(2000), y)),)), (40, height))
    inside = picture.canvas.paper[picture.layout.top : picture.layout.top + picture.layout.rows]
    assert bool((inside == DARK.adaptive_tint).any()) == tinted
    spike = picture.layout.gutter + int(picture.axis.cell(1000))
    assert (picture.canvas.ink[picture.layout.top, spike] == DARK.adaptive) != tinted

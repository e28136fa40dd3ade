"""Stacked plots and the friction picture at every size, with any numbers."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tttui.draw import stack
from tttui.draw.envelope import Series
from tttui.draw.glyphs import ASCII, UNICODE
from tttui.draw.look import Look
from tttui.draw.palette import DARK
from tttui.draw.plot import Plot, Trace
from tttui.model.pointmass.settings import World
from tttui.tasks.pointmass import friction
from tttui.tasks.pointmass.friction import FrictionFacts
from tttui.tasks.pointmass.hidden import Implied, regime
from tttui.tasks.pointmass.identify import MU_GRID

T = np.arange(100)
WAVE = Series(T, np.sin(T / 9))


def plot(name: str, series: Series, stems: Series | None = None) -> Plot:
    """A curve, in front of stems."""
    below = () if stems is None else (Trace("a", stems, "third", style="stems"),)
    return Plot(name, traces=(*below, Trace(name, series)))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(width=64), min_size=1, max_size=40),
    st.integers(1, 90),
    st.integers(1, 40),
    st.sampled_from([UNICODE, ASCII]),
)
def test_no_numbers_break_the_stack(
    values: list[float], width: int, height: int, glyphs: object
) -> None:
    series = Series(np.arange(len(values)), np.array(values))
    shown = (plot("x", series), plot("vx", series, series))
    window = (0, len(values) - 1)
    canvas, *_ = stack.paint(shown, window, (width, height), Look(glyphs=glyphs))  # type: ignore[arg-type]
    assert (canvas.rows, canvas.columns) == (height, width)


def test_all_panels_share_the_height_evenly() -> None:
    layout = stack.arrange(80, 30, 4)
    assert len(layout.tops) == 4
    assert max(layout.rows) - min(layout.rows) <= 1


def test_panels_without_room_are_left_out_from_the_end() -> None:
    assert len(stack.arrange(80, 6, 4).tops) == 2


def test_stems_stand_on_zero() -> None:
    pushes = Series(T, np.where(T == 50, 5.0, 0.0))
    window = (0, 99)
    with_stems, layout, _ = stack.paint([plot("p", WAVE, pushes)], window, (110, 20), Look())
    column = layout.gutter + round(50 / 99 * (layout.columns - 1))
    drawn = with_stems.ink[:, column - 1 : column + 2] == DARK.third
    assert drawn.sum() > 8


def facts(mu: float = 0.12, implied: float = 0.2) -> FrictionFacts:
    z, a = np.array([1.0, 2.0, 0.05, 0.1]), np.array([0.3, -0.4])
    law = World(env_mode="nonlinear")
    curve = (MU_GRID - implied) ** 2 + 1e-6
    result = Implied(implied, curve)
    return FrictionFacts(
        mu, (0.02, 0.25), result, "weights since t 64", regime(z, mu, law), z, a, 1.0, "nonlinear"
    )


def text_of(
    shown: FrictionFacts, width: int = 90, height: int = 20, glyphs: object = UNICODE
) -> str:
    canvas = friction.paint(shown, (width, height), Look(glyphs=glyphs), "")  # type: ignore[arg-type]
    return "\n".join(canvas.text())


def test_the_implied_friction_and_its_distance_are_told() -> None:
    text = text_of(facts())
    assert "the weights imply 0.2000" in text
    assert "off by +0.0800 (+66.7%)" in text
    assert "weights since t 64" in text


def test_the_law_is_told_with_the_numbers_of_the_step() -> None:
    text = text_of(facts())
    assert "now static: |v| 0.112 < 0.240, mu_eff = 0.240" in text
    assert "v' = (1 - 0.240) (0.0500, 0.100) + (0.300, -0.400)" in text


def test_true_and_implied_stand_on_the_scale_where_they_belong() -> None:
    lines = text_of(facts()).splitlines()
    true, implied = (next(line.index(mark) for line in lines if mark in line) for mark in "▼▲")
    width = 90 - 8
    assert true == pytest.approx(8 + 0.12 / 0.5 * width, abs=1)
    assert implied == pytest.approx(8 + 0.2 / 0.5 * width, abs=1)


def test_a_friction_that_is_no_longer_the_present_one_is_told_with_its_step() -> None:
    title = text_of(FrictionFacts(0.05, mode="linear", when="at t 96, now 0.3")).splitlines()[0]
    assert title.split() == ["Hidden", "friction", "mu", "at", "t", "96,", "now", "0.3", "linear"]


def test_a_friction_at_the_edge_of_what_is_tried_says_so() -> None:
    assert "0.5 or more" in text_of(facts(implied=0.5))


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_an_unknown_friction_is_said_to_be_unknown(glyphs: object) -> None:
    text = text_of(FrictionFacts(source="no weights recorded yet"), glyphs=glyphs)
    assert "unknown" in text
    assert "no weights recorded yet" in text


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 120), st.integers(1, 30), st.floats(width=64), st.sampled_from("ua"))
@example(102, 4, -9.6e305, "u")
def test_no_size_and_no_friction_break_the_picture(
    width: int, height: int, mu: float, kind: str
) -> None:
    with np.errstate(all="ignore"):
        shown = FrictionFacts(
            mu if np.isfinite(mu) else None, (0.02, 0.25), Implied(mu, MU_GRID * mu)
        )
        text_of(shown, width, height, UNICODE if kind == "u" else ASCII)


@pytest.mark.parametrize("of", ["curve", "stems"])
def test_what_is_not_a_number_is_marked_on_the_lowest_row_of_its_panel(of: str) -> None:
    y = np.sin(T / 9)
    y[50] = np.nan
    odd = Series(T, y)
    first = plot("x", odd) if of == "curve" else plot("x", WAVE, odd)
    canvas, layout, _ = stack.paint((first, plot("y", WAVE)), (0, 99), (60, 20), Look())
    marks = [(r, c) for r, row in enumerate(canvas.text()) for c, x in enumerate(row) if x == "✕"]
    assert [r for r, _ in marks] == [layout.tops[0] + layout.rows[0]]
    assert abs(marks[0][1] - layout.gutter - layout.columns // 2) <= 1


@pytest.mark.parametrize(("height", "seen"), [(5, False), (12, True)])
def test_stems_are_left_out_where_the_curve_hides_all_but_some_dots(
    height: int, seen: bool
) -> None:
    t = np.arange(400)
    shown = (plot("vx", Series(t, np.sin(t / 9)), Series(t, np.cos(t))),)
    canvas, *_ = stack.paint(shown, (0, 399), (60, height), Look())
    assert bool((canvas.ink == DARK.third).any()) == seen

"""Names and values of many curves in rows of their own."""

import numpy as np
import pytest

from tttui.draw import legend
from tttui.draw.envelope import Series
from tttui.draw.look import Look
from tttui.draw.plot import End, Plot, Trace


def trace(name: str, n: int = 100, end: End = "ended", *, heavy: bool = False) -> Trace:
    return Trace(name, Series(np.arange(n), np.full(n, 0.0123)), 0, heavy, end=end)


def plot(*traces: Trace) -> Plot:
    return Plot("MSE", traces=traces, legend=True)


def rows(shown: Plot, width: int, height: int, t: int | None = 50) -> list[str]:
    places = legend.arrange(shown, width, height)
    return [
        "".join(text for text, _, _ in legend.row(places, shown, k, t, Look())).rstrip()
        for k in range(places.rows)
    ]


def test_two_short_names_stay_in_the_title_row() -> None:
    assert legend.arrange(plot(trace("frozen"), trace("adaptive")), 120, 20) == legend.NONE


def test_the_main_curves_come_first_and_every_value_is_there() -> None:
    shown = plot(trace("frozen 1"), trace("1 demo", heavy=True), trace("2 other", heavy=True))
    assert rows(shown, 60, 20) == ["━ 1 demo 0.0123    ━ 2 other 0.0123    ─ frozen 1 0.0123"]
    assert rows(shown, 50, 20) == ["━ 1 demo 0.0123      ━ 2 other 0.0123", "─ frozen 1 0.0123"]


def test_a_long_name_does_not_widen_the_places_of_short_ones() -> None:
    names = ("adaptive", "twice the context", "zlib so far", "lzma so far", "frozen")
    shown = plot(*(trace(name, end="", heavy=name == "adaptive") for name in names))
    assert len(rows(shown, 120, 20)) == 1


def test_a_curve_that_has_ended_says_where() -> None:
    shown = plot(*(trace(f"{i} s", 20 if i == 1 else 600, heavy=True) for i in range(1, 6)))
    text = " ".join(rows(shown, 80, 20, t=599))
    assert "━ 1 s ended at t 19" in text
    assert "━ 2 s 0.0123" in text


def test_a_yardstick_that_lags_by_a_step_carries_its_step() -> None:
    shown = plot(*(trace(f"yardstick {i}", 99, "dated") for i in range(6)))
    assert "─ yardstick 0 0.0123 (t 98)" in " ".join(rows(shown, 80, 20, t=99))


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("n", [3, 6, 12])
def test_names_of_sessions_are_distinct_at_every_width(width: int, n: int) -> None:
    names = [f"{i + 1} sweep-of-learning-rates-{i}-in-world" for i in range(n)]
    shown = plot(*(trace(name, heavy=True) for name in names))
    places = legend.arrange(shown, width, 24)
    text = rows(shown, width, 24)
    assert all(len(row) <= width for row in text)
    named = [part.split()[0] for row in text for part in row.split("━ ") if part.strip()]
    assert named[: len(places.order)] == [str(i + 1) for i in range(len(places.order))]
    assert len(places.order) + places.hidden == n
    assert places.hidden == 0 or width < 60


def test_what_has_no_place_is_counted() -> None:
    shown = plot(*(trace(f"{i} a-long-name-of-a-session", heavy=True) for i in range(1, 13)))
    places = legend.arrange(shown, 40, 8)
    assert places.hidden > 0
    assert rows(shown, 40, 8)[-1].endswith(f"and {places.hidden} more")


def test_places_do_not_move_with_the_cursor() -> None:
    shown = plot(*(trace(f"{i} session", 20 * i, heavy=True) for i in range(1, 6)))
    columns = {t: [row.index("━", 1) for row in rows(shown, 80, 20, t)[:1]] for t in (0, 30, 90)}
    assert len({tuple(at) for at in columns.values()}) == 1


def test_a_small_chart_keeps_its_rows_for_the_curves() -> None:
    shown = plot(*(trace(f"{i} session", heavy=True) for i in range(1, 6)))
    assert legend.arrange(shown, 80, 7) == legend.NONE

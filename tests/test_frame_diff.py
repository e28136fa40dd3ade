"""Only cells that changed are sent, and the terminal still shows exactly the frame."""

from collections.abc import Iterable, Sequence

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from tttui.draw.canvas import GRIDS, REVERSED, UNDERLINED, Canvas
from tttui.draw.colours import ANSI, DEFAULT
from tttui.terminal.frame_diff import FrameDiff
from tttui.terminal.sgr import PLAIN, Pen, pen_of
from tttui.toolkit import ChopsUpdate, LayoutUpdate
from tttui.toolkit import Line as LineStrip
from tttui.widgets.painted import Painted, PaintedRow

WIDTH, HEIGHT = 12, 3
CONSOLE = Console(color_system="truecolor", force_terminal=True, width=WIDTH)
STYLES = (
    None,
    Style(bold=True),
    Style(color="red"),
    Style(bgcolor="#102030", color="#ffffff"),
    Style(bgcolor="#102030", color="#ffffff", bold=True),
    Style(underline=True, reverse=True),
)

cells = st.tuples(st.sampled_from("ab ─●é"), st.sampled_from(STYLES))
lines = st.lists(cells, min_size=WIDTH, max_size=WIDTH)
frames = st.lists(lines, min_size=HEIGHT, max_size=HEIGHT)
Line = Sequence[tuple[str, Style | None]]


def layout(frame: Sequence[Line]) -> LayoutUpdate:
    strips: list[Iterable[Strip]] = [[Strip([Segment(c, s) for c, s in line])] for line in frame]
    return LayoutUpdate(strips, Region(0, 0, WIDTH, HEIGHT))


class Screen:
    """A terminal that remembers text and colours."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.screen = pyte.Screen(width, height)
        self.stream = pyte.Stream(self.screen)

    def show(self, data: str) -> None:
        self.stream.feed(data)

    def cells(self) -> list[list[tuple[str, str, str, bool]]]:
        buffer = self.screen.buffer
        return [
            [
                (c.data, c.fg if c.data != " " else "", c.bg, c.bold and c.data != " ")
                for c in (buffer[y][x] for x in range(self.screen.columns))
            ]
            for y in range(self.screen.lines)
        ]


@given(st.lists(frames, min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_differences_show_the_same_screen_as_whole_frames(shown: list[list[Line]]) -> None:
    frame, terminal = FrameDiff(), Screen()
    for each in shown:
        terminal.show(frame.wrap(layout(each)).render_segments(CONSOLE))
        whole = Screen()
        whole.show(layout(each).render_segments(CONSOLE).replace("\n", ""))
        assert terminal.cells() == whole.cells()


ROWS, COLUMNS, SIDE = 14, 40, 8
"""Of a page with a panel beside it that stays where it is."""

pages = st.tuples(
    st.integers(0, 12), st.sampled_from(["plain", "wide", "blank"]), st.integers(0, ROWS)
)


def page(top: int, kind: str, marked: int) -> list[Iterable[Strip]]:
    """Rows from `top` on of a text; one of them is marked."""
    words = {"plain": "the quick brown fox", "wide": "日本語 text", "blank": " "}
    rows: list[Iterable[Strip]] = []
    for y in range(ROWS):
        text = f"{top + y:>3} {words[kind]} {(top + y) * 7919 % 997}"
        line = Strip([Segment(text, STYLES[3] if y == marked else STYLES[(top + y) % 4])])
        side = Strip([Segment(f"side{y:>4}", STYLES[2])])
        rows.append([line.adjust_cell_length(COLUMNS - SIDE), side])
    return rows


@given(st.lists(pages, min_size=2, max_size=5))
@settings(deadline=None, max_examples=60)
def test_a_page_that_scrolls_beside_what_stays_shows_as_a_whole_frame(
    shown: list[tuple[int, str, int]],
) -> None:
    frame, terminal = FrameDiff(), Screen(COLUMNS, ROWS)
    for each in shown:
        update = LayoutUpdate(page(*each), Region(0, 0, COLUMNS, ROWS))
        terminal.show(frame.wrap(update).render_segments(CONSOLE))
        whole = Screen(COLUMNS, ROWS)
        lines = "\r\n".join("".join(strip.render(CONSOLE) for strip in row) for row in page(*each))
        whole.show(lines)
        assert terminal.cells() == whole.cells()


@pytest.mark.parametrize("by", [1, -1, 3])
def test_rows_that_only_moved_are_moved_by_the_terminal(by: int) -> None:
    frame = FrameDiff()
    region = Region(0, 0, COLUMNS, ROWS)
    first = frame.wrap(LayoutUpdate(page(5, "plain", -1), region)).render_segments(CONSOLE)
    then = frame.wrap(LayoutUpdate(page(5 + by, "plain", -1), region)).render_segments(CONSOLE)
    assert f"\x1b[1;{ROWS}r" in then
    assert len(then) < 0.7 * len(first)


looks = st.tuples(
    st.sampled_from("ab ─⣿"),
    st.sampled_from([DEFAULT, 0xFF0000, 0x00FF00, ANSI + 1]),
    st.sampled_from([DEFAULT, 0x102030, ANSI + 4]),
    st.booleans(),
    st.integers(0, UNDERLINED | REVERSED),
)
pictures = st.lists(looks, min_size=WIDTH * HEIGHT, max_size=WIDTH * HEIGHT)


def canvas_of(picture: Sequence[tuple[str, int, int, bool, int]]) -> Canvas:
    canvas = Canvas(HEIGHT, WIDTH)
    chars, *others = zip(*picture, strict=True)
    for name, values in zip(GRIDS, ([*map(ord, chars)], *others), strict=True):
        getattr(canvas, name).ravel()[:] = values
    return canvas


@given(st.lists(pictures, min_size=2, max_size=2), st.sampled_from([DEFAULT, 0x0A0A0A]))
@settings(deadline=None, max_examples=60)
def test_painted_rows_are_sent_as_the_segments_that_they_stand_for(
    shown: list[list[tuple[str, int, int, bool, int]]], ground: int
) -> None:
    frames, terminals = (FrameDiff(), FrameDiff()), (Screen(), Screen())
    for picture in shown:
        canvas = canvas_of(picture)
        painted = Painted(canvas, ground)
        rows: list[Strip] = [PaintedRow(painted, y) for y in range(HEIGHT)]
        lines: list[Strip] = [LineStrip(segments, WIDTH) for segments in canvas.lines(ground)]
        for i, strips in enumerate((rows, lines)):
            update = LayoutUpdate([[strip] for strip in strips], Region(0, 0, WIDTH, HEIGHT))
            terminals[i].show(frames[i].wrap(update).render_segments(CONSOLE))
        assert terminals[0].cells() == terminals[1].cells()
        assert [row.text for row in rows] == canvas.text()


def test_an_unchanged_frame_sends_nothing() -> None:
    frame = FrameDiff()
    same = [[("x", STYLES[2])] * WIDTH] * HEIGHT
    assert frame.wrap(layout(same)).render_segments(CONSOLE)
    assert frame.wrap(layout(same)).render_segments(CONSOLE) == ""


def test_one_changed_cell_sends_one_cell() -> None:
    frame = FrameDiff()
    before = [[("x", None)] * WIDTH for _ in range(HEIGHT)]
    frame.wrap(layout(before)).render_segments(CONSOLE)
    before[1][5] = ("y", None)
    assert frame.wrap(layout(before)).render_segments(CONSOLE) == "\x1b[2;6Hy"


def test_a_blank_that_only_changes_its_ink_is_not_sent_again() -> None:
    frame = FrameDiff()
    red = [[(" ", Style(color="red"))] * WIDTH] * HEIGHT
    blue = [[(" ", Style(color="blue", bold=True))] * WIDTH] * HEIGHT
    frame.wrap(layout(red)).render_segments(CONSOLE)
    assert frame.wrap(layout(blue)).render_segments(CONSOLE) == ""


def test_after_forgetting_everything_is_sent_again() -> None:
    frame = FrameDiff()
    same = [[("x", None)] * WIDTH] * HEIGHT
    first = frame.wrap(layout(same)).render_segments(CONSOLE)
    frame.forget()
    assert frame.wrap(layout(same)).render_segments(CONSOLE) == first


def test_a_partial_update_changes_only_its_span() -> None:
    frame, terminal = FrameDiff(), Screen()
    before: list[Line] = [[("x", None)] * WIDTH for _ in range(HEIGHT)]
    terminal.show(frame.wrap(layout(before)).render_segments(CONSOLE))
    chop = Strip([Segment("xxyyxx", STYLES[1])])
    update = ChopsUpdate([{}, {4: chop}, {}], [(1, 4, 10)], [[], [10], []])
    terminal.show(frame.wrap(update).render_segments(CONSOLE))
    assert terminal.screen.display[1] == "xxxxxxyyxxxx"


def test_a_partial_update_leaves_what_begins_where_its_span_ends() -> None:
    frame, terminal = FrameDiff(), Screen()
    before: list[Line] = [[("x", None)] * WIDTH for _ in range(HEIGHT)]
    terminal.show(frame.wrap(layout(before)).render_segments(CONSOLE))
    line = {0: Strip([Segment("yyyyyy")]), 6: Strip([Segment(" " * 6)])}
    update = ChopsUpdate([{}, line, {}], [(1, 0, 6)], [[], [6, 12], []])
    terminal.show(frame.wrap(update).render_segments(CONSOLE))
    assert terminal.screen.display[1] == "yyyyyyxxxxxx"


def test_wide_characters_keep_their_place() -> None:
    frame, terminal = FrameDiff(), Screen()
    for text in ("ab界cd", "a界bcd", "abcdef"):
        line = Strip([Segment(text + " " * (WIDTH - 6))])
        rows: list[Iterable[Strip]] = [[line], [Strip.blank(WIDTH)], [Strip.blank(WIDTH)]]
        update = LayoutUpdate(rows, Region(0, 0, WIDTH, HEIGHT))
        terminal.show(frame.wrap(update).render_segments(CONSOLE))
        assert terminal.screen.display[0].rstrip() == text


@pytest.mark.parametrize(
    ("system", "ink"),
    [
        (ColorSystem.TRUECOLOR, "38;2;240;0;0"),
        (ColorSystem.EIGHT_BIT, "38;5;196"),
        (ColorSystem.STANDARD, "31"),
    ],
)
def test_colours_are_reduced_to_what_the_terminal_has(system: ColorSystem, ink: str) -> None:
    assert pen_of(Style(color="#f00000", bold=True), system) == Pen("1", ink, "49")


def test_a_colour_that_every_terminal_has_is_chosen_by_its_number() -> None:
    result = pen_of(Style(color="#ff0000", bgcolor="#080808"), ColorSystem.TRUECOLOR)
    assert result == Pen("", "38;5;196", "48;5;232")


def test_only_what_differs_between_two_styles_is_sent() -> None:
    red = Pen("", "31", "40")
    assert Pen("", "32", "40").from_pen(red) == "\x1b[32m"
    assert PLAIN.from_pen(red) == "\x1b[0m"
    assert Pen("1", "31", "40").from_pen(red) == "\x1b[1m"
    assert red.from_pen(Pen("1", "31", "40")) == "\x1b[22m"


def test_an_end_that_two_attributes_share_keeps_the_one_that_stays() -> None:
    colours = "38;2;200;210;220", "48;2;10;20;30"
    both, dim = Pen("1;2", *colours), Pen("2", *colours)
    assert dim.from_pen(both) == "\x1b[22;2m"

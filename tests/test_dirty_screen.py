"""A screen has only those lines made that changed, and sends what is seen of them."""

from collections.abc import Iterable

import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from tests.toolkit import partial_update, screen_strips
from tttui.terminal.frame_diff import FrameDiff
from tttui.toolkit import DirectWidget, DirtyScreen, LayoutUpdate, Line

WIDTH, HEIGHT = 30, 8


class Letters(DirectWidget):
    """Rows of one letter, which remembers the rows that it was asked for."""

    def __init__(self, letter: str, id: str) -> None:
        super().__init__(id=id)
        self.letter = letter
        self.asked: list[int] = []

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked += crop.line_range
        text = self.letter * self.size.width
        return [Line([Segment(text)], len(text)).crop(*crop.column_span) for _ in crop.line_range]


class Page(DirtyScreen[None]):
    DEFAULT_CSS = """
    Page { layers: below above; layout: horizontal; }
    #left, #right { width: 1fr; height: 1fr; layer: below; }
    #over { layer: above; width: 10; height: 3; offset: 10 2; }
    """

    def compose(self) -> ComposeResult:
        yield Letters("l", "left")
        yield Letters("r", "right")
        yield Letters("o", "over")


class Shown(App[None]):
    def get_default_screen(self) -> Screen[None]:
        return Page()


def changed(app: App[None], widget: str, letter: str, *regions: Region) -> Letters:
    """The widget after a change of its letter, of which it says that it shows in some regions."""
    for each in app.query(Letters):
        each.asked.clear()
    result = app.query_one(f"#{widget}", Letters)
    result.letter = letter
    result.refresh(*regions)
    return result


@pytest.mark.parametrize(
    ("widget", "region", "made"),
    [
        ("left", Region(3, 1, 2, 1), {"left": [1]}),
        ("right", Region(9, 5, 1, 2), {"right": [5, 6]}),
        ("left", Region(0, 1, 15, 3), {"left": [1, 2, 3], "over": [0, 1]}),
        ("over", Region(0, 1, 1, 1), {"over": [1]}),
    ],
)
async def test_only_lines_that_are_seen_to_change_are_made(
    widget: str, region: Region, made: dict[str, list[int]]
) -> None:
    app = Shown()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        assert partial_update(changed(app, widget, "x", region)) is not None
        assert {each.id: each.asked for each in app.query(Letters) if each.asked} == made


async def test_what_lies_behind_others_is_not_made_for_a_whole_screen_either() -> None:
    app = Shown()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        over = app.query_one("#over")
        over.styles.width, over.styles.height, over.styles.offset = 20, HEIGHT, (10, 0)
        await pilot.pause()
        for each in app.query(Letters):
            each.asked.clear()
        assert {row.text for row in screen_strips(app)} == {"l" * 10 + "o" * 20}
        every = list(range(HEIGHT))
        assert {each.id: each.asked for each in app.query(Letters)} == {
            "left": every,
            "right": [],
            "over": every,
        }


@pytest.mark.parametrize("widget", ["left", "right", "over"])
async def test_what_is_sent_of_a_change_completes_the_picture(widget: str) -> None:
    app, frame, terminal = Shown(), FrameDiff(), pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(terminal)
    console = Console(color_system="truecolor", force_terminal=True, width=WIDTH)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        rows: list[Iterable[Strip]] = [[row] for row in screen_strips(app)]
        whole = LayoutUpdate(rows, Region(0, 0, WIDTH, HEIGHT))
        stream.feed(frame.wrap(whole).render_segments(console))
        update = partial_update(changed(app, widget, "x"))
        assert update is not None
        stream.feed(frame.wrap(update).render_segments(console))
        assert terminal.display == [row.text for row in screen_strips(app)]
        assert "x" in "".join(terminal.display)


async def test_a_widget_that_changed_often_is_made_once_and_a_hidden_one_when_it_is_shown() -> None:
    app = Shown()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        app.query_one("#over").display = False
        await pilot.pause()
        over = changed(app, "over", "x")
        left = changed(app, "left", "y")
        left.refresh()
        await pilot.pause()
        assert (left.asked, over.asked) == (list(range(HEIGHT)), [])
        over.display = True
        await pilot.pause()
        assert "x" * 10 in {row.text[10:20] for row in screen_strips(app)}

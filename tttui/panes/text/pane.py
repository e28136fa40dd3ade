"""Text: the document that a session reads, each character tinted by what learning saved at it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from time import monotonic

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from tttui.draw.textpaint import Mark
from tttui.export.request import ExportRequest
from tttui.model.document import Document, Reading, Totals
from tttui.model.search import TextQuery, matches
from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.model.text import visible
from tttui.panes.text.continued import ExpectedPanel
from tttui.panes.text.searching import NO_QUERY, Searching
from tttui.panes.view import Pane, View
from tttui.store.snapshot import DOCUMENT
from tttui.widgets.page import Page
from tttui.widgets.querybar import QueryBar
from tttui.widgets.texthead import TextHead
from tttui.widgets.textpage import TextPage
from tttui.widgets.timeview import TimeView

BESIDE = 150
"""Columns of the tab from which on the continuations stand beside the text."""

ROW_S = 0.25
"""Seconds for each row of the page that it, and what is expected, stay at least while what is
read is followed: a model reads many times as fast as a person, and a row is 0.5 KB to send."""


class TextPane(Pane):
    """The page around the cursor; below or beside it what both models expect there."""

    needs = frozenset({DOCUMENT.name})

    DEFAULT_CSS = """
    TextPane { layout: vertical; height: 1fr; }
    TextPane #head { height: 2; }
    TextPane QueryBar { display: none; }
    TextPane.searching QueryBar { display: block; }
    TextPane #both { height: 1fr; }
    TextPane #page { height: 1fr; width: 1fr; }
    TextPane #expected { height: 9; }
    TextPane.low #expected { height: 8; }
    TextPane.low #here { height: 1; }
    TextPane.tiny #expected { display: none; }
    TextPane.beside #both { layout: horizontal; }
    TextPane.beside #expected { width: 52; height: 1fr; margin-left: 1; }
    TextPane.beside #here { height: 7; }
    TextPane.beside #models { layout: vertical; }
    TextPane.beside #models Page { height: 8; }
    TextPane #nothing { display: none; height: 1fr; padding: 1 2; }
    TextPane.empty #nothing { display: block; }
    TextPane.empty #head, TextPane.empty #both { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._of: object = None
        """The session that is shown."""
        self._at = 0
        """The byte whose continuations are shown; in the window of the cursor."""
        self._column: int | None = None
        """The cell in which up and down keep the cursor, also through short rows."""
        self._goal: tuple[int, int] | None = None
        """The step that the cursor was asked to go to, and the byte there."""
        self._totals: tuple[object, Totals] | None = None
        self._wanted: int | None = None
        """The byte of a link, until the document is there."""
        self._turned_at = self._glanced_at = -inf
        """When the page was turned and what is expected was shown, of a live session."""
        self._later: Timer | None = None
        """Shows what was not shown yet."""
        self._search = Searching(self.derived)

    def compose(self) -> ComposeResult:
        yield TextHead(id="head")
        yield QueryBar("text in the document")
        with Vertical(id="both"):
            yield TextPage(id="page")
            yield ExpectedPanel(self.derived, id="expected")
        yield Page("Text", id="nothing")

    def use_room(self) -> None:
        width, height = self.room
        self.set_class(width >= BESIDE and height >= 30, "beside")
        self.set_class(height < 26, "low")
        self.set_class(height < 15 or width < 50, "tiny")
        if self._view is not None:
            self.show(self._view)

    @on(Pane.Derived)
    def _on_derived(self) -> None:
        view, document = self._view, self.document
        if view is None or document is None:
            return
        searched, offset = self._search.news()
        if offset is not None:
            self._go(offset)
        if searched:
            self.show(view)
        else:
            self._show_expected(view, document)

    # What is shown

    @property
    def document(self) -> Document | None:
        reading = None if self._view is None else self._view.document
        return None if reading is None else reading.document

    @property
    def settled(self) -> bool:
        """The page is shown, with what both models expect at the cursor."""
        if self._view is None or self._view.document is None:
            return False
        if self._search.busy:
            return False
        if self.document is None or not self._wants():
            return True
        return self.query_one(ExpectedPanel).settled or self._later is not None

    def awaits(self, action: str) -> bool:
        return self._view is None or self._view.document is None

    def show(self, view: View) -> None:
        self._view = view
        if not self.is_mounted:
            return
        place = (view.data.place, view.data.run)
        page = self.query_one(TextPage)
        if place != self._of:
            self._of, self._at, self._goal, self._totals = place, 0, None, None
            self._search.query = NO_QUERY
            page.forget()
        reading = view.document
        document = self.document
        self.set_class(document is None, "empty")
        if document is None or reading is None:
            self._show_nothing(view, reading)
            return
        if self._wanted is not None and not view.timeline.empty and not view.data.loading:
            target, self._wanted = self._wanted, None
            self._go(target)
            if self._view is not view:
                return
        window = document.window(view.timeline.cursor)
        if self._goal is not None and self._goal[0] == view.timeline.cursor:
            self._at, self._goal = self._goal[1], None
        if not window[0] <= self._at < window[1]:
            self._at, self._column = min(window[0], document.size - 1), None
        until = document.size if view.timeline.at_end else window[1]
        following = self._followed(view, document)
        if following:
            # the end of what was read marks itself, and a window that moves on is a lot to send
            window = document.span(self._at)
        mark = Mark(self._at, window, until)
        if self._search.query:
            begin, end = page.bounds_at(document, mark)
            mark = replace(mark, matches=matches(document, self._search.query, begin, end))
        self._turn(page, document, mark, following)
        self._show_head(view, document, reading)
        self._show_expected(view, document)

    @staticmethod
    def _followed(view: View, document: Document) -> bool:
        """What is read is followed while it is read."""
        return view.timeline.follow and document.scored < document.size

    def _turn(self, page: TextPage, document: Document, mark: Mark, following: bool) -> None:
        """Show the page; one that is followed is turned when it has stayed for a while."""
        if not following:
            self._turned_at = self._glanced_at = -inf
            page.show(document, mark)
            return
        now = self.clock()
        left = self._turned_at + self._hold_s - now
        if page.show(document, mark, followed=True, held=left > 0):
            self._turned_at = now
        elif not page.has_cursor and self._later is None:
            self._later = self.set_timer(max(left, 0.0), self._show_later)

    def _show_later(self) -> None:
        self._later = None
        if self._view is not None:
            self.show(self._view)

    @property
    def _hold_s(self) -> float:
        return ROW_S * self.query_one(TextPage).content_size.height

    clock: Callable[[], float] = staticmethod(monotonic)
    """Seconds."""

    def _show_head(self, view: View, document: Document, reading: Reading) -> None:
        key = (view.data.steps, document.size)
        if self._totals is None or self._totals[0] != key:
            self._totals = key, Totals(view.data.steps, document)
        totals, t = self._totals[1], view.timeline.cursor
        here = (totals.at(t),) if not self._followed(view, document) else ()
        self.query_one(TextHead).tell(
            _name(view.data), document, totals.until(t), here, reading.problems
        )
        bar = self.query_one(QueryBar)
        shown = bar.typing or bool(self._search.query)
        self.set_class(shown, "searching")
        if shown:
            bar.say(*self._search.says(), view.palette)

    def _wants(self) -> bool:
        """The continuations have room, and the cursor stands still."""
        view = self._view
        return view is not None and not view.timeline.playing and not self.has_class("tiny")

    def _show_expected(self, view: View, document: Document) -> None:
        if not self._wants():
            return
        if self._followed(view, document):
            now = self.clock()
            left = self._glanced_at + self._hold_s - now
            panel = self.query_one(ExpectedPanel)
            if left > 0 and not panel.shows(self._at):
                self._later = self._later or self.set_timer(left, self._show_later)
                return
            if not panel.shows(self._at):
                self._glanced_at = now
        lines = 5 if self.has_class("beside") else 0 if self.has_class("low") else 1
        self.query_one(ExpectedPanel).show(view, document, self._at, lines)

    def _show_nothing(self, view: View, reading: Reading | None) -> None:
        failed = view.failure(DOCUMENT)
        reasons = [failed] if failed else list(reading.problems) if reading is not None else []
        page = self.query_one("#nothing", Page)
        if reasons:
            page.set_content(
                lambda prose: [prose.say(text, prose.palette.warn) for text in reasons],
                tuple(reasons),
            )
        else:
            page.set_content(lambda prose: prose.say("Reading the document ..."), "reading")

    # Moving

    def _go(self, offset: int) -> None:
        """Bring the cursor to a byte, as far as the document was read."""
        view, document = self._view, self.document
        if view is None or document is None or view.timeline.empty:
            return
        self._column = None
        last = document.window(view.timeline.last)[1] - 1
        first = document.window(view.timeline.first)[0]
        at = document.span(min(max(offset, first), max(last, first)))[0]
        t = document.step_of(at)
        if t == view.timeline.cursor:
            self._at, self._goal = at, None
            self.show(view)
        else:
            self._goal = t, at
            self.post_message(TimeView.StepPicked(t))

    @on(TextPage.Picked)
    def _on_picked(self, message: TextPage.Picked) -> None:
        message.stop()
        self._go(message.offset)

    def do_byte_left(self) -> None:
        """One byte or token back."""
        if self.document is not None:
            self._go(self.document.span(self._at)[0] - 1)

    def do_byte_right(self) -> None:
        """One byte or token on."""
        if self.document is not None:
            self._go(self.document.span(self._at)[1])

    def do_up(self) -> None:
        """One row up."""
        self._move(-1)

    def do_down(self) -> None:
        """One row down."""
        self._move(1)

    def do_page_up(self) -> None:
        """One page up."""
        self._move(-max(self.query_one(TextPage).content_size.height - 1, 1))

    def do_page_down(self) -> None:
        """One page down."""
        self._move(max(self.query_one(TextPage).content_size.height - 1, 1))

    def _move(self, by: int) -> None:
        rows = self.query_one(TextPage).rows()
        if rows is not None:
            column = rows.column(self._at) if self._column is None else self._column
            self._go(rows.under(rows.moved(self._at, by), column))
            self._column = column

    # Searching

    def do_search(self) -> None:
        """Type what is looked for."""
        self._search.typed_from = self._at
        self.add_class("searching")
        self.query_one(QueryBar).type()

    @on(QueryBar.Changed)
    def _on_query(self, message: QueryBar.Changed) -> None:
        message.stop()
        query = TextQuery.of(message.text)
        if query != self._search.query:
            self._search.query = query
            self._search.look_for(self.document, self._search.typed_from, 1)
        if self._view is not None:
            self.show(self._view)

    def do_match_next(self) -> str | None:
        """Go to the next match."""
        return self._search.look_for(self.document, self._at, 2)

    def do_match_previous(self) -> str | None:
        """Go to the match before."""
        return self._search.look_for(self.document, self._at, -1)

    def back(self) -> bool:
        if not self._search.query:
            return False
        self._search.query = NO_QUERY
        self.query_one(QueryBar).clear()
        if self._view is not None:
            self.show(self._view)
        return True

    # Handing out

    def copyable(self) -> Sequence[tuple[str, str]]:
        document = self.document
        if document is None or self._view is None:
            return ()
        begin, end = document.window(self._view.timeline.cursor)
        window = document.source.read(begin, end).decode("utf-8", "replace")
        values = [(f"Bytes {begin} to {end - 1}", visible(window)), ("Offset", str(self._at))]
        return [*values, *self.query_one(ExpectedPanel).copyable()]

    # Links

    def look(self, start: StartView) -> StartView:
        document, view = self.document, self._view
        if document is None or view is None or view.timeline.empty or view.timeline.follow:
            return start
        begin = document.window(view.timeline.cursor)[0]
        return start if self._at == begin else replace(start, byte=self._at)

    def recall(self, start: StartView) -> None:
        self._wanted = start.byte

    def exportable(self) -> str:
        return "text"

    def export_of(self, request: ExportRequest) -> ExportRequest:
        return replace(request, document=self.document)


def _name(data: SessionData) -> str:
    """What the document was called where it was read."""
    about = data.meta.raw.get("document")
    name = about.get("name") if isinstance(about, dict) else None
    return visible(name)[:100] if isinstance(name, str) and name else "document"

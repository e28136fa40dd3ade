"""A page of a document that can be scrolled and clicked."""

from textual import events
from textual.message import Message

from tttui.draw.canvas import Canvas
from tttui.draw.textpaint import Mark, margin_of, paint_page
from tttui.draw.textrows import TextRow, TextRows
from tttui.model.dataclass import dataclass
from tttui.model.document import Document
from tttui.widgets.drawn import Redrawn

AHEAD = 3
"""The part of a page above the cursor is so often in it, where the page had to be turned."""

NEAR = 2
"""Rows that the cursor may leave the page by for it to be moved, and not turned."""

WHEEL = 3
"""Rows that a notch of the wheel moves the page by."""


class TextPage(Redrawn):
    """The rows around the cursor; it moves only as far as the cursor, or the wheel, makes it."""

    @dataclass
    class Picked(Message):
        """The cursor should go to this byte."""

        offset: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._document: Document | None = None
        self._rows: TextRows | None = None
        self._mark = Mark(0)
        self._top = 0
        """The first byte of the row at the top."""
        self._wheeled = False
        """The wheel has moved the page away from the cursor."""
        self._followed = self._held = False
        self._painted: tuple[Document, Mark, bool] | None = None

    def show(
        self, document: Document, mark: Mark, *, followed: bool = False, held: bool = False
    ) -> bool:
        """Show another state of the document, or of what is marked in it.

        A page that is `followed` is turned to the cursor, never moved by rows; not even that
        while it is `held`. Returns whether it was.
        """
        self._take(document, mark)
        self._followed, self._held = followed, held
        top = self._top
        if (document, mark, held) != self._painted:
            self._painted = document, mark, held
            self.repaint()
        return self._top != top

    @property
    def has_cursor(self) -> bool:
        """The cursor is on the page."""
        shown = self.visible_rows(self.content_size.height)
        return not shown or shown[0].begin <= self._mark.at < shown[-1].end

    def _take(self, document: Document, mark: Mark) -> None:
        old, self._document = self._document, document
        if self._rows is not None:
            if old is None or old.size != document.size:
                self._rows = None
            else:
                self._rows.source = document.source
        self._wheeled = self._wheeled and mark.at == self._mark.at
        self._mark = mark

    def forget(self) -> None:
        """Another document is shown."""
        self._document, self._rows, self._painted = None, None, None
        self._top, self._wheeled = 0, False

    def rows(self) -> TextRows | None:
        """The document in the present width."""
        document, width = self._document, self._text_width
        if document is None or width < 1:
            return None
        if self._rows is None or self._rows.width != width:
            self._rows = TextRows(document.source, document.size, width)
            self._top = self._rows.begin_of(self._top)
        return self._rows

    @property
    def _text_width(self) -> int:
        width, size = self.content_size.width, self._document.size if self._document else 0
        return width - margin_of(width, size) - 1

    def visible_rows(self, height: int) -> list[TextRow]:
        """What the page shows, moved so that the cursor is on it."""
        rows = self.rows()
        if rows is None or height < 1:
            return []
        shown = rows.page(self._top, height)
        at = self._mark.at
        if self._wheeled or self._held or shown[0].begin <= at < shown[-1].end:
            return shown
        if self._followed:
            far = at >= rows.moved(shown[0].begin, 2 * height)
            return self._turned(rows.moved(at, (1 - height) if far else -(height // AHEAD)), height)
        if at >= shown[-1].end:
            near = rows.page(shown[-1].begin, NEAR + 1)[1:]
            for k, row in enumerate(near, 1):
                if row.begin <= at < row.end:
                    return self._turned(rows.moved(shown[0].begin, k), height)
        elif rows.moved(shown[0].begin, -NEAR) <= at:
            return self._turned(rows.begin_of(at), height)
        return self._turned(rows.moved(at, -(height // AHEAD)), height)

    def _turned(self, top: int, height: int) -> list[TextRow]:
        rows = self._rows
        assert rows is not None
        shown = rows.page(top, height)
        if len(shown) < height:  # the end of the document stands at the end of the page
            top = rows.moved(shown[-1].begin, 1 - height)
            shown = rows.page(top, height)
        self._top = top
        return shown

    def bounds_at(self, document: Document, mark: Mark) -> tuple[int, int]:
        """The bytes [begin, end) that the page has once the cursor is there."""
        self._take(document, mark)
        shown = self.visible_rows(self.content_size.height)
        return (shown[0].begin, shown[-1].end) if shown else (0, 0)

    def paint(self, width: int, height: int) -> Canvas:
        shown = self.visible_rows(height)
        if self._document is None:
            return Canvas(height, width)
        return paint_page(
            shown,
            self._document,
            self._mark,
            (width, height),
            self.look,
        )

    def on_mouse_up(self, event: events.MouseUp) -> None:
        rows = self.rows()
        shown = self.visible_rows(self.content_size.height)
        y = int(event.y) - self.gutter.top
        if rows is None or self._document is None or not 0 <= y < len(shown):
            return
        x = int(event.x) - self.gutter.left
        x -= margin_of(self.content_size.width, self._document.size)
        self.post_message(self.Picked(rows.under(shown[y].begin, x)))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._wheel(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._wheel(-WHEEL)

    def _wheel(self, by: int) -> None:
        rows = self.rows()
        if rows is not None:
            self._top = rows.moved(self._top, by)
            self._wheeled = True
            self.repaint()

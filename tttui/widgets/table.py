"""A table of any length: lines are made for the rows on the screen, order is an index array."""

import numpy as np
from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from tttui.draw.cells import padded
from tttui.draw.colours import DEFAULT, style
from tttui.draw.look import Look
from tttui.model.arrays import Bools, Ints
from tttui.model.dataclass import dataclass
from tttui.toolkit import DirectWidget
from tttui.widgets.drawn import Dressed
from tttui.widgets.table_columns import Sort, TableColumn, TableSource, fitted, order_of, placed


class Table(Dressed, DirectWidget):
    """Rows of a `TableSource` under a header that says what sorts them; one row is selected.

    It never changes the selection or the order by itself: it posts what was asked for, and is
    told with `set_selected` and `set_sort`.
    """

    DEFAULT_CSS = "Table { height: 1fr; min-height: 2; }"

    @dataclass
    class RowPicked(Message):
        """A row was clicked; `again` where it was selected already."""

        table: "Table"
        row: int
        again: bool

    @dataclass
    class SortPicked(Message):
        """The header of a column was clicked."""

        table: "Table"
        key: str

    def __init__(self, *, natural: str | None = None, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source: TableSource | None = None
        self._shown: Bools | None = None
        self._order: Ints = np.empty(0, dtype=np.int64)
        self.sort = Sort()
        self.natural = natural
        """The column in whose order the source is, for the arrow in the header."""
        self.selected: int | None = None
        """The selected row of the source (it may be filtered out)."""
        self._marked: frozenset[int] = frozenset()
        self._top = 0
        self._message = ""
        self._columns: tuple[tuple[TableColumn, int], ...] = ()
        self._laid_out: tuple[object, ...] = ()
        self._active = True

    @property
    def order(self) -> Ints:
        """The rows of the source that are shown, in order."""
        return self._order

    def set_look(self, look: Look) -> None:
        if look != self.look:
            self.look = look
            self.refresh()

    def set_rows(self, source: TableSource, shown: Bools | None, message: str = "") -> None:
        """Show other rows; `shown` [rows] filters them; `message` is said where none are left."""
        self._source, self._shown, self._message = source, shown, message
        self._reorder()

    def set_sort(self, sort: Sort) -> None:
        if sort != self.sort:
            self.sort = sort
            self._reorder()

    def set_active(self, active: bool) -> None:
        """Whether the keys move in this table: only then the selected row has the pointer."""
        if active != self._active:
            self._active = active
            self._touch(self.place(self.selected))

    def set_marked(self, rows: frozenset[int]) -> None:
        """Rows of the source that carry a mark."""
        if rows != self._marked:
            self._marked = rows
            self.refresh()

    def set_selected(self, row: int | None) -> None:
        """Select a row of the source and bring it into view; cheap."""
        if row == self.selected:
            return
        old, self.selected = self.selected, row
        top = self.top
        self._into_view()
        if top != self.top:
            self.refresh()
            return
        for moved in (old, row):
            self._touch(self.place(moved))

    def place(self, row: int | None) -> int | None:
        """Where a row of the source stands among the shown ones; None where it is hidden."""
        if row is None:
            return None
        if self.sort.key is None and not self.sort.descending:
            at = int(np.searchsorted(self._order, row))
            return at if at < len(self._order) and self._order[at] == row else None
        places = np.flatnonzero(self._order == row)
        return int(places[0]) if len(places) else None

    def neighbour(self, by: int) -> int | None:
        """The row of the source `by` rows below the selected one, within the table."""
        if not len(self._order):
            return None
        at = self.place(self.selected)
        if at is not None:
            at += by
        elif self.selected is not None and self.sort.key is None and not self.sort.descending:
            at = int(np.searchsorted(self._order, self.selected)) + (by if by < 0 else by - 1)
        else:
            at = 0
        return int(self._order[min(max(at, 0), len(self._order) - 1)])

    @property
    def rows(self) -> int:
        """Rows that fit below the header."""
        return max(self.size.height - 1, 0)

    def _reorder(self) -> None:
        if self._source is None:
            return
        self._order = order_of(self._source, self.sort, self._shown)
        self._into_view()
        self.refresh()

    def _into_view(self) -> None:
        """Scroll as little as needed for the selected row to be seen."""
        at, rows = self.place(self.selected), self.rows
        if at is not None and rows:
            self._top = min(max(self.top, at - rows + 1), at)
        self._top = min(max(self._top, 0), max(len(self._order) - rows, 0))

    @property
    def top(self) -> int:
        """Place of the first row on the screen; never leaves rows free below the last."""
        return min(self._top, max(len(self._order) - self.rows, 0))

    def _touch(self, at: int | None) -> None:
        if at is not None and 0 <= at - self.top < self.rows:
            self.refresh(Region(0, 1 + at - self.top, self.size.width, 1))

    # Drawing

    def on_resize(self) -> None:
        # anew from the top, so that the sizes on the way to this one leave no trace
        self._top = 0
        self._into_view()
        self.refresh()

    def columns(self) -> tuple[tuple[TableColumn, int], ...]:
        """The columns that fit, with their widths; one cell of space stands before each.

        The one that sorts the rows always does.
        """
        source, room = self._source, self.size.width - 2
        if source is None:
            return ()
        laid_out = (source.columns, room, self.sort.key)
        if self._laid_out != laid_out:
            self._laid_out = laid_out
            self._columns = fitted(source.columns, room, self.sort.key)
        return self._columns

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._source is None:
            return Strip.blank(width, self.rich_style)
        line = self._header() if y == 0 else self._row(self._source, y)
        strip = Strip(line).apply_style(self.rich_style) if line else Strip([])
        return strip.adjust_cell_length(width, self.rich_style)

    def _header(self) -> list[Segment]:
        palette, glyphs = self.look
        line = [Segment(" ")]
        for column, width in self.columns():
            sorted_by = column.key == (self.sort.key or self.natural)
            ink = palette.accent if sorted_by else palette.muted
            text = padded(column.title, width, right=not column.left)
            arrow = glyphs.down if self.sort.descending else glyphs.up
            lead = " "
            if sorted_by and column.left:
                lead = arrow
            elif sorted_by:
                # in the last free cell before the title
                free = max(len(text) - len(text.lstrip()) - 1, -1)
                lead = arrow if free < 0 else " "
                text = text if free < 0 else text[:free] + arrow + text[free + 1 :]
            line.append(Segment(lead + text, style(ink, bold=sorted_by)))
        return line

    def _row(self, source: TableSource, y: int) -> list[Segment]:
        at = self.top + y - 1
        if at >= len(self._order):
            if at == 0 and self._message:
                return [Segment("  " + self._message, style(self.palette.muted))]
            return []
        row = int(self._order[at])
        selected = row == self.selected
        paper = self.palette.selected_paper if selected else DEFAULT
        # sixteen colours cannot all be read on another one of them
        plain = selected and not self.palette.tinted
        if plain:
            paper = self.palette.cursor_paper
        mark = "*" if row in self._marked else " "
        lead = style(self.palette.cursor if plain else self.palette.accent, paper, bold=True)
        pointer = self.glyphs.play if self._active else self.glyphs.raw
        pointer = (pointer if selected else " ") + mark
        line = [Segment(pointer, lead)]
        for i, (column, width) in enumerate(self.columns()):
            text, ink, bold = source.cell(row, column.key)
            ink = self.palette.cursor if plain else ink
            shown = placed(text, column, width, self.glyphs)
            line.append(Segment(shown if i == 0 else " " + shown, style(ink, paper, bold)))
        used = 1 + sum(width + 1 for _, width in self.columns())
        line.append(Segment(" " * max(self.size.width - used - 1, 0), lead))
        line.append(self._bar(y))
        return line

    def _bar(self, y: int) -> Segment:
        """The scroll bar's cell in a line; blank where everything is in view."""
        total, rows = len(self._order), self.rows
        if total <= rows or rows < 1:
            return Segment(" ")
        size = max(1, round(rows * rows / total))
        start = round(self.top / max(total - rows, 1) * (rows - size))
        inside = start <= y - 1 < start + size
        ink = self.palette.muted if inside else self.palette.faint
        return Segment(self.glyphs.thumb if inside else self.glyphs.vertical, style(ink))

    # Mouse

    def on_click(self, event: events.Click) -> None:
        x, y = int(event.x), int(event.y)
        if y == 0:
            start = 1
            for column, width in self.columns():
                if start <= x <= start + width:
                    self.post_message(self.SortPicked(self, column.key))
                start += width + 1
        elif 0 <= self.top + y - 1 < len(self._order):
            row = int(self._order[self.top + y - 1])
            self.post_message(self.RowPicked(self, row, row == self.selected))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-3)

    def _scroll(self, by: int) -> None:
        top = min(max(self.top + by, 0), max(len(self._order) - self.rows, 0))
        if top != self._top:
            self._top = top
            self.refresh()

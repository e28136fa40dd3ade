"""A table of any length: lines are made for the rows on the screen, order is an index array."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tttui.draw.cells import composed, fit, fit_end, padded
from tttui.draw.colours import DEFAULT, Colour, style
from tttui.draw.glyphs import Glyphs
from tttui.draw.look import Look
from tttui.draw.numbers import choose
from tttui.model.arrays import Bools, Ints
from tttui.model.numbers import Forms
from tttui.model.text import visible
from tttui.widgets.drawn import Dressed

Cell = tuple[str | Forms, Colour, bool]
"""Text (or several, of which the first is shown that fits), its colour, and whether it is bold."""


NUMBERS = ("smallest first", "largest first")
TEXTS = ("A to Z", "Z to A")
TIMES = ("oldest first", "newest first")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `drop` orders what leaves a narrow table: the highest goes first."""

    key: str
    title: str
    width: int
    left: bool = False
    """Aligned left: texts, which are shortened where they do not fit. Numbers are aligned right
    and never cut: what does not fit is replaced by a mark."""
    drop: int = 0
    grows: bool = False
    """Takes the room that is left."""
    most: int = 0
    """Grows up to this many cells before any other takes room."""
    keeps_end: bool = False
    """What does not fit is cut at its start."""
    orders: tuple[str, str] = NUMBERS
    """What sorting by it is called, ascending and descending."""
    also: tuple[str, ...] = ()
    """Other names by which it can be asked for."""

    def __post_init__(self) -> None:
        if len(self.title) > self.width:
            raise ValueError(f"the title {self.title!r} is wider than its column ({self.width})")

    @property
    def names(self) -> tuple[str, ...]:
        """What it can be called where somebody types its name; the first one is the best."""
        title = self.title.lower().replace(" ", "_")
        return tuple(dict.fromkeys(name for name in (*self.also, title, self.key) if name))

    @property
    def falls(self) -> bool:
        """Sorting by it starts with the largest."""
        return self.orders != TEXTS


class Source(Protocol):
    """The rows of a table, by their number from 0."""

    @property
    def columns(self) -> Sequence[Column]: ...

    def __len__(self) -> int: ...

    def cell(self, row: int, key: str) -> Cell:
        """What stands in a column of a row."""
        ...

    def sorting(self, key: str) -> Any:
        """An array [rows] by whose values the rows are sorted; NaN comes last either way."""
        ...


@dataclass(frozen=True, slots=True)
class Sort:
    """Order of the rows; `key` None is the order of the source."""

    key: str | None = None
    descending: bool = False


def called(columns: Sequence[Column], typed: str) -> tuple[Column, ...]:
    """The columns that a typed name may mean: one that is called so, else all that begin so."""
    typed = typed.lower()
    exact = [column for column in columns if typed in column.names]
    if exact:
        return tuple(exact[:1])
    return tuple(c for c in columns if any(name.startswith(typed) for name in c.names))


def fitted(
    columns: Sequence[Column], room: int, needed: str | None = None
) -> tuple[tuple[Column, int], ...]:
    """The columns that fit into `room` cells (`needed` among them), with their widths."""
    kept = list(columns)
    while len(kept) > 1 and sum(c.width + 1 for c in kept) > room:
        rest = [c for c in kept if c.key != needed]
        kept.remove(max(rest, key=lambda c: c.drop))
    spare = max(room - sum(c.width + 1 for c in kept), 0)
    widths = []
    for column in kept:
        more = min(max(column.most - column.width, 0), spare)
        widths.append(min(column.width + more, max(room - 1, 1)))
        spare -= more
    growing = max(sum(c.grows for c in kept), 1)
    return tuple(
        (c, width + (spare // growing if c.grows else 0))
        for c, width in zip(kept, widths, strict=True)
    )


def order_of(source: Source, sort: Sort, shown: Bools | None) -> Ints:
    """The shown rows in order: indices into the source. Equal rows keep the source's order."""
    rows = np.arange(len(source)) if shown is None else np.flatnonzero(shown)
    if sort.key is None:
        return rows[::-1] if sort.descending else rows
    values = np.asarray(source.sorting(sort.key))[rows]
    if values.dtype.kind != "f":
        order = np.argsort(values, kind="stable")
        return rows[order[::-1] if sort.descending else order]
    known = ~np.isnan(values)
    order = np.argsort(-values[known] if sort.descending else values[known], kind="stable")
    return np.concatenate([rows[known][order], rows[~known]])


class Table(Dressed, Widget):
    """Rows of a `Source` under a header, one of them selected; the header says what sorts them.

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
        self._source: Source | None = None
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
        self._columns: tuple[tuple[Column, int], ...] = ()
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

    def set_rows(self, source: Source, shown: Bools | None, message: str = "") -> None:
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
        found = np.flatnonzero(self._order == row)
        return int(found[0]) if len(found) else None

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

    def columns(self) -> tuple[tuple[Column, int], ...]:
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

    def _row(self, source: Source, y: int) -> list[Segment]:
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


def placed(text: str | Forms, column: Column, width: int, glyphs: Glyphs) -> str:
    """What a cell of `width` cells shows of a text, or of the several that it may have."""
    texts = tuple(composed(visible(one)) for one in ((text,) if isinstance(text, str) else text))
    if column.keeps_end:
        shown = fit_end(texts[-1], width)
    elif column.left:
        whole = (text for text in texts if cell_len(text) <= width)
        shown = next(whole, "") or fit(texts[-1], width, glyphs.ellipsis)
    else:
        shown = choose(texts, width, glyphs.ellipsis)
    return padded(shown, width, right=not column.left)

"""A table of what comes, which follows its end; the row under the cursor in full below it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from textual import on
from textual.app import ComposeResult

from tttui.draw.look import HasLook, Look
from tttui.draw.prose import Prose
from tttui.keys.command import Command
from tttui.model.arrays import Bools, Floats
from tttui.model.start import StartView
from tttui.panes.lab.base import LISTING, Export, LabState, LabView
from tttui.panes.listing import TABLE, Listing
from tttui.panes.regions import Pages
from tttui.store.lab.streams import Stream
from tttui.store.snapshot import Part
from tttui.widgets.page import Page
from tttui.widgets.querybar import QueryBar
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Cell, Column, Sort

DETAIL = "detail"

LEAST = 16
"""Rows from which on the detail has a place below the table."""

T = TypeVar("T")


def keys(what: str, group: str) -> tuple[Command, ...]:
    """The keys of such a view, whose rows are `what`."""
    return (
        Command("pane('open')", "enter,o", "open", f"Go to what the {what} is about", group,
                footer=True),
        Command("pane('follow')", "f", "follow", f"Stay at the newest {what}, or stop", group,
                footer=True),
        Command("pane('next_filter')", "x", "filter", f"The next filter of the {what}s", group,
                footer=True),
        Command("pane('page_up')", "pageup", "page up", "One page up", "Lists"),
        Command("pane('page_down')", "pagedown", "page down", "One page down", "Lists"),
        Command("pane('top')", "home", "oldest", "The oldest row", "Lists"),
        Command("pane('bottom')", "end", "newest", "The newest row", "Lists"),
    )  # fmt: skip


class Rows(HasLook, Generic[T]):
    """`Source` of the table: items, and what their columns show."""

    def __init__(
        self,
        items: Sequence[T],
        columns: tuple[Column, ...],
        look: Look,
        cell: Callable[[T, str, Look], Cell],
        order: Callable[[T, str], Any],
    ) -> None:
        self._items, self.columns, self.look = items, columns, look
        self._cell, self._order = cell, order

    def __len__(self) -> int:
        return len(self._items)

    def cell(self, row: int, key: str) -> Cell:
        return self._cell(self._items[row], key, self.look)

    def sorting(self, key: str) -> Any:
        values = [self._order(item, key) for item in self._items]
        if values and isinstance(values[0], str):
            return np.unique(np.array(values, dtype=str), return_inverse=True)[1]
        return np.array(values, dtype=np.float64)


class StreamView(Listing[LabState], LabView, Generic[T]):
    """Says for one kind of items what is shown of them."""

    region_names = (TABLE, DETAIL)
    keyed = frozenset({TABLE, DETAIL})
    shares = (*LISTING, "pane('region')")
    DEFAULT_CSS = """
    StreamView { layout: vertical; height: 1fr; }
    StreamView Table { width: 1fr; height: 1fr; }
    StreamView #detail { height: 1fr; }
    """

    part: ClassVar[Part[Any]]
    what: ClassVar[str]
    """A row: `line`, `event`."""
    hint: ClassVar[str]
    none: ClassVar[str]
    """Said where there are no rows at all."""
    shown_columns: ClassVar[tuple[Column, ...]]
    recorded: ClassVar[tuple[str, ...]]
    """The columns of an exported table."""

    def text_of(self, item: T, name: str) -> str:
        """What a word of a query is looked for in."""
        raise NotImplementedError

    def number_of(self, item: T, name: str) -> float:
        """A number that a query compares."""
        raise NotImplementedError

    def order_of(self, item: T, key: str) -> Any:
        """By what a column is sorted."""
        raise NotImplementedError

    def cell_of(self, item: T, key: str, look: Look) -> Cell:
        raise NotImplementedError

    def write(self, item: T, prose: Prose) -> None:
        """All about one."""
        raise NotImplementedError

    def record(self, item: T) -> Sequence[object]:
        """The values of `recorded`."""
        raise NotImplementedError

    def open(self, item: T) -> str | None:
        """Go to what it is about; a note where that is nowhere."""
        raise NotImplementedError

    def copies(self, item: T) -> Sequence[tuple[str, str]]:
        """What `y` copies of it."""
        raise NotImplementedError

    def filters(self) -> Sequence[str]:
        """The queries that one key goes through; '' is all."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self._stream: Stream[T] = Stream()
        self._at = -1
        """The number of the item under the cursor; -1 before there is any."""
        self._wanted: int | None = None
        """The number that a link asks for."""
        self._follows = True
        self._built: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield QueryBar(self.hint)
        yield Table()
        yield Page(self.what.capitalize(), id=DETAIL)

    # Regions

    def pages(self) -> Pages:
        return ((TABLE, DETAIL),) if self.room.height >= LEAST else ((TABLE,), (DETAIL,))

    def show_regions(self) -> None:
        shown = set(self.regions)
        table, page = self.query_one(Table), self.query_one(f"#{DETAIL}", Page)
        table.display, page.display = TABLE in shown, DETAIL in shown
        page.styles.height = min(max(5, self.room.height // 4), 7) if TABLE in shown else "1fr"
        table.set_active(self.acting == TABLE)
        page.set_chosen(self.acting == DETAIL)

    # Drawing

    def show(self, view: LabState) -> None:
        self.view = view
        self._stream = view.of(self.part)
        self.fill(view)
        self._show_one()

    def fill(self, view: LabState) -> None:
        table, items = self.query_one(Table), self._stream.items
        built = (self._stream, view.look, self.query_now)
        if built != self._built:
            self._built = built
            rows = Rows(items, self.shown_columns, view.look, self.cell_of, self.order_of)
            message = f"No {self.what} passes the query." if items else self._why_none(view)
            table.set_rows(rows, self._matching(), message)
            self._put_cursor(table)
        bar = self.query_one(QueryBar)
        if not self.tell_typed(bar, view.palette):
            bar.say(self._said(len(table.order)), False, view.palette)

    def _why_none(self, view: LabState) -> str:
        return view.failure(self.part) or (self.none if self._stream.known else "reading ...")

    def _matching(self) -> Bools | None:
        query, items = self.query_now, self._stream.items
        if not query:
            return None

        def number(name: str) -> Floats:
            return np.array([self.number_of(item, name) for item in items], dtype=np.float64)

        def holds(name: str, word: str) -> Bools:
            return np.array([word in self.text_of(i, name).lower() for i in items], dtype=np.bool_)

        return query.select(len(items), number, holds)

    def _put_cursor(self, table: Table) -> None:
        """Keep the cursor on its item, or at the end where it follows that."""
        if self._wanted is not None and self._stream.known:
            self._at, self._wanted = self._wanted, None
        if self._follows and len(table.order):
            self._at = self._stream.before + int(table.order.max())
        row = self._row
        table.set_selected(None)
        table.set_selected(row)

    @property
    def _row(self) -> int | None:
        """The row under the cursor; where it is not kept any more, the oldest."""
        count = len(self._stream.items)
        return min(max(self._at - self._stream.before, 0), count - 1) if count else None

    @property
    def item(self) -> T | None:
        """The item under the cursor."""
        row = self._row
        return None if row is None else self._stream.items[row]

    def _said(self, shown: int) -> str:
        total, query = len(self._stream.items), self.query_now
        said = f"{total} {self.what}" + ("s" if total != 1 else "")
        if query:
            said = f"{shown} of {said}   {query.filter_text}"
        if self._stream.before:
            said += f"   {self._stream.before} older ones are not kept here"
        return said + ("   follows (f)" if self._follows else "")

    def _show_one(self) -> None:
        item, page = self.item, self.query_one(f"#{DETAIL}", Page)
        if item is None:
            page.set_content(lambda prose: prose.gap(), ("none",))
        else:
            page.set_content(lambda prose: self.write(item, prose), (item,))

    # Keys

    def columns(self) -> tuple[Column, ...]:
        return self.shown_columns

    def go(self, row: int) -> None:
        table = self.query_one(Table)
        self._at = self._stream.before + row
        end = len(table.order) and row == int(table.order.max())
        if self._follows and not end:
            self._follows = False
            self.desk.again()
        table.set_selected(row)
        self._show_one()

    def move_in(self, region: str, by: int) -> bool:
        self.query_one(f"#{DETAIL}", Page).scroll_lines(by)
        return True

    def natural_order(self, descending: bool) -> str:
        return "The newest first" if descending else "In the order of time"

    def sorted_by(self, sort: Sort) -> None:
        """Nothing else depends on the order."""

    def do_page_up(self) -> None:
        self._page(-1)

    def do_page_down(self) -> None:
        self._page(1)

    def _page(self, by: int) -> None:
        if self.acting == DETAIL:
            page = self.query_one(f"#{DETAIL}", Page)
            page.scroll_lines(by * max(1, page.size.height - 2))
        else:
            self._move(by * max(1, self.query_one(Table).rows - 1))

    def do_top(self) -> None:
        self._move(-len(self._stream.items))

    def do_bottom(self) -> None:
        self._move(len(self._stream.items))

    def do_follow(self) -> str:
        """Stay at the end from now on, or stop it."""
        self._follows = not self._follows
        self._built = ()
        self.desk.again()
        return f"Follows the newest {self.what}" if self._follows else "Stands still"

    def do_next_filter(self) -> str:
        """Go on to the next of the ready filters."""
        known, now = list(self.filters()), self.query_now.filter_text
        after = known[(known.index(now) + 1) % len(known)] if now in known else known[0]
        self.query_one(QueryBar).put(after)
        return f"Only {self.what}s with {after}" if after else f"All {self.what}s"

    def do_open(self) -> str | None:
        item = self.item
        return "There is nothing here." if item is None else self.open(item)

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        self.go(message.row)
        item = self.item
        if message.again and item is not None:
            said = self.open(item)
            if said:
                self.desk.say(said)

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        return () if self.item is None else self.copies(self.item)

    def exportable(self) -> Export:
        order = self.query_one(Table).order.tolist()
        rows = [self.record(self._stream.items[row]) for row in order]
        return Export(f"{self.what}s", self.recorded, rows)

    def look(self, start: StartView) -> StartView:
        item = None if self._follows or self._at < 0 else str(self._at)
        return replace(super().look(start), item=item)

    def recall(self, start: StartView) -> None:
        if start.item and start.item.isdecimal():
            self._wanted, self._follows = int(start.item), False
            self._built = ()
        super().recall(start)

"""A table of the entries of a log, which follows its end; below it one entry in full."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from textual.app import ComposeResult

from tttui.draw.look import HasLook, Look
from tttui.draw.prose import Prose
from tttui.keys.command import Command
from tttui.keys.lab import paging
from tttui.model.arrays import Bools, Floats
from tttui.model.start import StartView
from tttui.panes.lab.base import Desk, Export, LabState
from tttui.panes.lab.tabled import TableView, passing, ranks
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.tails import NewestEntries
from tttui.store.snapshot import Part
from tttui.widgets.page import Page
from tttui.widgets.querybar import QueryBar
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Cell, TableColumn

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
        *paging("oldest", "newest"),
    )  # fmt: skip


class EntryKind(ABC, Generic[T]):
    """What is shown of one kind of entries: lines of logs, or events."""

    columns: tuple[TableColumn, ...]
    recorded: tuple[str, ...]
    """The columns of an exported table."""

    @abstractmethod
    def text(self, entry: T, name: str) -> str:
        """What a word of a query is looked for in."""

    def number(self, entry: T, name: str) -> float:
        """A number that a query compares."""
        raise KeyError(name)

    @abstractmethod
    def order(self, entry: T, key: str) -> str | float:
        """By what a column is sorted."""

    @abstractmethod
    def cell(self, entry: T, key: str, look: Look) -> Cell:
        """What stands in a column."""

    @abstractmethod
    def write(self, entry: T, prose: Prose) -> None:
        """All about one."""

    @abstractmethod
    def record(self, entry: T) -> Sequence[object]:
        """The values of `recorded`."""

    @abstractmethod
    def open(self, entry: T, desk: Desk, state: LabState) -> str | None:
        """Go to what it is about; a note where that is nowhere."""

    @abstractmethod
    def copies(self, entry: T, state: LabState) -> Sequence[tuple[str, str]]:
        """What `y` copies of it."""

    @abstractmethod
    def filters(self, entries: Sequence[T]) -> Sequence[str]:
        """The queries that one key goes through; '' is all."""


class EntryRows(HasLook, Generic[T]):
    """`TableSource` of the table."""

    def __init__(self, entries: Sequence[T], kind: EntryKind[T], look: Look) -> None:
        self._entries, self._kind, self.look = entries, kind, look
        self.columns = kind.columns

    def __len__(self) -> int:
        return len(self._entries)

    def cell(self, row: int, key: str) -> Cell:
        return self._kind.cell(self._entries[row], key, self.look)

    def sorting(self, key: str) -> Any:
        values = [self._kind.order(entry, key) for entry in self._entries]
        texts = [value for value in values if isinstance(value, str)]
        return ranks(texts) if texts else np.array(values, dtype=np.float64)


class TailView(TableView[T]):
    """The newest entries of a log, the newest at the end, where the cursor stays."""

    region_names = (TABLE, DETAIL)
    keyed = frozenset({TABLE, DETAIL})
    DEFAULT_CSS = """
    TailView #detail { height: 1fr; }
    """

    part: ClassVar[Part[Any]]
    kind: ClassVar[EntryKind[Any]]

    def __init__(self) -> None:
        super().__init__()
        self.shown_columns = self.kind.columns  # type: ignore[misc]
        self._tail: NewestEntries[T] = NewestEntries()
        self._number = -1
        """The number of the entry under the cursor; -1 before there is any."""
        self._linked: int | None = None
        """The number that a link asks for."""
        self._follows = True

    def compose(self) -> ComposeResult:
        yield QueryBar(self.hint)
        yield Table()
        yield Page(self.thing.capitalize(), id=DETAIL)

    # Regions

    def pages(self) -> Pages:
        return ((TABLE, DETAIL),) if self.room.height >= LEAST else ((TABLE,), (DETAIL,))

    @property
    def empty(self) -> bool:
        """Never: the table itself says why it has no rows."""
        return False

    def size_regions(self) -> None:
        page = self.query_one(f"#{DETAIL}", Page)
        beside = TABLE in self.regions
        page.styles.height = min(max(5, self.room.height // 4), 7) if beside else "1fr"

    # Drawing

    def update(self, view: LabState) -> None:
        self._tail = view.of(self.part)
        self.items, self.known = self._tail.items, self._tail.known

    def drawn_from(self, view: LabState) -> tuple[object, ...]:
        return (self._tail,)

    def source(self, view: LabState) -> EntryRows[T]:
        return EntryRows(self.items, self.kind, view.look)

    def reading_text(self, view: LabState) -> str:
        return view.failure(self.part) or (self.empty_text if self.known else "reading ...")

    def matching(self, view: LabState) -> Bools | None:
        def numbers(name: str) -> Floats:
            return np.array([self.kind.number(e, name) for e in self.items], dtype=np.float64)

        return passing(self.items, self.query_now, numbers, self.kind.text)

    def put_cursor(self, table: Table) -> None:
        """Keep the cursor on its entry, or at the end where it follows that."""
        if self._linked is not None and self.known:
            self._number, self._linked = self._linked, None
        if self._follows and len(table.order):
            self._number = self._tail.before + int(table.order.max())
        table.set_selected(None)
        table.set_selected(self.row)

    @property
    def row(self) -> int | None:
        """The row under the cursor; where it is not kept any more, the oldest."""
        count = len(self.items)
        return min(max(self._number - self._tail.before, 0), count - 1) if count else None

    def summary(self, view: LabState) -> str:
        older = f"   {self._tail.before} older ones are not kept here" if self._tail.before else ""
        return older + ("   follows (f)" if self._follows else "")

    def show_one(self, view: LabState) -> None:
        entry, page = self.item, self.query_one(f"#{DETAIL}", Page)
        if entry is None:
            page.set_content(lambda prose: prose.gap(), ("none",))
        else:
            page.set_content(lambda prose: self.kind.write(entry, prose), (entry,))

    # Keys

    def go(self, row: int) -> None:
        table = self.query_one(Table)
        self._number = self._tail.before + row
        end = len(table.order) and row == int(table.order.max())
        if self._follows and not end:
            self._follows = False
            self.desk.again()
        table.set_selected(row)
        if self.view is not None:
            self.show_one(self.view)

    def natural_order(self, descending: bool) -> str:
        return "The newest first" if descending else "In the order of time"

    def do_follow(self) -> str:
        """Stay at the end from now on, or stop it."""
        self._follows = not self._follows
        self.draw_again()
        self.desk.again()
        return f"Follows the newest {self.thing}" if self._follows else "Stands still"

    def do_next_filter(self) -> str:
        """Go on to the next of the ready filters."""
        known, now = list(self.kind.filters(self.items)), self.query_now.filter_text
        after = known[(known.index(now) + 1) % len(known)] if now in known else known[0]
        self.query_one(QueryBar).put(after)
        return f"Only {self.things} with {after}" if after else f"All {self.things}"

    def do_open(self) -> str | None:
        entry = self.item
        if entry is None or self.view is None:
            return "There is nothing here."
        return self.kind.open(entry, self.desk, self.view)

    def picked_again(self) -> str | None:
        return self.do_open()

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        entry = self.item
        return () if entry is None or self.view is None else self.kind.copies(entry, self.view)

    def exportable(self) -> Export:
        rows = [self.kind.record(entry) for entry in self.shown_items]
        return Export(self.things, self.kind.recorded, rows)

    def look(self, start: StartView) -> StartView:
        number = None if self._follows or self._number < 0 else str(self._number)
        return replace(super().look(start), item=number)

    def recall(self, start: StartView) -> None:
        if start.item and start.item.isdecimal():
            self._linked, self._follows = int(start.item), False
            self.draw_again()
        super().recall(start)

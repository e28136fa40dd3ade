"""Views around a table: the cursor, the regions and the texts that they have in common."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from textual import on
from textual.app import ComposeResult

from tttui.keys.command import Command
from tttui.model.arrays import Bools, Floats
from tttui.model.query import Query
from tttui.panes.lab.base import LISTING, LabState, LabView
from tttui.panes.listing import TABLE, Listing
from tttui.widgets.page import Page
from tttui.widgets.querybar import QueryBar
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Sort, TableColumn, TableSource

NARROW = 100
"""Columns below which nothing stands beside another thing."""

T = TypeVar("T")

NEED_ROWS = (*LISTING, "pane('region')")
"""Shared commands that do nothing where there are no rows; nor do a view's own, but for `start`."""


class TableView(Listing[LabState], LabView, Generic[T]):
    """A table of `items`, and regions about the item under the cursor.

    Every region but the table is a widget whose id is the name of the region; those that stand
    beside each other are in a container `#below`. The keys scroll the `Page` of the acting region,
    else they move in the table.
    """

    shares = (*LISTING, "pane('region')")
    thing: ClassVar[str]
    """What a row is: `job`."""
    things: ClassVar[str]
    """Several of them."""
    hint: ClassVar[str]
    """Queries to begin with."""
    empty_text: ClassVar[str]
    """Said where it is known that there are none."""
    shown_columns: ClassVar[tuple[TableColumn, ...]]
    DEFAULT_CSS = """
    TableView { layout: vertical; height: 1fr; }
    TableView Table { width: 1fr; height: 1fr; }
    TableView #nothing { display: none; height: 1fr; padding: 1 2; }
    TableView #below { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.items: Sequence[T] = ()
        self.known = False
        """The items were looked for."""
        self.unread = 0
        """Items that are yet to be read."""
        self.cursor = ""
        """The key of the item under the cursor; it stays there when the rows change."""
        self.linked = ""
        """The item that a link asks for, until it is there."""
        self._row_of: dict[str, int] = {}
        self._indexed: Sequence[T] = ()
        self._drawn_last: tuple[object, ...] = ()

    # Given by the view

    def update(self, view: LabState) -> None:
        """Take the `items` from the newest state."""
        raise NotImplementedError(type(self).__name__)

    def key_of(self, item: T) -> str:
        """The name or number that identifies an item."""
        raise NotImplementedError(type(self).__name__)

    def source(self, view: LabState) -> TableSource:
        """The rows of the table."""
        raise NotImplementedError(type(self).__name__)

    def drawn_from(self, view: LabState) -> tuple[object, ...]:
        """The rows are drawn again where one of these is another object than before."""
        raise NotImplementedError(type(self).__name__)

    def matching(self, view: LabState) -> Bools | None:
        """The items [n] that pass the query; None where all do."""
        raise NotImplementedError(type(self).__name__)

    def show_one(self, view: LabState) -> None:
        """Draw what is known of the item under the cursor."""

    def linked_item(self) -> T | None:
        """The item that a link means by `linked`."""
        return next((item for item in self.items if self.key_of(item) == self.linked), None)

    def summary(self, view: LabState) -> str:
        """What the bar of the query says beside the number of the rows."""
        return ""

    def problem(self, view: LabState) -> str:
        """Why there are no rows; '' where nothing is wrong."""
        return ""

    def reading_text(self, view: LabState) -> str:
        """Said in the table before there is anything."""
        return f"Reading the {self.things} ..."

    def size_regions(self) -> None:
        """Share the room among the regions that are shown."""
        self.size_table(len(self.items))

    # Regions

    def list_widgets(self) -> ComposeResult:
        """The widgets above the other regions."""
        yield QueryBar(self.hint)
        yield Table()
        yield Page(self.things.capitalize(), id="nothing")

    def show_regions(self) -> None:
        shown = set() if self.empty else set(self.regions)
        for page in self.query("#nothing"):
            page.display = self.empty
        self.set_class(self.room.width < NARROW, "narrow")
        table = self.query_one(Table)
        table.display = TABLE in shown
        table.set_active(self.acting == TABLE)
        for name in self.region_names:
            if name != TABLE:
                widget = self.query_one(f"#{name}")
                widget.display = name in shown
                if isinstance(widget, Page):
                    widget.set_chosen(self.acting == name)
        for box in self.query("#below"):
            box.display = any(child.display for child in box.children)
        self.size_regions()

    def idle(self, command: Command) -> bool:
        own = command in self.keys and command.action != "pane('start')"
        return self.empty and (own or command.action in NEED_ROWS)

    def size_table(self, rows: int) -> None:
        """The table takes the `rows` that it has, up to two fifths where others follow it."""
        table = self.query_one(Table)
        if {TABLE} == set(self.regions):
            table.styles.height = "1fr"
        else:
            most = max((self.room.height - 1) * 2 // 5, 5)
            table.styles.height = min(max(rows + 1, 4), most)

    def turned_to(self, region: str) -> bool:
        """Show a region that is hidden; whether it was."""
        hidden = region not in self.regions
        if hidden:
            self.turn_to(region)
        return hidden

    # Drawing

    @property
    def empty(self) -> bool:
        """It is known that there are no items."""
        return self.known and not self.items and not self.unread

    def show(self, view: LabState) -> None:
        self.view = view
        before = self.empty, len(self.items)
        self.update(view)
        if before != (self.empty, len(self.items)):
            self.show_regions()
        self.fill(view)
        self.show_one(view)

    def fill(self, view: LabState) -> None:
        self._follow_link()
        if self.row is None:
            self.cursor = self.key_of(self.items[0]) if self.items else ""
        table = self.query_one(Table)
        drawn = (*self.drawn_from(view), view.look, self.query_now)
        if drawn != self._drawn_last:
            self._drawn_last = drawn
            none = f"No {self.thing} passes the query."
            message = none if self.items else self.reading_text(view)
            table.set_rows(self.source(view), self.matching(view), message)
            self.put_cursor(table)
        bar = self.query_one(QueryBar)
        if not self.tell_typed(bar, view.palette):
            bar.say(self.counted(len(table.order)) + self.summary(view), False, view.palette)
        if not self.items:
            why = self.problem(view) or self.empty_text
            for page in self.query("#nothing").results(Page):
                page.set_content(lambda prose: prose.say(why), why)

    def put_cursor(self, table: Table) -> None:
        """Mark the row under the cursor, in rows that are new."""
        table.set_selected(self.row)

    def draw_again(self) -> None:
        """Give the table its rows again, though nothing changed."""
        self._drawn_last = ()

    def _follow_link(self) -> None:
        """Put the cursor on what a link asks for, once it is read."""
        if not self.linked or not self.known:
            return
        item = self.linked_item()
        if item is not None:
            self.cursor, self.linked = self.key_of(item), ""
        elif not self.unread:
            self.desk.say(f"There is no {self.thing} {self.linked!r} here.")
            self.linked = ""

    def counted(self, shown: int) -> str:
        """How many items there are, and how many pass the query."""
        total = len(self.items)
        count = f"1 {self.thing}" if total == 1 else f"{total} {self.things}"
        return count if shown == total else f"{shown} of {count}   {self.query_now.filter_text}"

    @property
    def row(self) -> int | None:
        """The row under the cursor."""
        if self._indexed is not self.items:
            self._indexed = self.items
            self._row_of = {self.key_of(item): row for row, item in enumerate(self.items)}
        return self._row_of.get(self.cursor)

    @property
    def item(self) -> T | None:
        """The item under the cursor."""
        row = self.row
        return None if row is None else self.items[row]

    @property
    def shown_items(self) -> Sequence[T]:
        """The items of the table in the order of its rows."""
        return [self.items[row] for row in self.query_one(Table).order.tolist()]

    # Keys

    def columns(self) -> tuple[TableColumn, ...]:
        return self.shown_columns

    def go(self, row: int) -> None:
        self.cursor = self.key_of(self.items[row])
        self.query_one(Table).set_selected(row)
        if self.view is not None:
            self.show_one(self.view)

    def natural_order(self, descending: bool) -> str:
        return "Sorted by age, oldest first" if descending else "Sorted by age, newest first"

    def sorted_by(self, sort: Sort) -> None:
        """Nothing else depends on the order."""

    def move_in(self, region: str, by: int) -> bool:
        page = self._page_of(region)
        if page is not None:
            page.scroll_lines(by)
        return region != TABLE

    def do_page_up(self) -> None:
        self._turn(-1)

    def do_page_down(self) -> None:
        self._turn(1)

    def do_top(self) -> None:
        self._step(-max(1, len(self.query_one(Table).order)))

    def do_bottom(self) -> None:
        self._step(max(1, len(self.query_one(Table).order)))

    def _turn(self, by: int) -> None:
        page = self._page_of(self.acting)
        if page is not None:
            page.scroll_lines(by * max(1, page.size.height - 2))
        else:
            self._step(by * max(1, self.query_one(Table).rows - 1))

    def _step(self, by: int) -> None:
        row = self.query_one(Table).neighbour(by)
        if row is not None:
            self.go(row)

    def _page_of(self, region: str) -> Page | None:
        """The text of a region; None where it shows something else."""
        return next((page for page in self.query(Page) if page.id == region), None)

    # The mouse

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        if not message.again:
            self.go(message.row)
        elif note := self.picked_again():
            self.desk.say(note)

    def picked_again(self) -> str | None:
        """The selected row was clicked; a note, or None."""
        return None


def passing(
    items: Sequence[T],
    query: Query,
    numbers: Callable[[str], Floats],
    text: Callable[[T, str], str],
) -> Bools | None:
    """The items [n] that pass a query; None where all do.

    `numbers` gives a number of every item [n], `text` a text of one.
    """
    if not query:
        return None

    def holds(name: str, word: str) -> Bools:
        return np.array([word in text(item, name).lower() for item in items], dtype=np.bool_)

    return query.select(len(items), numbers, holds)


def ranks(texts: Sequence[str]) -> Any:
    """The places [n] of texts in their alphabetic order, for sorting."""
    return np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)[1]

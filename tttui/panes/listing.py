"""Around a table: its query and its order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from textual import on

from tttui.draw.palette import Palette
from tttui.model.query import Query, QueryError, Vocabulary, parse
from tttui.model.start import StartView
from tttui.panes.regions import RegionPane, Regions
from tttui.panes.view import View
from tttui.widgets.querybar import QueryBar, QueryField
from tttui.widgets.table import Table
from tttui.widgets.table_columns import TEXTS, Sort, TableColumn, called

TABLE = "table"

V = TypeVar("V")
"""What is drawn."""


class Listing(Regions, Generic[V]):
    """A body with one `QueryBar` and one `Table` of `columns`, in its region `table`."""

    words: ClassVar[Vocabulary]
    """What queries may name."""
    natural: ClassVar[str | None] = None
    """The column in whose order the rows are anyway."""
    keyed: ClassVar[frozenset[str]] = frozenset()
    """Regions that keys can do something in. A page without any counts as one."""

    def __init__(self) -> None:
        super().__init__()
        self.view: V | None = None
        """What is shown now."""
        self.query_now = Query()
        self.wrong = ""
        """Why the text in the query field cannot be understood; the query before it holds."""
        self.offered = ""
        """The columns that the name being typed may mean."""
        self._sort = Sort()
        """The order of the table, known also when its widget is gone."""
        self._start = StartView()
        """What the widgets have yet to be told."""

    # Given by the tab or view

    def show(self, view: V) -> None:
        """Draw this."""
        raise NotImplementedError(type(self).__name__)

    def fill(self, view: V) -> None:
        """Give the table its rows, filtered by the query."""
        raise NotImplementedError(type(self).__name__)

    def columns(self) -> tuple[TableColumn, ...]:
        """All columns, also those for which there is no room."""
        raise NotImplementedError(type(self).__name__)

    def go(self, row: int) -> None:
        """Select a row of the table's source."""
        raise NotImplementedError(type(self).__name__)

    def check(self, query: Query, view: V) -> None:
        """Raise QueryError for words that can hold for no row."""

    def natural_order(self, descending: bool) -> str:
        """The order of the rows without sorting, for a person."""
        raise NotImplementedError(type(self).__name__)

    def sorted_by(self, sort: Sort) -> None:
        """The table is about to be put into another order."""

    def move_in(self, region: str, by: int) -> bool:
        """Move in a region other than the table; returns whether it moved."""
        return False

    # The look of a session

    def on_mount(self) -> None:
        self._use_start()

    def look(self, start: StartView) -> StartView:
        sort = self._sort
        order = ":desc" * sort.descending
        return replace(
            start,
            region=self.acting if self.acting != TABLE else None,
            query=self.query_now.filter_text,
            sort=f"{sort.key or self.sorts[0]}{order}" if sort != Sort() else None,
        )

    def recall(self, start: StartView) -> None:
        self._start = start
        self.acting = start.region or TABLE
        if self.is_mounted:
            self._use_start()
            self.use_room()

    def _use_start(self) -> None:
        """Give the widgets the query and the order that the tab starts with."""
        start, self._start = self._start, StartView()
        if start.query:
            self.query_now = parse(start.query, self.words)
            self.query_one(QueryBar).put(self.query_now.filter_text)
            self._sort_named(self.query_now.sort or "")
        if start.sort:
            key, _, order = start.sort.partition(":")
            self._sort = Sort(None if key == self.sorts[0] else key, order == "desc")
            self.query_one(Table).set_sort(self._sort)

    # Regions

    def use_room(self) -> None:
        if self.acting not in self.regions:
            self.acting = TABLE
        self.show_regions()
        if self.view is not None:
            self.show(self.view)

    def turn_to(self, region: str) -> None:
        self.acting = region
        self.use_room()

    def stops(self) -> list[str]:
        """Of every page the regions that keys can do something in, or else its first."""
        return [
            name
            for page in self.pages()
            for name in ([r for r in page if r in self.keyed] or list(page[:1]))
        ]

    def region_note(self, region: str) -> str:
        return f"The keys act on: {region}"

    # The rows

    def do_up(self) -> None:
        self._move(-1)

    def do_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        if self.acting != TABLE and self.move_in(self.acting, by):
            return
        row = self.query_one(Table).neighbour(by)
        if row is not None:
            self.go(row)

    # Their order

    def do_sort_next(self) -> str:
        return self._sort_by(1)

    def do_sort_previous(self) -> str:
        return self._sort_by(-1)

    def do_sort_turn(self) -> str:
        """Turn the order of the rows around."""
        sort = self.query_one(Table).sort
        return self._set_sort(Sort(sort.key, not sort.descending))

    def _sort_by(self, by: int) -> str:
        keys = [None, *(c.key for c in self.columns() if c.key != self.natural)]
        now = self.query_one(Table).sort.key
        key = keys[((keys.index(now) if now in keys else 0) + by) % len(keys)]
        return self._set_sort(Sort(key, self._column(key).falls if key is not None else False))

    def _column(self, key: str) -> TableColumn:
        return next(column for column in self.columns() if column.key == key)

    def _set_sort(self, sort: Sort) -> str:
        self.sorted_by(sort)
        self._sort = sort
        self.query_one(Table).set_sort(sort)
        if sort.key is None:
            return self.natural_order(sort.descending)
        column = self._column(sort.key)
        return f"Sorted by {column.title}, {column.orders[sort.descending]}"

    def do_sort_named(self) -> None:
        """Type the name of the column to sort by."""
        self.turn_to(TABLE)
        self.query_one(QueryBar).type("sort:")
        self._offer("")

    def _sortable(self) -> tuple[TableColumn, ...]:
        """All columns, and the order of the rows by itself, by its name."""
        own = self.sorts[0]
        first = () if self.natural is not None else (TableColumn(own, own, len(own), orders=TEXTS),)
        return (*first, *self.columns())

    def _sort_named(self, typed: str) -> None:
        """Sort by the column that was named, `mu`, `mu:asc` or `mu:desc`, if that is one."""
        name, _, order = typed.partition(":")
        columns = called(self._sortable(), name) if name else ()
        if len(columns) == 1 and order in ("", "asc", "desc"):
            column = columns[0]
            falls = column.falls if not order else order == "desc"
            natural = column.key in (self.natural, self.sorts[0])
            self._set_sort(Sort(None if natural else column.key, falls))

    def _offer(self, typed: str) -> None:
        """Say which columns a name may mean. Raises QueryError where there is none."""
        name, colon, order = typed.partition(":")
        columns = called(self._sortable(), name)
        if not columns:
            known = ", ".join(column.names[0] for column in self._sortable())
            raise QueryError(f"sort:{typed}", f"no column is called so; there are {known}")
        if colon and not any(way.startswith(order) for way in ("asc", "desc")):
            raise QueryError(f"sort:{typed}", "a column goes up or down: write :asc or :desc")
        names = ", ".join(column.names[0] for column in columns)
        self.offered = f"tab completes   {names}" if len(columns) > 1 else f"sort by {names}"

    @on(QueryField.Completed)
    def _on_completed(self, message: QueryField.Completed) -> None:
        """Complete the name of the column, as far as it is plain what is meant."""
        message.stop()
        bar = self.query_one(QueryBar)
        text, lead, typed = bar.text.rpartition("sort:")
        if lead and typed == typed.split(" ")[0] and ":" not in typed:
            names = [
                next(name for name in column.names if name.startswith(typed.lower()))
                for column in called(self._sortable(), typed)
            ]
            if names:
                bar.put(f"{text}{lead}{common_start(names)}")

    def tell_typed(self, bar: QueryBar, palette: Palette) -> bool:
        """Say what is wrong with what is being typed, or what it may mean, if anything."""
        if self.wrong or self.offered:
            bar.say(self.wrong or self.offered, bool(self.wrong), palette)
        return bool(self.wrong or self.offered)

    @on(Table.SortPicked)
    def _on_sort_picked(self, message: Table.SortPicked) -> None:
        message.stop()
        key = None if message.key == self.natural else message.key
        sort = message.table.sort
        if key == sort.key:
            self._set_sort(Sort(key, not sort.descending))
        else:
            self._set_sort(Sort(key, self._column(message.key).falls and key is not None))

    # The query

    def do_query(self) -> None:
        """Type a query."""
        self.turn_to(TABLE)
        self.query_one(QueryBar).type()

    @on(QueryBar.Changed)
    def _on_query_changed(self, message: QueryBar.Changed) -> None:
        message.stop()
        if self.view is None:
            return
        self.wrong = self.offered = ""
        try:
            query = parse(message.text, self.words)
            self.check(query, self.view)
            if query.sort is not None:
                self._offer(query.sort)
                self._sort_named(query.sort)
            self.query_now = query
        except QueryError as error:
            self.wrong = str(error)
        if message.left:  # the column is in the header now
            self.offered = ""
            if self.query_now.sort is not None and not self.wrong:
                message.bar.put(self.query_now.filter_text)
        self.fill(self.view)

    def back(self) -> bool:
        """Clear the query, or leave a region for the table."""
        bar = self.query_one(QueryBar)
        if bar.text:
            bar.clear()
            return True
        if self.acting != TABLE:
            self.turn_to(TABLE)
            return True
        return False


class ListPane(Listing[View], RegionPane):
    """A tab around a table."""


def common_start(names: Sequence[str]) -> str:
    """What all of these begin with."""
    first, last = min(names), max(names)
    same = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]

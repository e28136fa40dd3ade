"""A view around a table whose other regions tell of the row under the cursor."""

from tttui.keys.command import Command
from tttui.panes.lab.base import LISTING, LabState, LabView
from tttui.panes.listing import TABLE, Listing
from tttui.widgets.page import Page
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Sort

NEED_ROWS = (*LISTING, "pane('region')")
"""Shared commands that do nothing where there are no rows; nor do a view's own, but for `start`."""


class TableView(Listing[LabState], LabView):
    """The keys scroll the `Page` of the acting region, by its name as id, else move in the table.

    Rows stand in the order of their age, the newest first, where a view says nothing else.
    """

    shares = (*LISTING, "pane('region')")

    def __init__(self) -> None:
        super().__init__()
        self.empty = False
        """It is known that there is nothing to list."""

    @property
    def shown(self) -> set[str]:
        """The regions on the screen; none where there is nothing to list."""
        return set() if self.empty else set(self.regions)

    def set_empty(self, empty: bool, why: str) -> None:
        """Whether there is nothing to list; then `why` stands in its place."""
        nothing = self.query_one("#nothing", Page)
        nothing.set_content(lambda prose: prose.say(why), why)
        nothing.display = empty
        if empty != self.empty:
            self.empty = empty
            self.show_regions()

    def idle(self, command: Command) -> bool:
        own = command in self.keys and command.action != "pane('start')"
        return self.empty and (own or command.action in NEED_ROWS)

    def size_table(self, rows: int) -> None:
        """The table takes the `rows` that it has, up to two fifths where others follow it."""
        table = self.query_one(Table)
        if self.shown <= {TABLE}:
            table.styles.height = "1fr"
        else:
            most = max((self.room.height - 1) * 2 // 5, 5)
            table.styles.height = min(max(rows + 1, 4), most)

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

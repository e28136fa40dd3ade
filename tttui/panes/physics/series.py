"""Series: everything that a session records beside its losses, stacked over the steps."""

from collections.abc import Sequence

from textual.app import ComposeResult

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot
from tttui.draw.prose import Prose
from tttui.model.session import SessionData
from tttui.model.steps import SeriesTable
from tttui.model.text import visible
from tttui.panes.view import Pane, View
from tttui.plots.motion import series_plot
from tttui.store.snapshot import SERIES
from tttui.widgets.page import Page
from tttui.widgets.stack import StackView

LEAST = 5
"""Rows that a series should have, its title among them."""


class SeriesPane(Pane):
    """One plot above the other; up and down go through those that find no room."""

    needs = frozenset({"series"})

    DEFAULT_CSS = """
    SeriesPane { layout: vertical; height: 1fr; }
    SeriesPane #which { height: 1; }
    SeriesPane #stack { height: 1fr; }
    SeriesPane #nothing { display: none; height: 1fr; padding: 1 2; }
    SeriesPane.empty #nothing { display: block; }
    SeriesPane.empty #which, SeriesPane.empty #stack { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._first = 0
        """The series at the top."""
        self._shown: object = None
        self._known: dict[str, Series] = {}
        """The series that were shown, ready to be drawn; each goes on from the one before."""
        self._of: object = None
        """The session that they are of."""

    def compose(self) -> ComposeResult:
        yield Page("Series", id="which")
        yield StackView(id="stack")
        yield Page("Series", id="nothing")

    def use_room(self) -> None:
        if self._view is not None:
            self.show(self._view)

    @property
    def fits(self) -> int:
        """How many series there is room for."""
        return max(1, (self.room.height - 3) // LEAST)

    @property
    def settled(self) -> bool:
        """The series are on the screen, or it is known that there are none."""
        return self._view is not None and (self._view.series is not None or not self._reading)

    @property
    def _reading(self) -> bool:
        view = self._view
        return view is None or SERIES.name not in view.snapshot.values

    def show(self, view: View) -> None:
        self._view = view
        stack = self.query_one(StackView)
        place = (view.data.place, view.data.run)
        if place != self._of:
            self._of, self._first, self._known, self._shown = place, 0, {}, None
        table = view.series
        names = () if table is None else table.names
        self.set_class(not names, "empty")
        if table is None or not names:
            self._show_nothing(view)
            return
        self._first = max(0, min(self._first, len(names) - self.fits))
        shown = names[self._first : self._first + self.fits]
        key = (table, shown, view.data.meta)
        if key != self._shown:
            self._shown = key
            stack.set_plots(tuple(self._plot(table, name, view.data) for name in shown))
        stack.set_timeline(view.timeline)
        self._show_which(len(names), len(shown))

    def _plot(self, table: SeriesTable, name: str, data: SessionData) -> Plot:
        t, y = table.of(name)
        series = self._known[name] = Series(t, y, self._known.get(name))
        return series_plot(data, name, series)

    def _show_which(self, every: int, shown: int) -> None:
        which = f"1 to {every}" if shown == every else f"{self._first + 1} to {self._first + shown}"
        title = f"{every} series" if shown == every else f"Series {which} of {every}; up, down"
        self.query_one("#which", Page).set_content(lambda _: None, title, title)

    def _show_nothing(self, view: View) -> None:
        failed, problem = view.failure(SERIES), view.data.problem("series")
        why = failed or (problem.reason if problem is not None else "")
        reading = self._reading

        def write(prose: Prose) -> None:
            if why:
                prose.say(f"series.csv: {why}", prose.palette.warn)
            elif reading:
                prose.say("Reading the series ...", prose.palette.muted)
            else:
                prose.say("This session records nothing beside its losses.")
                if view.data.meta.schema.recorder is not None:
                    prose.gap().say(
                        "Every value that is given to the recorder at a step becomes a series:",
                        prose.palette.muted,
                    )
                    prose.line(("rec.step(t, adaptive=loss, entropy=entropy)", prose.palette.text))

        self.query_one("#nothing", Page).set_content(write, (why, reading))

    # Keys

    def do_up(self) -> None:
        self._scroll(-1)

    def do_down(self) -> None:
        self._scroll(1)

    def _scroll(self, by: int) -> None:
        self._first += by
        if self._view is not None:
            self.show(self._view)

    def copyable(self) -> Sequence[tuple[str, str]]:
        view = self._view
        table = None if view is None else view.series
        if view is None or table is None:
            return ()
        values = []
        for name in table.names[self._first : self._first + self.fits]:
            point = self._known[name].at(view.timeline.cursor) if name in self._known else None
            if point is not None:
                values.append((f"{visible(name)} at t {view.timeline.cursor}", repr(point[1])))
        return values

    def exportable(self) -> str:
        return "series"

"""Curves beside the losses in the Overview, for tasks other than the point mass.

Its controls are curves of the same chart, since they are losses too; of the other series one at
a time has a chart of its own below.
"""

from tttui.draw.envelope import Series
from tttui.draw.plot import Plot
from tttui.model.arrays import Floats
from tttui.model.schema import CONTROL
from tttui.model.session import SessionData
from tttui.model.steps import SeriesTable
from tttui.panes.view import View
from tttui.plots.errors import curve, span_note


class Beside:
    """Which series is shown: the first one, until somebody goes on to the next."""

    def __init__(self) -> None:
        self.at = 0
        """The number of the series that is shown; one beyond the last: nothing is."""
        self.asked = False
        """Somebody wants to see it, also where rows are few."""
        self._of: object = None
        self._known: dict[str, tuple[Floats, Series]] = {}
        """By name the column of the table, and the same ready to be drawn."""

    def follow(self, data: SessionData) -> None:
        """Start anew for another session."""
        place = (data.place, data.run)
        if place != self._of:
            self._of, self.at, self._known, self.asked = place, 0, {}, False

    def controls(self, table: SeriesTable | None) -> tuple[str, ...]:
        """The controls that are drawn with the losses."""
        names = () if table is None else tuple(n for n in table.names if n.startswith(CONTROL))
        nothing = self.at > 0 and self.at >= len(_others(table))
        return () if nothing else names

    def curves(self, table: SeriesTable | None) -> tuple[tuple[str, Series], ...]:
        """These controls with their values."""
        if table is None:
            return ()
        return tuple(
            (name.removeprefix(CONTROL), self._series(table, name)) for name in self.controls(table)
        )

    def series(self, table: SeriesTable | None) -> str | None:
        """The series that is drawn below; None where none is."""
        names = _others(table)
        return names[self.at] if self.at < len(names) else None

    def go_on(self, table: SeriesTable | None, *, seen: bool) -> str:
        """Show the next series, after the last one nothing, then the first again.

        One that is not `seen` yet, since rows are few, is shown first.
        """
        names = _others(table)
        if table is None or not table.names:
            return "This session records nothing beside its losses."
        if seen or self.asked or not names:
            self.at = (self.at + 1) % (max(len(names), 1) + 1)
        self.asked = True
        shown = self.series(table)
        if shown is not None:
            return f"Beside the losses: {shown}"
        return "Beside the losses: controls" if self.controls(table) else "The losses alone"

    def plot(self, view: View) -> Plot:
        """The series of this moment."""
        table, name = view.series, self.series(view.series)
        if table is None or name is None:
            return Plot()
        smooth = view.timeline.smooth
        trace = curve(name, self._series(table, name), 0, smooth, heavy=True)
        return Plot(
            view.data.meta.title_of(name), traces=(trace,), note=span_note(smooth), steps=False
        )

    def _series(self, table: SeriesTable, name: str) -> Series:
        column, known = table.columns[name], self._known.get(name)
        if known is None or known[0] is not column:
            before = None if known is None else known[1]
            known = self._known[name] = column, Series(*table.of(name), before)
        return known[1]


def _others(table: SeriesTable | None) -> tuple[str, ...]:
    """The series that are no controls."""
    return () if table is None else tuple(n for n in table.names if not n.startswith(CONTROL))

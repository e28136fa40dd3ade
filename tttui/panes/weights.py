"""Weights: what the plastic weights are, and how they got there."""

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from tttui.draw.palette import Palette
from tttui.draw.prose import Prose
from tttui.model.arrays import PLASTIC
from tttui.model.session import SessionData
from tttui.model.spectrum import spectrum
from tttui.model.statistics import Statistics
from tttui.model.weights import (
    ASPECTS,
    TITLES,
    Aspect,
    Comparison,
    Held,
    compare,
    difference,
    held_at,
    held_at_start,
    why_no_weights,
)
from tttui.panes.view import Pane, View
from tttui.panes.weight_figures import SHORT, conditions, no_history, stat_plot, write_moved
from tttui.widgets.heatmap import Cell, Heatmap
from tttui.widgets.page import Page
from tttui.widgets.spectrum import SpectrumBars, SpectrumOf
from tttui.widgets.statchart import StatChart
from tttui.widgets.weightmap import WeightMap

REGIONS = (*PLASTIC, "statistics", "spectrum", "moved")
"""What `w` goes through."""


class WeightsPane(Pane):
    """Heatmaps at the cursor, statistics and spectra over time, and what moved."""

    needs_relatives = True
    needs_statistics = True

    DEFAULT_CSS = """
    WeightsPane { layout: vertical; height: 1fr; }
    WeightsPane #reading { height: 2; }
    WeightsPane #maps { height: 1fr; }
    WeightsPane .weightmap { margin-right: 2; }
    WeightsPane #w_u { width: 27fr; } WeightsPane #b { width: 38fr; }
    WeightsPane #w_o { width: 70fr; margin-right: 0; }
    WeightsPane #lower { height: 1fr; layout: horizontal; }
    WeightsPane #statistics { layout: grid; grid-size: 2 2; grid-gutter: 0 2; width: 1fr; }
    WeightsPane #nothing { display: none; }
    WeightsPane.no-history #nothing { display: block; }
    WeightsPane.no-history StatChart { display: none; }
    WeightsPane.no-history #statistics { layout: vertical; }
    WeightsPane #spectra { width: 1fr; }
    WeightsPane #spectrum { height: 14; }
    WeightsPane #trends { height: 1fr; layout: horizontal; }
    WeightsPane #trends StatChart { width: 1fr; margin-right: 1; }
    WeightsPane #moved { width: 1fr; }

    WeightsPane.wide #lower { height: 23; }
    WeightsPane.wide #statistics { width: 11fr; margin-right: 2; }
    WeightsPane.wide #spectra { width: 10fr; margin-right: 2; }
    WeightsPane.wide #moved { width: 8fr; }

    WeightsPane.medium #maps { height: 19; }
    WeightsPane.medium.at-statistics #spectra, WeightsPane.medium.at-statistics #moved,
    WeightsPane.medium.at-spectrum #statistics, WeightsPane.medium.at-spectrum #moved,
    WeightsPane.medium.at-moved #spectra, WeightsPane.medium.at-moved #statistics,
    WeightsPane.medium.at-map #statistics { display: none; }
    WeightsPane.medium.at-map #spectra { width: 6fr; margin-right: 2; }
    WeightsPane.medium.at-map #moved { width: 5fr; }
    WeightsPane.medium #trends { display: none; }
    WeightsPane.medium.at-spectrum #trends { display: block; width: 1fr; }
    WeightsPane.medium.at-spectrum #spectra { layout: horizontal; }
    WeightsPane.medium.at-spectrum #spectrum { width: 3fr; margin-right: 2; }
    WeightsPane.medium.at-spectrum #trends { width: 2fr; layout: vertical; }
    WeightsPane.medium.at-spectrum #trends StatChart { height: 1fr; width: 1fr; }

    WeightsPane.small #w_u { width: 16; } WeightsPane.small #b { width: 20; }
    WeightsPane.small #w_o { width: 1fr; }
    WeightsPane.small #lower { display: none; }
    WeightsPane.small.below #lower { display: block; }
    WeightsPane.small.below #maps, WeightsPane.small.below #reading { display: none; }
    WeightsPane.small.at-statistics #spectra, WeightsPane.small.at-statistics #moved,
    WeightsPane.small.at-spectrum #statistics, WeightsPane.small.at-spectrum #moved,
    WeightsPane.small.at-moved #spectra, WeightsPane.small.at-moved #statistics { display: none; }
    WeightsPane.small #spectra { height: 1fr; }
    WeightsPane.narrow #maps > .weightmap { display: none; margin-right: 0; width: 1fr; }
    WeightsPane.narrow #maps > .weightmap.chosen { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._aspect: Aspect = "value"
        self._region = "B"
        self._statistics = Statistics()
        self._start: tuple[SessionData | None, Held | None] = (None, None)
        self._conditions: dict[str, float] = {}
        """Condition numbers at the session's start."""
        self._now: Held | None = None
        self._shown: Comparison | None = None
        self._key: object = None
        self._charted: object = None

    def compose(self) -> ComposeResult:
        yield Page("", id="reading")
        with Horizontal(id="maps"):
            for name in PLASTIC:
                yield WeightMap(name)
        with Container(id="lower"):
            with Container(id="statistics"):
                yield Page("Statistics over time", id="nothing")
                for measure in ("fro", "max_abs", "mean", "std"):
                    yield StatChart(measure, SHORT[measure])
            with Vertical(id="spectra"):
                yield SpectrumBars(id="spectrum")
                with Container(id="trends"):
                    yield StatChart("condition", SHORT["condition"], log=True)
                    yield StatChart("effective_rank", SHORT["effective_rank"])
            yield Page("What moved", id="moved")

    def on_mount(self) -> None:
        self._mark_region()

    def use_room(self) -> None:
        width, height = self.room
        wide = width >= 150 and height >= 38
        medium = not wide and width >= 96 and height >= 30
        self.set_class(wide, "wide")
        self.set_class(medium, "medium")
        self.set_class(not wide and not medium, "small")
        self.set_class(width < 72, "narrow")

    def show(self, view: View) -> None:
        old, self._view = self._view, view
        if old is None or (old.palette, old.glyphs) != (view.palette, view.glyphs):
            for widget in (*self.query(WeightMap), *self.query(Page), *self.query(StatChart)):
                widget.set_look(view.palette, view.glyphs)
            self.query_one(SpectrumBars).set_look(view.palette, view.glyphs)
            self._key = None
        found = view.statistics or Statistics()
        if found.columns is not self._statistics.columns:
            self._key = None
        self._statistics = found
        self._show_weights(view)
        self._show_charts(view)
        self._show_reading()

    @property
    def settled(self) -> bool:
        """The statistics of all snapshots are computed and on the screen."""
        view = self._view
        return view is not None and self._statistics.complete and view.statistics is not None

    # What the weights are

    def _show_weights(self, view: View) -> None:
        data, t = view.data, view.timeline.cursor
        if self._start[0] is not data:
            self._start = (data, held_at_start(data))
            self._conditions = conditions(self._start[1])
        index = None
        if data.history is not None and len(data.history):
            index = int(np.searchsorted(data.history.t, t, side="right"))
        # Between two snapshots nothing changes but whether an update lies under the cursor.
        moment = t if self._aspect in ("commit", "other") else index
        key = (data, self._aspect, moment, index, view.timeline.selected, view.parent, view.other)
        if key == self._key:
            return
        self._key = key
        self._now = held_at(data, t)
        self._shown = compare(
            self._aspect,
            data,
            t,
            attempt=view.timeline.selected,
            parent=view.parent,
            other=view.other,
        )
        start = self._start[1].matrices if self._start[1] is not None else {}
        for heatmap in self.query(WeightMap):
            values = self._shown.matrices.get(heatmap.matrix)
            heatmap.set_values(
                values,
                heatmap.matrix,
                limit=self._limit(heatmap.matrix),
                start=start.get(heatmap.matrix),
                message=self._shown.why_not,
            )
            if heatmap.cell is None and values is not None:
                heatmap.set_cell((0, 0))
        self._show_spectra(data)
        self._show_moved()

    def _limit(self, matrix: str) -> float | None:
        """One scale for the whole history, so that colours mean the same while time passes."""
        measure = {"value": "max_abs", "start": "max_change"}.get(self._aspect)
        return self._statistics.largest(matrix, measure) if measure is not None else None

    def _show_spectra(self, data: SessionData) -> None:
        bars = self.query_one(SpectrumBars)
        if self._now is None:
            bars.set_spectra((), why_no_weights(data))
            return
        found = []
        for name, matrix in self._now.matrices.items():
            now, growth = spectrum(matrix), None
            if now is not None and name in self._conditions:
                growth = now.condition / self._conditions[name]
            found.append(SpectrumOf(name, (matrix.shape[0], matrix.shape[1]), now, growth))
        bars.set_spectra(found)

    def _show_moved(self) -> None:
        now, start, shown = self._now, self._start[1], self._shown
        page = self.query_one("#moved", Page)
        if shown is None:
            return
        if shown.is_change:
            change, of, why = shown.matrices, TITLES[shown.aspect], shown.why_not
        elif now is not None and start is not None:
            change, of, why = difference(now.matrices, start.matrices), TITLES["start"], ""
        else:
            change, of, why = {}, TITLES["start"], shown.why_not
        before = start.matrices if start is not None else None

        def write(prose: Prose) -> None:
            if not change:
                prose.say(why or "Nothing to compare with.", prose.palette.muted)
            else:
                write_moved(prose, change, before)

        page.set_content(write, None, f"What moved: {of}")

    # Over time

    def _show_charts(self, view: View) -> None:
        found = self._statistics
        key = (view.data.history, found.columns, view.timeline.last)
        if key != self._charted:
            self._charted = key
            why = no_history(view.data)
            self.set_class(bool(why), "no-history")
            self.query_one("#nothing", Page).set_content(lambda p: p.say(why), why)
            for chart in self.query(StatChart):
                chart.set_plot(stat_plot(chart.measure, found, view.timeline.last, why))
        for chart in self.query(StatChart):
            chart.set_timeline(view.timeline)

    # The cell

    def _show_reading(self) -> None:
        view, shown = self._view, self._shown
        if view is None or shown is None:
            return
        heatmap = self._heatmap()
        cell = heatmap.cell if heatmap.values.size else None
        key = (self._key, heatmap.matrix, cell)

        def write(prose: Prose) -> None:
            palette = prose.palette
            if shown.why_not:
                prose.line((shown.why_not, palette.warn, True))
                return
            if cell is None:
                return
            row, column = heatmap.names(cell)
            prose.line(
                (f"{heatmap.matrix}[{cell[0]}, {cell[1]}] ", palette.accent, True),
                (f"{column} to {row}  ", palette.muted),
                *self._cell_values(heatmap, cell, palette),
            )

        where = shown.says or "nothing to show"
        title = f"{TITLES[self._aspect].capitalize()} ({where})"
        self.query_one("#reading", Page).set_content(write, key, title)

    def _cell_values(
        self, heatmap: WeightMap, cell: Cell, palette: Palette
    ) -> list[tuple[str, int, bool]]:
        name = heatmap.matrix
        parts = []
        if self._shown is not None and self._shown.is_change:
            change = float(heatmap.values[cell])
            parts += [("change ", palette.muted, False), (f"{change:+.7g}  ", palette.text, True)]
        if self._now is not None and name in self._now.matrices:
            value = float(self._now.matrices[name][cell])
            parts += [("value ", palette.muted, False), (f"{value:.8g}  ", palette.text, True)]
            start = self._start[1]
            if start is not None and name in start.matrices and self._aspect != "start":
                since = value - float(start.matrices[name][cell])
                parts += [("since start ", palette.muted, False)]
                parts += [(f"{since:+.4g}", palette.text, True)]
        return parts

    def _heatmap(self) -> WeightMap:
        """The matrix that keys move in."""
        name = self._region if self._region in PLASTIC else "B"
        return self.query_one(f"#{name.lower()}", WeightMap)

    def _mark_region(self) -> None:
        at = self._region
        for heatmap in self.query(WeightMap):
            heatmap.set_chosen(heatmap.matrix == at)
            heatmap.set_class(heatmap.matrix == at, "chosen")
        self.query_one("#moved", Page).set_chosen(at == "moved")
        self.query_one(SpectrumBars).set_chosen(at == "spectrum")
        self.set_class(at in PLASTIC, "at-map")
        self.set_class(at not in PLASTIC, "below")
        for name in ("statistics", "spectrum", "moved"):
            self.set_class(at == name, f"at-{name}")

    @on(Heatmap.CellHovered)
    @on(Heatmap.CellPicked)
    def _on_cell(self, message: Heatmap.CellHovered | Heatmap.CellPicked) -> None:
        matrix = message.heatmap.name
        if matrix in PLASTIC and matrix != self._region:
            self._region = matrix
            self._mark_region()
        self._show_reading()

    # Keys

    def do_view(self) -> str | None:
        """Show the next aspect of the weights."""
        self._aspect = ASPECTS[(ASPECTS.index(self._aspect) + 1) % len(ASPECTS)]
        if self._view is not None:
            self.show(self._view)
        why = self._shown.why_not if self._shown is not None else ""
        return f"{TITLES[self._aspect].capitalize()}. {why}" if why else None

    def do_compared(self) -> None:
        """Another session was chosen: show the change against it."""
        self._aspect = "other"

    def do_region(self) -> None:
        """Go to the next region."""
        self._region = REGIONS[(REGIONS.index(self._region) + 1) % len(REGIONS)]
        self._mark_region()
        self._show_reading()

    def do_up(self) -> None:
        self._move(-1, 0)

    def do_down(self) -> None:
        self._move(1, 0)

    def do_cell_left(self) -> None:
        self._move(0, -1)

    def do_cell_right(self) -> None:
        self._move(0, 1)

    def do_enlarge(self) -> None:
        self._heatmap().zoom(1)

    def do_shrink(self) -> None:
        self._heatmap().zoom(-1)

    def _move(self, down: int, right: int) -> None:
        if self._region == "moved":
            self.query_one("#moved", Page).scroll_lines(down)
            return
        heatmap = self._heatmap()
        row, column = heatmap.cell or (0, 0)
        step = heatmap.stride
        heatmap.set_cell((row + down * step, column + right * step))
        self._show_reading()

    def copyable(self) -> list[tuple[str, str]]:
        heatmap, view = self._heatmap(), self._view
        if view is None or not heatmap.values.size or heatmap.cell is None:
            return []
        row, column = heatmap.cell
        name = f"{heatmap.matrix}[{row}, {column}]"
        rows = ", ".join(f"{v:.8g}" for v in heatmap.values[row].tolist())
        return [(name, repr(float(heatmap.values[row, column]))), (f"Row {row}", rows)]

    def exportable(self) -> str:
        return {"statistics": "weight-statistics", "spectrum": "spectrum"}.get(
            self._region, "weights"
        )

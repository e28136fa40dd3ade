"""Weights: what the plastic weights are, and how they got there."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from tttui.draw.palette import Palette
from tttui.draw.prose import Prose
from tttui.export.request import Request
from tttui.model.arrays import PLASTIC
from tttui.model.start import StartView
from tttui.model.statistics import Statistics
from tttui.model.weights import ASPECTS, TITLES, Aspect, why_no_weights
from tttui.panes.architecture.model_facts import Key, same
from tttui.panes.background_value import Prepared
from tttui.panes.regions import Pages, RegionPane
from tttui.panes.view import Pane, View
from tttui.panes.weights.weight_figures import no_history, stat_plot, write_moved
from tttui.panes.weights.weights_at import Asked, Finder, Found
from tttui.widgets.heatmap import Cell, Heatmap
from tttui.widgets.page import Page
from tttui.widgets.spectrum import SpectrumBars
from tttui.widgets.statchart import StatChart
from tttui.widgets.weightmap import WeightMap, shared_widths

REGIONS = (*PLASTIC, "statistics", "spectrum", "moved")
"""What `w` goes through."""


WIDE_LOWER, MEDIUM_LOWER = 19, 14
"""Rows that the statistics and the rest need below the matrices."""

BELOW = ("statistics", "spectrum", "moved")
"""The regions other than matrices."""

SHAPES: tuple[tuple[int, int], ...] = ((16, 6), (32, 16), (4, 32))
"""Of the matrices of the usual model, used until others are known, so that layout happens once."""


class WeightsPane(RegionPane):
    """Heatmaps at the cursor, statistics and spectra over time, and what moved."""

    views = ASPECTS
    region_names: ClassVar[Sequence[str]] = REGIONS
    first = "B"
    short_names = {"moved": "what moved"}
    beside_maps: ClassVar[tuple[str, ...]] = ("moved",)
    """What a screen of medium size shows with the matrices."""
    needs = frozenset({"relatives", "statistics"})

    DEFAULT_CSS = """
    WeightsPane { layout: vertical; height: 1fr; }
    WeightsPane #reading { height: 2; }
    WeightsPane #maps { height: 1fr; }
    WeightsPane .weightmap { margin-right: 1; }
    WeightsPane #w_o { margin-right: 0; }
    WeightsPane #lower { height: 1fr; layout: horizontal; }
    WeightsPane #statistics { layout: grid; grid-size: 2 2; grid-gutter: 0 2; width: 1fr; }
    WeightsPane #nothing { display: none; }
    WeightsPane.no-history #nothing { display: block; }
    WeightsPane.no-history StatChart { display: none; }
    WeightsPane.no-history #statistics { layout: vertical; }
    WeightsPane #spectra { width: 1fr; }
    WeightsPane #spectrum { height: 13; }
    WeightsPane #trends { height: 1fr; layout: horizontal; }
    WeightsPane #trends StatChart { width: 1fr; margin-right: 1; }
    WeightsPane #moved { width: 1fr; }

    WeightsPane.wide #statistics { width: 11fr; margin-right: 2; }
    WeightsPane.wide #spectra { width: 10fr; margin-right: 2; }
    WeightsPane.wide #moved { width: 8fr; }

    WeightsPane.medium.at-statistics #spectra, WeightsPane.medium.at-statistics #moved,
    WeightsPane.medium.at-spectrum #statistics, WeightsPane.medium.at-spectrum #moved,
    WeightsPane.medium.at-moved #spectra, WeightsPane.medium.at-moved #statistics,
    WeightsPane.medium.at-map #spectra { display: none; }
    WeightsPane.medium.at-map #statistics { grid-size: 2 1; margin-right: 2; }
    WeightsPane.medium.at-map #mean, WeightsPane.medium.at-map #std { display: none; }
    WeightsPane.medium.at-map #moved { width: 44; }
    WeightsPane.medium #trends { display: none; }
    WeightsPane.medium.at-spectrum #trends { display: block; width: 1fr; }
    WeightsPane.medium.at-spectrum #spectra { layout: horizontal; }
    WeightsPane.medium.at-spectrum #spectrum { width: 3fr; margin-right: 2; }
    WeightsPane.medium.at-spectrum #trends { width: 2fr; layout: vertical; }
    WeightsPane.medium.at-spectrum #trends StatChart { height: 1fr; width: 1fr; }

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
        self._statistics = Statistics()
        self._finder = Finder()
        self._answers: Prepared[Asked, Found] = Prepared(
            lambda asked, _: self._finder.find(asked), lambda asked, _: asked.quick, self._tell
        )
        self._maps = self._make_maps()
        self._beside = Horizontal(*self._maps, id="maps")
        self._charts = (
            StatChart("change", log=False),
            StatChart("max_abs"),
            StatChart("mean", log=False),
            StatChart("std"),
            StatChart("condition", log=True),
            StatChart("effective_rank", log=False),
        )
        self._bars = SpectrumBars(id="spectrum")
        self._reading = Page("", id="reading")
        self._nothing = Page("Statistics over time", id="nothing")
        self._moved = Page("What moved", id="moved")
        self._asked: Asked | None = None
        self._found: Found | None = None
        """What is on the screen; older than what is asked for while a thread looks."""
        self._charted: Key = ()
        self._shapes = SHAPES

    def _make_maps(self) -> tuple[WeightMap, ...]:
        return tuple(WeightMap(name) for name in PLASTIC)

    @property
    def _names(self) -> tuple[str, ...]:
        """The matrices that are shown."""
        return PLASTIC

    @property
    def _at_map(self) -> bool:
        """The keys move in a matrix."""
        return self.acting in PLASTIC

    def compose(self) -> ComposeResult:
        self.use_room()  # before there is anything below that would be styled again
        yield self._reading
        yield self._beside
        with Container(id="lower"):
            with Container(id="statistics"):
                yield self._nothing
                yield from self._charts[:4]
            with Vertical(id="spectra"):
                yield self._bars
                with Container(id="trends"):
                    yield from self._charts[4:]
            yield self._moved

    def use_room(self) -> None:
        width, height = self.room
        wide = width >= 150 and height >= 38
        self._arrange(wide, not wide and width >= 96 and height >= 30)
        self.set_class(width < 72, "narrow")
        widths = None if width < 72 else shared_widths(self._shapes, width, gap=1)
        for i, heatmap in enumerate(self._maps):
            heatmap.styles.width = "1fr" if widths is None else widths[i]
        self._beside.styles.height = self._map_rows() or "1fr"
        self.show_regions()

    def _map_rows(self) -> int:
        """Rows of the matrices: what the tallest needs, where the rest has room below; 0: all."""
        if self.has_class("small"):
            return 0
        least = WIDE_LOWER if self.has_class("wide") else MEDIUM_LOWER
        room = max(self.room.height - 2 - least, 8)
        tallest = max(rows for rows, _ in self._shapes)
        while -(-tallest // 2) + 3 > room:  # several rows of the matrix share one
            tallest = -(-tallest // 2)
        return max(-(-tallest // 2) + 3, 8)

    def _arrange(self, wide: bool, medium: bool) -> None:
        self.set_class(wide, "wide")
        self.set_class(medium, "medium")
        self.set_class(not wide and not medium, "small")

    def look_changed(self) -> None:
        self._charted = ()

    def show(self, view: View) -> None:
        old, self._view = self._view, view
        if old is None or (old.data.place, old.data.run) != (view.data.place, view.data.run):
            self._forget()
        answer = self._answer(view)
        found = self._statistics_of(view, answer)
        fuller, self._statistics = found.columns is not self._statistics.columns, found
        self._show_weights(view, answer, fuller)
        self._show_charts(view)
        self._show_reading()

    def _answer(self, view: View) -> Found | None:
        """The newest answer that there is, while another one is worked out where it is wanted."""
        asked = Asked.of(view, self._aspect, self._names)
        if self._asked is None or not same(asked.key, self._asked.key):
            self._asked = asked
        return self._answers.of(self._asked)

    def _statistics_of(self, view: View, answer: Found | None) -> Statistics:
        """What is drawn over time."""
        return view.statistics or Statistics()

    @property
    def settled(self) -> bool:
        """All that was asked for is on the screen."""
        view, found = self._view, self._found
        answered = found is not None and found.asked is self._asked
        return (
            answered
            and view is not None
            and view.statistics is not None
            and (view.statistics.complete)
        )

    # What the weights are

    def _show_weights(self, view: View, found: Found | None, fuller: bool) -> None:
        """Show what is in force at the cursor; `fuller`: the scale may be known by now."""
        if found is None or (found is self._found and not fuller):
            return
        fresh, self._found = found is not self._found, found
        shown, start = found.shown, found.start.matrices if found.start is not None else {}
        for heatmap in self._maps:
            pyramid = found.pyramids.get(heatmap.matrix)
            heatmap.set_values(
                pyramid,
                heatmap.matrix,
                limit=self._limit(heatmap.matrix, shown.aspect),
                start=start.get(heatmap.matrix),
                message=shown.why_not,
            )
            if heatmap.cell is None and pyramid is not None:
                heatmap.set_cell((0, 0))
        shapes = tuple((W.shape[0], W.shape[1]) for W in shown.matrices.values())
        if len(shapes) == len(self._maps) and shapes != self._shapes:
            self._shapes = shapes
            self.use_room()
        if fresh:
            known = found.now is not None or bool(found.spectra)
            why = "" if known else shown.why_not or why_no_weights(view.data, self._names)
            self._bars.set_spectra(found.spectra, why)
            self._show_moved(found)

    def _forget(self) -> None:
        """Another session is looked at: nothing of the one before stays on the screen."""
        self._answers.forget()
        self._asked = self._found = None
        for heatmap in self._maps:
            heatmap.set_values(None, heatmap.matrix, message="working out ...")
        self._bars.set_spectra(())
        self._moved.set_content(lambda _: None, None, "What moved")

    def _limit(self, matrix: str, aspect: Aspect) -> float | None:
        """One scale for the whole history, so that colours mean the same while time passes."""
        measure = {"value": "max_abs", "start": "max_change"}.get(aspect)
        return self._statistics.largest(matrix, measure) if measure is not None else None

    def _show_moved(self, found: Found) -> None:
        movement, why = found.moved, found.shown.why_not or "Nothing to compare with."

        def write(prose: Prose) -> None:
            if movement is None:
                prose.say(why, prose.palette.muted)
            else:
                write_moved(prose, movement)

        of = movement.of if movement is not None else TITLES[found.shown.aspect]
        self._moved.set_content(write, None, f"What moved: {of}")

    def _tell(self) -> None:
        """Called in threads, which may outlive the app."""
        with suppress(RuntimeError):
            self.post_message(self.Derived())

    @on(Pane.Derived)
    def _on_derived(self) -> None:
        if self._view is not None:
            self.show(self._view)

    # Over time

    def _show_charts(self, view: View) -> None:
        found = self._statistics
        key: Key = (view.data.history, found, view.timeline.last, self._names)
        if not same(key, self._charted):
            old, self._charted = self._charted, key
            why = self._why_no_curves(view)
            self.set_class(bool(why), "no-history")
            self._nothing.set_content(lambda p: p.say(why), why)
            known = old[1] if old else None
            grown = not isinstance(known, Statistics) or known.columns is not found.columns
            grown = grown or old[0] is not key[0] or old[2:] != key[2:]
            for chart in self._charts:
                plot = stat_plot(chart.measure, found, view.timeline.last, why)
                if grown or plot.note != chart.note:
                    chart.set_stairs(plot)
        for chart in self._charts:
            chart.set_timeline(view.timeline)

    def _why_no_curves(self, view: View) -> str:
        """Why there is nothing over time; '' where there is something."""
        return no_history(view.data)

    # The cell

    def _show_reading(self) -> None:
        found = self._found
        if found is None:
            self._reading.set_content(lambda _: None, "", "Working out ...")
            return
        shown, heatmap = found.shown, self._heatmap()
        cell = heatmap.cell if heatmap.values.size else None
        key = (found, heatmap.matrix, cell)

        def write(prose: Prose) -> None:
            palette = prose.palette
            if shown.why_not:
                prose.line((shown.why_not, palette.warn, True))
                return
            if cell is None:
                return
            row, column = heatmap.names(cell)
            values = _cell_values(found, heatmap, cell, palette)
            where = f"[{element(cell, found.block)}] "
            named = f"{heatmap.matrix}{where}"
            if not heatmap.roles and len(named) + _length(values) > prose.width:
                named = where  # the name stands over the map
                if len(named) + _length(values) > prose.width:
                    values = _cell_values(found, heatmap, cell, palette, digits=4)
            prose.line(
                (named, palette.accent, True),
                *([(f"{column} to {row}  ", palette.muted)] if heatmap.roles else []),
                *values,
            )

        where = shown.says or "nothing to show"
        title = f"{TITLES[shown.aspect].capitalize()} ({where})"
        if found.asked is not self._asked:
            title = f"Working out: {TITLES[self._aspect]} ..."
        self._reading.set_content(write, key, title)

    def _heatmap(self) -> WeightMap:
        """The matrix that keys move in."""
        name = self.acting if self.acting in PLASTIC else "B"
        return self._maps[PLASTIC.index(name)]

    def pages(self) -> Pages:
        maps = tuple(name for name in self.region_names if name not in BELOW)
        if self.has_class("wide"):
            return super().pages()
        if self.has_class("medium"):
            apart = [name for name in BELOW if name not in self.beside_maps]
            return (*maps, *self.beside_maps), *((*maps, name) for name in apart)
        each = tuple((name,) for name in maps) if self.has_class("narrow") else (maps,)
        return (*each, *((name,) for name in BELOW))

    def show_regions(self) -> None:
        at = self.acting
        for heatmap in self._maps:
            heatmap.set_chosen(heatmap.matrix == at)
            heatmap.set_class(heatmap.matrix == at, "chosen")
        self._moved.set_chosen(at == "moved")
        self._bars.set_chosen(at == "spectrum")
        self._charts[0].set_chosen(at == "statistics")
        beside = at in self.beside_maps and self.has_class("medium")
        self.set_class(self._at_map or beside, "at-map")
        self.set_class(not self._at_map, "below")
        for name in ("statistics", "spectrum", "moved"):
            self.set_class(at == name and not beside, f"at-{name}")

    @on(Heatmap.CellHovered)
    @on(Heatmap.CellPicked)
    def _on_cell(self, message: Heatmap.CellHovered | Heatmap.CellPicked) -> None:
        matrix = message.heatmap.name
        if matrix in PLASTIC and matrix != self.acting:
            self.acting = matrix
            self.show_regions()
        self._show_reading()

    # The look of a session

    def look(self, start: StartView) -> StartView:
        return replace(super().look(start), view=self._aspect)

    def recall(self, start: StartView) -> None:
        self._aspect = next((name for name in ASPECTS if name == start.view), self._aspect)
        super().recall(start)

    # Keys

    def awaits(self, action: str) -> bool:
        """The matrices, for what is done with them."""
        return self._found is None and action.startswith(("pane(", "copy", "export"))

    def do_view(self) -> str | None:
        """Show the next aspect of the weights."""
        self._aspect = ASPECTS[(ASPECTS.index(self._aspect) + 1) % len(ASPECTS)]
        if self._view is not None:
            self.show(self._view)
        found = self._found
        answered = found is not None and found.asked is self._asked
        why = found.shown.why_not if found is not None and answered else ""
        return f"{TITLES[self._aspect].capitalize()}. {why}" if why else None

    def do_compared(self) -> None:
        """Another session was chosen: show the change against it."""
        self._aspect = "other"

    def turn_to(self, region: str) -> None:
        super().turn_to(region)
        if self.is_mounted:
            self._show_reading()

    def do_up(self) -> None:
        self._move(-1, 0)

    def do_down(self) -> None:
        self._move(1, 0)

    def do_cell_left(self) -> None:
        self._move(0, -1)

    def do_cell_right(self) -> None:
        self._move(0, 1)

    def do_signs(self) -> str:
        """Tell signs by characters as well, or by hue alone."""
        signs = not self._maps[0].signs
        for heatmap in self._maps:
            heatmap.set_signs(signs)
        if signs:
            return "Negative elements carry a minus; in half cells + - ± ∓, the upper sign above."
        return "The hue alone tells the sign."

    def do_enlarge(self) -> None:
        self._heatmap().zoom(1)

    def do_shrink(self) -> None:
        self._heatmap().zoom(-1)

    def _move(self, down: int, right: int) -> None:
        if self.acting == "moved":
            self._moved.scroll_lines(down)
            return
        heatmap = self._heatmap()
        row, column = heatmap.cell or (0, 0)
        rows, columns = heatmap.stride
        heatmap.set_cell((row + down * rows, column + right * columns))
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
        named = {"statistics": "weight-statistics", "spectrum": "spectrum", "moved": "moved"}
        return named.get(self.acting, "weights")

    def export_of(self, request: Request) -> Request:
        asked = self._asked
        if asked is None:
            return request
        return replace(
            request,
            aspect=asked.aspect,
            attempt=asked.attempt,
            parent=asked.parent,
            other=asked.other,
            parameters=() if asked.of_point_mass else asked.names,
        )


def element(cell: Cell, block: tuple[int, int]) -> str:
    """`3, 17`; of an element that stands for a block, its rows and columns: `24-31, 136-143`."""
    if block == (1, 1):
        return f"{cell[0]}, {cell[1]}"
    ends = zip(cell, block, strict=True)
    return ", ".join(f"{i * size}-{(i + 1) * size - 1}" if size > 1 else f"{i}" for i, size in ends)


def _length(parts: Sequence[tuple[str, int, bool]]) -> int:
    return sum(len(text) for text, *_ in parts)


def _cell_values(
    found: Found, heatmap: WeightMap, cell: Cell, palette: Palette, *, digits: int = 8
) -> list[tuple[str, int, bool]]:
    """An element's change, its value and its change since the start, as far as they are known."""
    name, parts = heatmap.matrix, []
    if found.shown.is_change:
        change = float(heatmap.values[cell])
        parts += [
            ("change ", palette.muted, False),
            (f"{change:+.{digits - 1}g}  ", palette.text, True),
        ]
    if found.now is None and not found.shown.is_change:
        value = float(heatmap.values[cell])
        parts += [("value ", palette.muted, False), (f"{value:.{digits}g}  ", palette.text, True)]
    if found.now is not None and name in found.now.matrices:
        value = float(found.now.matrices[name][cell])
        parts += [("value ", palette.muted, False), (f"{value:.{digits}g}  ", palette.text, True)]
        start = found.start
        if start is not None and name in start.matrices and found.shown.aspect != "start":
            since = value - float(start.matrices[name][cell])
            parts += [("since start ", palette.muted, False)]
            parts += [(f"{since:+.{digits // 2}g}", palette.text, True)]
    return parts

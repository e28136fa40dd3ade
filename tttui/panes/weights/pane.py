"""Weights: what the plastic weights are, and how they got there."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from tttui.draw.prose import Prose
from tttui.export.request import ExportRequest
from tttui.model.arrays import PLASTIC
from tttui.model.start import StartView
from tttui.model.statistics import Statistics
from tttui.model.weights import ASPECTS, TITLES, Aspect, why_no_weights
from tttui.panes.architecture.model_facts import Key, same
from tttui.panes.background_value import Prepared
from tttui.panes.regions import Pages, RegionPane
from tttui.panes.view import Pane, View
from tttui.panes.weights.element import copyable, what_is_shown, write_element
from tttui.panes.weights.layout import CSS, REGIONS, SHAPES, map_rows, pages
from tttui.panes.weights.weight_figures import no_history, write_moved
from tttui.panes.weights.weights_at import Finder, WeightsAnswer, WeightsRequest
from tttui.plots.weights import weight_map, weight_plot
from tttui.widgets.heatmap import Heatmap
from tttui.widgets.page import Page
from tttui.widgets.spectrum import SpectrumBars
from tttui.widgets.statchart import StatChart
from tttui.widgets.weightmap import WeightMap, shared_widths


class WeightsPane(RegionPane):
    """Heatmaps at the cursor, statistics and spectra over time, and what moved."""

    views = ASPECTS
    region_names: ClassVar[Sequence[str]] = REGIONS
    first = "B"
    short_names = {"moved": "what moved"}
    beside_maps: ClassVar[tuple[str, ...]] = ("moved",)
    """What a screen of medium size shows with the matrices."""
    needs = frozenset({"relatives", "statistics"})

    DEFAULT_CSS = CSS

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._aspect: Aspect = "value"
        self._statistics = Statistics()
        self._finder = Finder()
        self._answers: Prepared[WeightsRequest, WeightsAnswer] = Prepared(
            lambda request, _: self._finder.find(request),
            lambda request, _: request.quick,
            self.derived,
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
        self._request: WeightsRequest | None = None
        self._current: WeightsAnswer | None = None
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
        tallest = max(rows for rows, _ in self._shapes)
        return map_rows(tallest, self.room.height, wide=self.has_class("wide"))

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
        statistics = self._statistics_of(view, answer)
        fuller, self._statistics = statistics.columns is not self._statistics.columns, statistics
        self._show_weights(view, answer, fuller)
        self._show_charts(view)
        self._show_reading()

    def _answer(self, view: View) -> WeightsAnswer | None:
        """The newest answer that there is, while another one is worked out where it is wanted."""
        request = WeightsRequest.of(view, self._aspect, self._names)
        if self._request is None or not same(request.key, self._request.key):
            self._request = request
        return self._answers.of(self._request)

    def _statistics_of(self, view: View, answer: WeightsAnswer | None) -> Statistics:
        """What is drawn over time."""
        return view.statistics or Statistics()

    @property
    def settled(self) -> bool:
        """All that was asked for is on the screen."""
        view, answer = self._view, self._current
        answered = answer is not None and answer.request is self._request
        if view is None or view.statistics is None:
            return False
        return answered and view.statistics.complete

    # What the weights are

    def _show_weights(self, view: View, answer: WeightsAnswer | None, fuller: bool) -> None:
        """Show what is in force at the cursor; `fuller`: the scale may be known by now."""
        if answer is None or (answer is self._current and not fuller):
            return
        fresh, self._current = answer is not self._current, answer
        shown, start = answer.shown, answer.start.matrices if answer.start is not None else {}
        for heatmap in self._maps:
            pyramid = answer.pyramids.get(heatmap.matrix)
            name, roles = heatmap.matrix, heatmap.roles
            at_start = start.get(name)
            heatmap.set_plot(
                weight_map(name, shown, pyramid, self._statistics, at_start, roles=roles)
            )
            if heatmap.cell is None and pyramid is not None:
                heatmap.set_cell((0, 0))
        shapes = tuple((W.shape[0], W.shape[1]) for W in shown.matrices.values())
        if len(shapes) == len(self._maps) and shapes != self._shapes:
            self._shapes = shapes
            self.use_room()
        if fresh:
            known = answer.now is not None or bool(answer.spectra)
            why = "" if known else shown.why_not or why_no_weights(view.data, self._names)
            self._bars.set_spectra(answer.spectra, why)
            self._show_moved(answer)

    def _forget(self) -> None:
        """Another session is looked at: nothing of the one before stays on the screen."""
        self._answers.forget()
        self._request = self._current = None
        for heatmap in self._maps:
            heatmap.set_values(None, heatmap.matrix, message="working out ...")
        self._bars.set_spectra(())
        self._moved.set_content(lambda _: None, None, "What moved")

    def _show_moved(self, answer: WeightsAnswer) -> None:
        movement, why = answer.moved, answer.shown.why_not or "Nothing to compare with."

        def write(prose: Prose) -> None:
            if movement is None:
                prose.say(why, prose.palette.muted)
            else:
                write_moved(prose, movement)

        of = movement.of if movement is not None else TITLES[answer.shown.aspect]
        self._moved.set_content(write, None, f"What moved: {of}")

    @on(Pane.Derived)
    def _on_derived(self) -> None:
        if self._view is not None:
            self.show(self._view)

    # Over time

    def _show_charts(self, view: View) -> None:
        statistics = self._statistics
        key: Key = (view.data.history, statistics, view.timeline.last, self._names)
        if not same(key, self._charted):
            old, self._charted = self._charted, key
            why = self._why_no_curves(view)
            self.set_class(bool(why), "no-history")
            self._nothing.set_content(lambda p: p.say(why), why)
            known = old[1] if old else None
            grown = not isinstance(known, Statistics) or known.columns is not statistics.columns
            grown = grown or old[0] is not key[0] or old[2:] != key[2:]
            for chart in self._charts:
                plot = weight_plot(chart.measure, statistics, view.timeline.last, why)
                if grown or plot.corner != chart.shown.corner:
                    chart.set_plot(plot)
        for chart in self._charts:
            chart.set_timeline(view.timeline)

    def _why_no_curves(self, view: View) -> str:
        """Why there is nothing over time; '' where there is something."""
        return no_history(view.data)

    # The cell

    def _show_reading(self) -> None:
        answer = self._current
        if answer is None:
            self._reading.set_content(lambda _: None, "", "Working out ...")
            return
        shown, heatmap = answer.shown, self._heatmap()
        cell = heatmap.cell if heatmap.values.size else None
        key = (answer, heatmap.matrix, cell)

        def write(prose: Prose) -> None:
            if shown.why_not:
                prose.line((shown.why_not, prose.palette.warn, True))
            elif cell is not None:
                write_element(prose, answer, heatmap, cell)

        title = f"Working out: {TITLES[self._aspect]} ..."
        if answer.request is self._request and self._view is not None:
            title = what_is_shown(answer, self._view.timeline.cursor)
        self._reading.set_content(write, key, title)

    def _heatmap(self) -> WeightMap:
        """The matrix that keys move in."""
        name = self.acting if self.acting in PLASTIC else "B"
        return self._maps[PLASTIC.index(name)]

    def pages(self) -> Pages:
        return pages(
            tuple(self.region_names),
            self.beside_maps,
            wide=self.has_class("wide"),
            medium=self.has_class("medium"),
            narrow=self.has_class("narrow"),
        )

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
        return self._current is None and action.startswith(("pane(", "copy", "export"))

    def do_view(self) -> str | None:
        """Show the next aspect of the weights."""
        self._aspect = ASPECTS[(ASPECTS.index(self._aspect) + 1) % len(ASPECTS)]
        if self._view is not None:
            self.show(self._view)
        answer = self._current
        answered = answer is not None and answer.request is self._request
        why = answer.shown.why_not if answer is not None and answered else ""
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
        heatmap.set_cell((row + down * heatmap.stride[0], column + right * heatmap.stride[1]))
        self._show_reading()

    def copyable(self) -> list[tuple[str, str]]:
        heatmap, view = self._heatmap(), self._view
        if view is None or not heatmap.values.size or heatmap.cell is None:
            return []
        return copyable(heatmap, heatmap.cell)

    def exportable(self) -> str:
        named = {"statistics": "weight-statistics", "spectrum": "spectrum", "moved": "moved"}
        return named.get(self.acting, "weights")

    def export_of(self, request: ExportRequest) -> ExportRequest:
        shown = self._request
        if shown is None:
            return request
        return replace(
            request,
            aspect=shown.aspect,
            transaction=shown.transaction,
            parent=shown.parent,
            other=shown.other,
            parameters=() if shown.of_point_mass else shown.names,
        )

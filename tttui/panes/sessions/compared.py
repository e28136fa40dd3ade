"""Sessions that are marked for a comparison, with their errors over one axis."""

from collections.abc import Collection, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.widgets import Static

from tttui.draw import sidebyside, transfermap
from tttui.draw.canvas import Canvas
from tttui.draw.cells import wrapped
from tttui.draw.colours import style
from tttui.draw.palette import Palette
from tttui.draw.text import Text
from tttui.model.cautions import Caution
from tttui.model.compare import Comparison, distinct_names
from tttui.model.session import Place, SessionSummary
from tttui.model.timeline import Timeline
from tttui.model.transfer import transfer_refused
from tttui.panes.sessions.layout import NARROW
from tttui.plots.compared import compared_errors
from tttui.widgets.chart import Chart
from tttui.widgets.drawn import Drawn

MOST = 12
"""Sessions that can be compared at once."""

MARK_MORE = "Mark two or more sessions with space to compare them."


class Marked:
    """The marked sessions, in the order in which they were marked."""

    def __init__(self) -> None:
        self._places: dict[Place, None] = {}

    def __len__(self) -> int:
        return len(self._places)

    @property
    def places(self) -> Sequence[Place]:
        return tuple(self._places)

    @property
    def enough(self) -> bool:
        """Whether there are sessions to compare."""
        return len(self) > 1

    def toggle(self, place: Place) -> str:
        """Mark or unmark a session; returns why that is impossible, or ''."""
        if place in self._places:
            del self._places[place]
        elif place.base_only:
            return f"{place.name} holds only a base; there is nothing to compare."
        elif len(self) >= MOST:
            return f"At most {MOST} sessions can be compared at once."
        else:
            self._places[place] = None
        return ""

    def keep(self, places: Sequence[Place]) -> None:
        """Unmark all but these."""
        self._places = {place: None for place in self._places if place in places}

    def no_transfer(self, summaries: Sequence[SessionSummary]) -> str:
        """Why the marked ones of these sessions have no transfer matrix; '' where they have."""
        of = {summary.place: summary for summary in summaries}
        marked = [of[place] for place in self._places if place in of]
        return transfer_refused([s.meta for s in marked], [s.place.name for s in marked])

    def __str__(self) -> str:
        names = distinct_names(self.places, [place.run for place in self.places])
        return f"Marked: {', '.join(names)}" if names else "Nothing is marked."

    def matching(self, comparison: Comparison | None) -> Comparison | None:
        """The comparison if it is the one of the marked sessions (it may be on its way)."""
        if comparison is None or not self.enough:
            return None
        paths = [data.place.path for data in comparison.sessions]
        return comparison if paths == [place.path for place in self.places] else None

    def why_none(self) -> str:
        """Why there is no comparison yet."""
        return "Reading the marked sessions ..." if self.enough else MARK_MORE


class _Compared(Drawn):
    """Draws a `Comparison`, or says why there is none."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._comparison: Comparison | None = None
        self._message = ""

    def set_comparison(self, comparison: Comparison | None, message: str = "") -> None:
        if comparison is not self._comparison or message != self._message:
            self._comparison, self._message = comparison, message
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        if self._comparison is None:
            return message_canvas(self._message, width, height, self.palette.muted)
        return self.paint_comparison(self._comparison, width, height)

    def paint_comparison(self, comparison: Comparison, width: int, height: int) -> Canvas:
        raise NotImplementedError


class MetricBars(_Compared):
    """The final numbers of every session as bars."""

    def paint_comparison(self, comparison: Comparison, width: int, height: int) -> Canvas:
        return sidebyside.metric_bars(comparison, (width, height), self.look)


class SettingsTable(_Compared):
    """The settings in which the sessions differ."""

    def paint_comparison(self, comparison: Comparison, width: int, height: int) -> Canvas:
        return sidebyside.settings_table(comparison, (width, height), self.look)


class TransferMap(_Compared):
    """The transfer matrix with its conclusion."""

    def rows(self, width: int) -> int:
        """Rows that all of it takes in so many columns."""
        comparison = self._comparison
        if comparison is None or comparison.transfer is None:
            return len(wrapped(self._message, width))
        return transfermap.rows(comparison.transfer, comparison.names, width, self.palette)

    def paint_comparison(self, comparison: Comparison, width: int, height: int) -> Canvas:
        if comparison.transfer is None:
            return message_canvas(self._message, width, height, self.palette.muted)
        look = self.look
        return transfermap.paint(comparison.transfer, comparison.names, (width, height), look)


def message_canvas(text: str, width: int, height: int, ink: int) -> Canvas:
    """A canvas with a sentence, in as many lines as it needs."""
    canvas = Canvas(height, width)
    for row, line in enumerate(wrapped(text, width)):
        canvas.write(row, 0, line, ink)
    return canvas


class ComparedCurves(Vertical):
    """The errors of the marked sessions over one axis, below what must be known about them."""

    DEFAULT_CSS = """
    ComparedCurves Chart { height: 1fr; }
    ComparedCurves Static { height: auto; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static()
        chart = Chart()
        chart.can_focus = False
        yield chart

    def show_comparison(
        self, comparison: Comparison | None, timeline: Timeline, why: str, room: Size
    ) -> None:
        """Draw a comparison in the shared window, or say why there is none.

        `room` is that of the tab.
        """
        chart = self.query_one(Chart)
        shown = (comparison, timeline.smooth, why, room, chart.look)
        if self._shown != shown:
            self._shown = shown
            chart.set_plot(compared_errors(comparison, timeline.smooth, why))
            self._warn(comparison.cautions if comparison is not None else (), room, chart.palette)
        chart.set_timeline(window_of(comparison, timeline))

    def _warn(self, cautions: Sequence[Caution], room: Size, palette: Palette) -> None:
        """In full where that leaves most of the room to the curves, else each in one line."""
        width = max((self.size.width or room.width) - 4, 20)
        full = sum(len(wrapped(caution.full, width)) for caution in cautions)
        text = Text()
        for caution in cautions:
            warning = caution.full if full <= room.height // 8 else caution.brief
            text.append("\n" if text else "").append("! ", style(palette.warn, bold=True))
            text.append(warning, style(palette.warn))
        area = self.query_one(Static)
        area.display = bool(text)
        area.update(text)


class ComparedSessions(Vertical):
    """All that compares the marked sessions: curves, bars, settings and the transfer matrix."""

    def compose(self) -> ComposeResult:
        yield ComparedCurves(id="curves")
        with Horizontal(id="numbers"):
            yield MetricBars()
            yield SettingsTable()
            yield TransferMap()

    def show_regions(self, regions: Collection[str], room: Size) -> None:
        """Show these regions of the tab, whose room is `room`."""
        self.query_one("#curves").display = "curves" in regions
        numbers = self.query_one("#numbers")
        numbers.display = "numbers" in regions or "transfer" in regions
        numbers.set_class(room.width < NARROW, "narrow")
        for kind in (MetricBars, SettingsTable):
            self.query_one(kind).display = "numbers" in regions
        self.query_one(TransferMap).display = "transfer" in regions

    def show_comparison(
        self,
        comparison: Comparison | None,
        timeline: Timeline,
        why: str,
        room: Size,
        regions: Collection[str],
    ) -> None:
        """Draw a comparison in each of the shown regions, or say why there is none."""
        if "curves" in regions:
            self.query_one(ComparedCurves).show_comparison(comparison, timeline, why, room)
        if "numbers" in regions:
            self.query_one(MetricBars).set_comparison(comparison, why)
            self.query_one(SettingsTable).set_comparison(comparison)
        if "transfer" in regions:
            tested = self.query_one(TransferMap)
            tested.set_comparison(
                comparison, "Testing the weights of each in the world of each ..."
            )


def window_of(comparison: Comparison | None, shared: Timeline) -> Timeline:
    """The shared timeline, its axis wide enough for all sessions while it shows a whole run."""
    known = [data.steps.t for data in comparison.sessions if len(data.steps)] if comparison else []
    if not known:
        return shared
    first, last = min(int(t[0]) for t in known), max(int(t[-1]) for t in known)
    whole = Timeline.over(first, last)
    window = whole if shared.whole else whole.show(shared.t0, shared.t1)
    log, smooth = shared.log, shared.smooth
    moved = window if shared.empty else window.jump(min(max(shared.cursor, window.t0), window.t1))
    return Timeline(first, last, moved.cursor, moved.t0, moved.t1, log=log, smooth=smooth)

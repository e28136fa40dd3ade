"""Overview: is test-time training working here, at a glance?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tttui.draw.envelope import Series
from tttui.draw.marks import Marks
from tttui.draw.numbers import short
from tttui.draw.plot import Plot
from tttui.model.query import of_statuses
from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.model.transactions import COMMIT, Transaction, Transactions
from tttui.model.verdict import HIGHEST_MU, Improvement, Verdict, last_means, percent_text, verdict
from tttui.panes.averages import curve, span_note
from tttui.panes.pretraining import is_pretraining, loss_plot, loss_timeline, progress
from tttui.panes.view import Pane, View
from tttui.widgets.cards import MetricCard, Tone
from tttui.widgets.chart import Chart
from tttui.widgets.commits import CommitGraph
from tttui.widgets.damage import DamageLine
from tttui.widgets.identity import IdentityCard
from tttui.widgets.transaction_panel import TransactionPanel
from tttui.widgets.verdict import VerdictLine

SPARK_STEPS = 400
"""Steps at the end of the run that a card's sparkline shows."""

SPARK_STRIDE = 64
"""Steps by which the sparklines of a growing run move on: every column changes then."""

WIDE = 150
"""Columns from which identity and transaction stand beside the chart."""

NARROW = 100
"""Columns below which the transaction takes the place of the chart."""

SHORT = 28
"""Rows below which cards, verdict and graph shrink."""

TINY = 12
"""Rows below which only the verdict and the chart are left."""


@dataclass(frozen=True, slots=True, eq=False)
class Digest:
    """What the Overview derives from the data once, whatever the cursor does."""

    verdict: Verdict
    baseline: Series
    adaptive: Series
    no_update: Series | None
    baseline_tail: Series
    adaptive_tail: Series
    """The last SPARK_STEPS of both."""
    marks: Marks
    attempted: int
    committed: int


def digest(data: SessionData) -> Digest:
    """Summarise a session's errors and transactions."""
    steps, events = data.steps, data.transactions
    attempted = len(events) or int(steps.did_update.sum())
    committed = int((events.status == COMMIT).sum()) if len(events) else int(steps.update_ok.sum())
    stop = len(steps) - len(steps) % SPARK_STRIDE if len(steps) > 2 * SPARK_STRIDE else len(steps)
    tail = slice(max(0, stop - SPARK_STEPS), stop)
    return Digest(
        progress(data) if is_pretraining(data) else verdict(data),
        Series(steps.t, steps.baseline),
        Series(steps.t, steps.adaptive),
        None if steps.no_update is None else Series(steps.t, steps.no_update),
        Series(steps.t[tail], steps.baseline[tail]),
        Series(steps.t[tail], steps.adaptive[tail]),
        marks_of(data),
        attempted,
        committed,
    )


def marks_of(data: SessionData, statuses: frozenset[str] | None = None) -> Marks:
    """The update attempts, of those that have an event only some `statuses` shown (None: all).

    Of a run without an events file they are those that per_step.csv flags.
    """
    events: Transactions = data.transactions
    if len(events):
        shown = None if statuses is None else of_statuses(events, statuses)
        return Marks(events.t, events.status, events.statuses, shown)
    steps = data.steps
    tried = np.flatnonzero(steps.did_update)
    failed = len(events.statuses)
    status = np.where(steps.update_ok[tried], COMMIT, failed)
    return Marks(steps.t[tried], status, (*events.statuses, "rollback"))


class OverviewPane(Pane):
    """Cards, verdict, the error chart, the commit graph, identity; a panel for one transaction."""

    region_names = ("identity",)
    needs_implied = True

    DEFAULT_CSS = """
    OverviewPane { layout: vertical; height: 1fr; }
    OverviewPane #cards { height: auto; }
    OverviewPane #middle { height: 1fr; }
    OverviewPane #charts { width: 1fr; }
    OverviewPane Chart { height: 1fr; }
    OverviewPane #side { width: 46; display: none; }
    OverviewPane.inspecting #side { display: block; }
    OverviewPane.narrow.inspecting #charts { display: none; }
    OverviewPane.narrow #side { width: 1fr; }
    OverviewPane #side IdentityCard { display: none; height: 11; }
    OverviewPane #below { height: 2; }
    OverviewPane.short #below { height: 1; }
    OverviewPane.short MetricCard { height: 2; }
    OverviewPane.short VerdictLine { max-height: 3; }
    OverviewPane.short CommitGraph { height: 3; }
    OverviewPane.identity #side, OverviewPane.identity #side IdentityCard { display: block; }
    OverviewPane.identity.narrow #charts { display: none; }
    OverviewPane.identity.narrow TransactionPanel { display: none; }
    OverviewPane.tiny #cards, OverviewPane.tiny CommitGraph { display: none; }
    OverviewPane.tiny #below { display: none; }
    OverviewPane.narrow #age { display: none; }
    OverviewPane.wide #side, OverviewPane.wide #side IdentityCard { display: block; }
    OverviewPane.wide #below { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._data: SessionData | None = None
        self._digest: Digest | None = None
        self._implied: float | None = None
        """What the digest's verdict says of the weights, where no transaction tells it."""
        self._statuses: frozenset[str] | None = None
        """The statuses that the digest's marks show."""
        self._plotted: object = None
        self._event: Transaction | None = None
        """The transaction that is being inspected."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="cards"):
            yield MetricCard("frozen MSE", id="frozen")
            yield MetricCard("adaptive MSE", id="adaptive")
            yield MetricCard("improvement", id="improvement")
            yield MetricCard("committed", id="updates")
            yield MetricCard("hidden mu", id="mu")
            yield MetricCard("age", id="age")
        yield VerdictLine()
        yield DamageLine()
        with Horizontal(id="middle"):
            with Vertical(id="charts"):
                yield Chart()
                yield CommitGraph()
            with Vertical(id="side"):
                yield IdentityCard()
                yield TransactionPanel()
        yield IdentityCard(id="below")

    def use_room(self) -> None:
        width, height = self.room
        self.set_class(width < NARROW, "narrow")
        self.set_class(width >= WIDE, "wide")
        self.set_class(height < SHORT, "short")
        self.set_class(height < TINY, "tiny")
        self.query_one(DamageLine).set_rows(1 if height < TINY else 2 if height < SHORT else 4)

    def show(self, view: View) -> None:
        if view.data is not self._data:
            self._data, self._digest = view.data, digest(view.data)
            self._statuses = self._implied = None
        assert self._digest is not None
        if view.implied != self._implied:
            self._implied = view.implied
            self._digest = replace(self._digest, verdict=verdict(view.data, view.implied))
        if view.statuses != self._statuses:
            self._statuses = view.statuses
            marks = marks_of(view.data, view.statuses)
            self._digest = replace(self._digest, marks=marks)
        self._show_charts(view, self._digest)
        self._show_cards(view, self._digest)
        self.query_one(VerdictLine).show(self._digest.verdict, view.palette)
        self.query_one(DamageLine).show(view.data.damage, view.palette)
        for card in self.query(IdentityCard):
            card.show(view.data, view.palette)
        self._show_side(view)

    def copyable(self) -> Sequence[tuple[str, str]]:
        data, found = self._data, self._digest
        if data is None or found is None:
            return ()
        meta = data.meta
        things = [
            ("Model signature", meta.model_signature),
            ("Base hash", meta.base_ckpt_hash),
            ("Session id", meta.session_id),
            ("Path", str(data.place.path)),
            ("Verdict", found.verdict.sentence),
        ]
        if self._event is not None:
            things.insert(0, ("Transaction", json.dumps(dict(self._event.raw))))
        return [(what, text) for what, text in things if text]

    @property
    def settled(self) -> bool:
        """Nothing is on its way: weights that are to be asked for their friction have answered."""
        return self._data is not None and (
            self._data.place.layout == "native" or self._implied is not None
        )

    def look(self, start: StartView) -> StartView:
        return replace(start, region="identity" if self.has_class("identity") else None)

    def recall(self, start: StartView) -> None:
        self.set_class(start.region == "identity", "identity")

    def do_identity(self) -> None:
        """Show or hide the identity in full."""
        self.toggle_class("identity")

    def _show_charts(self, view: View, found: Digest) -> None:
        chart, graph = self.query_one(Chart), self.query_one(CommitGraph)
        chart.set_look(view.palette, view.glyphs)
        graph.set_look(view.palette, view.glyphs)
        if is_pretraining(view.data):
            if self._plotted is not view.data:
                self._plotted = view.data
                chart.set_plot(loss_plot(view.data))
                graph.set_marks(found.marks)
            chart.set_timeline(loss_timeline(view.data))
            return
        wanted = (found, view.timeline.smooth, view.compare_yardsticks, view.yardsticks)
        if wanted != self._plotted:
            self._plotted = wanted
            chart.set_plot(error_plot(view, found))
            graph.set_marks(found.marks)
        chart.set_timeline(view.timeline)
        graph.set_timeline(view.timeline)

    def _show_side(self, view: View) -> None:
        self.set_class(view.inspecting, "inspecting")
        events = view.data.transactions
        index = view.timeline.selected
        if index is None and len(events):  # what was last tried at the cursor
            index = max(0, int(np.searchsorted(events.t, view.timeline.cursor, "right")) - 1)
        event = events[index] if index is not None and index < len(events) else None
        self._event = event if view.inspecting else None
        self.query_one(TransactionPanel).show(
            event,
            index or 0,
            len(events),
            view.data.plasticity_at(event.t if event is not None else 0),
            view.palette,
            view.glyphs,
        )

    def _show_cards(self, view: View, found: Digest) -> None:
        for card in self.query(MetricCard):
            if (card.palette, card.glyphs) != (view.palette, view.glyphs):
                card.set_look(view.palette, view.glyphs)
        baseline, adaptive, n = last_means(view.data.steps)
        over = f"last {n} steps" if n else "no steps yet"
        log = view.timeline.log
        self._card("frozen").set_metric(
            short(baseline) if n else "-",
            over,
            "baseline",
            series=found.baseline_tail,
            log=log,
        )
        self._card("adaptive").set_metric(
            short(adaptive) if n else "-",
            over,
            "adaptive",
            series=found.adaptive_tail,
            log=log,
        )
        self._card("improvement").set_metric(*improvement_texts(found.verdict.improvement))
        rolled = found.attempted - found.committed
        tone: Tone = (
            "neutral" if not found.attempted else "good" if found.committed > rolled else "bad"
        )
        self._card("updates").set_metric(
            f"{found.committed} / {found.attempted}",
            f"{rolled} rolled back",
            tone,
            share=found.committed / found.attempted if found.attempted else 0.0,
        )
        self._card("mu").set_metric(*mu_texts(view.data, view.timeline.cursor, view.implied))
        state = view.data.status.state if view.data.status is not None else "read-only"
        self._card("age").set_metric(view.age or "-", state)

    def _card(self, name: str) -> MetricCard:
        return self.query_one(f"#{name}", MetricCard)


def improvement_texts(result: Improvement | None) -> tuple[str, str, Tone]:
    """Value, interval and tone of the improvement's card."""
    if result is None or result.n == 0:
        return "-", "no steps yet", "neutral"
    value = percent_text(result.percent)
    value = f"{'+' if result.percent > 0 else ''}{value} %"
    if not np.isfinite(result.low):
        return value, "too few steps", "neutral"
    tone: Tone = {"better": "good", "worse": "bad", "unclear": "warn"}[result.tone]  # type: ignore[assignment]
    return value, f"CI {percent_text(result.low)} .. {percent_text(result.high)}", tone


def mu_texts(data: SessionData, cursor: int, newest: float | None) -> tuple[str, str, Tone]:
    """The hidden friction, and what the weights in force at the cursor imply; where transactions
    do not tell that, what the `newest` weights imply."""
    truth = data.mu_now
    shown = "-" if truth is None else f"{truth:.4f}"
    events = data.transactions
    last = events.in_force(cursor)
    if last is None or not np.isfinite(events.implied_mu[last]):
        if newest is not None and np.isfinite(newest):
            steps = data.steps.t
            held = len(steps) > 0 and last == events.in_force(int(steps[-1]))
            return shown, _implied_text(newest) if held else "implied: at end", "neutral"
        native = data.place.layout == "native"
        return shown, "implied: not yet" if native else "implied: not recorded", "neutral"
    return shown, _implied_text(float(events.implied_mu[last])), "neutral"


def _implied_text(mu: float) -> str:
    return f"implied {mu:.4f}" if mu < HIGHEST_MU else f"implied >= {HIGHEST_MU:g}"


def error_plot(view: View, found: Digest) -> Plot:
    """Both models' errors over the steps, with what else was asked for."""
    smooth = view.timeline.smooth
    traces = [
        curve("frozen", found.baseline, "baseline", smooth),
        curve("adaptive", found.adaptive, "adaptive", smooth, heavy=True),
    ]
    if found.no_update is not None:
        traces.insert(1, curve("no update", found.no_update, "third", smooth))
    compare = (len(traces) - 1, 0)
    rulers = []
    if view.compare_yardsticks:
        for i, ruler in enumerate(view.yardsticks):
            series = Series(ruler.t, ruler.mse)
            rulers.append(curve(ruler.name, series, i + 1, smooth=True))
    note = span_note(smooth)
    if view.compare_yardsticks and not rulers:
        note = yardstick_note(view.data)
    why = view.data.problem("steps")
    return Plot(
        title="MSE",
        traces=(*rulers, *traces),
        compare=(compare[0] + len(rulers), compare[1] + len(rulers)),
        marks=found.marks,
        note=note,
        message=why.reason if why is not None else "no steps recorded yet",
    )


def yardstick_note(data: SessionData) -> str:
    """Why no yardstick is drawn (yet)."""
    why = data.problem("trajectory")
    return f"no yardsticks: {why.reason}" if why is not None else "computing yardsticks ..."

"""Overview: is test-time training working here, at a glance?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.css.scalar import Scalar
from textual.geometry import Size

from tttui.draw.marks import Marks
from tttui.draw.plot import Plot
from tttui.keys import COMMANDS
from tttui.keys.command import Command
from tttui.model.controls import controls_of, with_controls
from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.model.transactions import Transaction
from tttui.model.verdict import verdict, with_ledger
from tttui.panes.losses import Digest, compared_plot, digest
from tttui.panes.overview.beside import Beside
from tttui.panes.overview.cardtexts import error_texts, hidden_texts, improvement_texts
from tttui.panes.pretraining import is_pretraining, loss_plot, loss_timeline
from tttui.panes.view import Pane, View
from tttui.plots.errors import marks_of
from tttui.plots.learned import learned_quantity, with_whatif
from tttui.store.snapshot import LEDGER, YARDSTICKS
from tttui.widgets.cards import MetricCard, Tone
from tttui.widgets.chart import Chart
from tttui.widgets.commits import CommitGraph, WhatIfCommits
from tttui.widgets.damage import DamageLine
from tttui.widgets.identity import IdentityCard
from tttui.widgets.transaction_panel import TransactionPanel
from tttui.widgets.verdict import VerdictLine
from tttui.widgets.yardsticks import YardstickTable

WIDE = 150
"""Columns from which identity and transaction stand beside the chart."""

NARROW = 100
"""Columns below which the transaction takes the place of the chart."""

SHORT = 28
"""Rows below which cards, verdict and graph shrink."""

TINY = 12
"""Rows below which only the verdict and the chart are left."""

SIDE = 46
"""Columns of what stands beside the chart."""

LINEAGE = 4
"""Rows that the graph of transactions takes at most; where rows are few, 3."""

LEARNED = ((40, 8), (32, 5))
"""The rows of the tab from which on what was learned is shown, and how many of them it takes."""

ASKED = (18, 5)
"""The same where rows are few and a series was asked for by key."""

CARD = 16
"""Columns that a card should have."""

HIDDEN = "mu"
"""The card of the hidden quantity; only tasks that have one show it."""

CARDS = ("improvement", "adaptive", "frozen", "updates", HIDDEN, "age")
"""The cards, the one first that is shown wherever there is room for any."""

FULL = 20
"""Rows that the identity may take where it is shown in full."""


class OverviewPane(Pane):
    """Cards, verdict, identity, a panel for one transaction; and on one axis of steps whether
    training works (the errors), is safe (the graph of transactions) and what was learned."""

    region_names = ("identity",)
    needs = frozenset({"implied", "ledger"})

    learned: Callable[[SessionData, tuple[int, float] | None], Plot] = staticmethod(
        learned_quantity
    )
    """What the point mass is there to learn, against the truth; other tasks have a series."""

    DEFAULT_CSS = """
    OverviewPane { layout: vertical; height: 1fr; }
    OverviewPane #cards { height: auto; }
    OverviewPane #middle { height: 1fr; }
    OverviewPane #charts { width: 1fr; }
    OverviewPane Chart { height: 1fr; }
    OverviewPane #learned { min-height: 1; }
    OverviewPane WhatIfCommits { display: none; }
    OverviewPane #side { width: 46; display: none; }
    OverviewPane.inspecting #side { display: block; }
    OverviewPane.narrow.inspecting #charts, OverviewPane.narrow.identity #charts { display: none; }
    OverviewPane.narrow #side { width: 1fr; }
    OverviewPane #side IdentityCard { display: none; }
    OverviewPane.short MetricCard { height: 2; }
    OverviewPane.identity #side, OverviewPane.identity #side IdentityCard { display: block; }
    OverviewPane.identity.narrow TransactionPanel { display: none; }
    OverviewPane.tiny #cards, OverviewPane.tiny CommitGraph { display: none; }
    OverviewPane.tiny #below { display: none; }
    OverviewPane.wide #side, OverviewPane.wide #side IdentityCard { display: block; }
    OverviewPane.wide #below, OverviewPane.identity #below { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._data: SessionData | None = None
        self._digest: Digest | None = None
        self._summed_up: tuple[Digest, Size] | None = None
        """What the cards were made from that do not depend on the cursor."""
        self._implied: float | None = None
        """What the digest's verdict says of the weights, where no transaction tells it."""
        self._statuses: frozenset[str] | None = None
        """The statuses that the digest's marks show."""
        self._plotted: object = None
        self._learned_of: tuple[object, ...] = ()
        """What the chart of what was learned shows."""
        self._events_of: object = None
        """The what-if whose transactions are shown."""
        self._beside = Beside()
        self._event: Transaction | None = None
        """The transaction that is being inspected."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="cards"):
            yield MetricCard("frozen MSE", "frozen", id="frozen")
            yield MetricCard("adaptive MSE", "adaptive", id="adaptive")
            yield MetricCard("improvement", "gain", id="improvement")
            yield MetricCard("committed", "commits", id="updates")
            yield MetricCard("hidden mu", "mu", id=HIDDEN)
            yield MetricCard("age", id="age")
        yield VerdictLine()
        yield DamageLine()
        with Horizontal(id="middle"):
            with Vertical(id="charts"):
                yield Chart(id="errors")
                yield CommitGraph(id="recorded")
                yield WhatIfCommits()
                yield Chart(id="learned")
            with Vertical(id="side"):
                yield IdentityCard()
                yield YardstickTable()
                yield TransactionPanel()
        yield IdentityCard(id="below")

    def classes_for(self, room: Size) -> Mapping[str, bool]:
        width, height = room
        return {
            "narrow": width < NARROW,
            "wide": width >= WIDE,
            "short": height < SHORT,
            "tiny": height < TINY,
        }

    def use_room(self) -> None:
        width, height = self.room
        few = 1 if height < TINY else 2 if height < SHORT else 4
        self.query_one(DamageLine).set_rows(few)
        cards = [
            c for c in CARDS if c != HIDDEN or self._data is None or self._data.meta.schema.hidden
        ]
        shown = cards[: max(3, width // CARD)]
        for card in self.query(MetricCard):
            card.display = card.id in shown
        full = self.has_class("identity")
        self.query_one(VerdictLine).set_rows(max(height, 1) if full else 3 if few < 4 else 4)
        self.query_one("#below", IdentityCard).set_rows(1 if few < 4 else 2)
        self.query_one("#side IdentityCard", IdentityCard).set_rows(FULL if full else 6, full=full)

    def show(self, view: View) -> None:
        if view.data is not self._data:
            known, self._data = self._data, view.data
            same = known is not None and (known.place, known.run) == (
                view.data.place,
                view.data.run,
            )
            self._digest = digest(view.data, self._digest if same else None)
            self._statuses = self._implied = None
            self._beside.follow(view.data)
            if known is None or known.meta.schema != view.data.meta.schema:
                self.use_room()
        assert self._digest is not None
        self._view = view
        if view.implied != self._implied:
            self._implied = view.implied
            self._digest = replace(self._digest, verdict=verdict(view.data, view.implied))
        if view.choices.statuses != self._statuses:
            self._statuses = view.choices.statuses
            marks = marks_of(view.data, view.choices.statuses)
            self._digest = replace(self._digest, losses=replace(self._digest.losses, marks=marks))
        self._show_charts(view, self._digest)
        self._show_cards(view, self._digest)
        more = self._more(view)
        judged = with_controls(self._digest.verdict, controls_of(view.data.steps, view.series))
        judged = with_ledger(judged, view.of(LEDGER))
        self.query_one(VerdictLine).show(judged, view.palette, more)
        self.query_one(DamageLine).show(view.data.damage, view.palette)
        for card in self.query(IdentityCard):
            card.show(view.data, view.palette, more)
        self._show_side(view)

    @property
    def axis_columns(self) -> int | None:
        beside = {"wide", "identity", "inspecting"} & self.classes
        return self.room.width - SIDE if beside and not self.has_class("narrow") else None

    def copyable(self) -> Sequence[tuple[str, str]]:
        data, digest = self._data, self._digest
        if data is None or digest is None:
            return ()
        meta = data.meta
        things = [
            ("Model signature", meta.model_signature),
            ("Base hash", meta.base_ckpt_hash),
            ("Session id", meta.session_id),
            ("Path", str(data.place.path)),
            ("Verdict", digest.verdict.sentence),
        ]
        if self._event is not None:
            import json

            things.insert(0, ("Transaction", json.dumps(dict(self._event.raw))))
        return [(what, text) for what, text in things if text]

    @property
    def settled(self) -> bool:
        """Whether nothing is loading: the implied friction has been computed."""
        return self._data is not None and (
            self._data.place.layout == "native" or self._implied is not None
        )

    def look(self, start: StartView) -> StartView:
        return replace(start, region="identity" if self.has_class("identity") else None)

    def recall(self, start: StartView) -> None:
        self.set_class(start.region == "identity", "identity")

    def do_beside(self) -> str:
        """Show the next recorded series beside the losses."""
        view = self._view
        seen = bool(self.query_one("#learned", Chart).display)
        message = self._beside.go_on(None if view is None else view.series, seen=seen)
        if view is not None:
            self.show(view)
        return message

    def do_identity(self) -> None:
        """Show or hide the identity and the verdict in full."""
        self.toggle_class("identity")
        self.use_room()
        self.post_message(self.Ready())

    def _more(self, view: View) -> str:
        """The mark for a text that was cut, with the key that shows it in full."""
        commands: Sequence[Command] = getattr(self.screen, "commands", COMMANDS)
        keys = (c.shown_key for c in commands if c.action == "pane('identity')")
        key = next(keys, "")
        shows_more = key and not self.has_class("identity")
        return f"{view.glyphs.ellipsis} ({key}: all)" if shows_more else view.glyphs.ellipsis

    def _show_charts(self, view: View, digest: Digest) -> None:
        chart, graph = self.query_one("#errors", Chart), self.query_one("#recorded", CommitGraph)
        if is_pretraining(view.data):
            if self._plotted is not view.data:
                self._plotted = view.data
                chart.set_plot(loss_plot(view.data))
                graph.set_marks(digest.losses.marks)
            chart.set_timeline(loss_timeline(view.data))
            self.query_one("#learned").display = False
            return
        failed = view.failure(YARDSTICKS)
        controls = self._beside.controls(view.series)
        options = (view.timeline.smooth, view.choices.yardsticks, view.yardsticks, failed)
        state = (digest, *options, view.series if controls else None, controls, view.whatif)
        if state != self._plotted:
            self._plotted = state
            chart.set_plot(compared_plot(view, digest, self._beside.curves(view.series)))
            graph.set_marks(digest.losses.marks)
        chart.set_timeline(view.timeline)
        graph.set_timeline(view.timeline)
        graph.set_rows(3 if self.has_class("short") else LINEAGE)
        self._show_whatif(view)
        self._show_learned(view)
        table = self.query_one(YardstickTable)
        beside = self.has_class("wide") and view.choices.yardsticks and view.yardsticks
        table.show_plot(chart.shown if beside else None, view.timeline.cursor)

    def _show_whatif(self, view: View) -> None:
        """The transactions of the what-if, where one is looked at."""
        graph = self.query_one(WhatIfCommits)
        shown = view.whatif is not None and not self.has_class("tiny")
        if graph.display != shown:
            graph.display = shown
        if view.whatif is None or not shown:
            return
        if self._events_of is not view.whatif:
            self._events_of = view.whatif
            events = view.whatif.transactions
            graph.set_rows(2)
            graph.set_marks(Marks(events.t, *events.outcomes(), None, events.branches()))
        graph.set_timeline(view.timeline)

    def _show_learned(self, view: View) -> None:
        """The quantity of the task in the rows that are left; only a line where there is none."""
        chart = self.query_one("#learned", Chart)
        rows = next((n for least, n in LEARNED if self.room.height >= least), 0)
        own = view.data.meta.is_point_mass
        shown = own or self._beside.series(view.series) is not None
        if self.has_class("narrow") or not rows:
            below = not own and self._beside.asked and self.room.height >= ASKED[0]
            rows = ASKED[1] if below else 0
        chart.display = rows > 0 and shown
        if not chart.display:
            return
        key = (
            (view.data, view.whatif, view.implied)
            if own
            else (view.series, self._beside.at, view.timeline.smooth)
        )
        if self._learned_of != key:
            self._learned_of = key
            chart.set_log(False)
            if own:
                plot = with_whatif(self.learned(view.data, view.newest_implied), view.whatif)
            else:
                plot = self._beside.plot(view)
            if not plot.traces:
                plot = replace(plot, message=f"{plot.title}: {plot.message}")
            chart.set_plot(plot)
        rows = rows if chart.shown.traces else 1
        if chart.styles.height != Scalar.from_number(rows):
            chart.styles.height = rows
        chart.set_timeline(view.timeline)

    def _show_side(self, view: View) -> None:
        self.set_class(view.choices.inspecting, "inspecting")
        events = view.data.transactions
        index = view.timeline.selected
        if index is None and len(events):  # what was last tried at the cursor, or a little before
            digest, at = self._digest, view.timeline.cursor
            if view.timeline.follow and digest is not None and digest.sparked:
                at = int(view.data.steps.t[digest.sparked - 1])
            index = max(0, int(np.searchsorted(events.t, at, "right")) - 1)
        event = events[index] if index is not None and index < len(events) else None
        self._event = event if view.choices.inspecting else None
        self.query_one(TransactionPanel).show(
            event,
            index or 0,
            len(events),
            view.data.plasticity_at(event.t if event is not None else 0),
            None if event is None else events.undone_at(index or 0),
        )

    def _show_cards(self, view: View, digest: Digest) -> None:
        data = view.data
        hidden = data.meta.schema.hidden
        if hidden is not None and not data.loading:
            texts = hidden_texts(data, hidden, view.timeline.cursor, view.implied)
            self._card(HIDDEN).set_metric(*texts)
        state = data.status.state if data.status is not None else "read-only"
        self._card("age").set_metric(view.age or "-", state)
        if self._summed_up != (digest, self.room):
            self._summed_up = (digest, self.room)
            self._sum_up(data, digest)

    def _sum_up(self, data: SessionData, digest: Digest) -> None:
        """Show the cards that do not depend on the cursor."""
        alone = data.steps.never_evaluated
        room = self.room.width // max(sum(card.display for card in self.query(MetricCard)), 1) - 3
        loss = data.meta.loss
        known = (f" {loss.name}", f", {loss.unit}" if loss.unit else "")
        fits = (end for end in known if data.meta.is_point_mass or len(f"adaptive{end}") <= room)
        end = next(fits, "")
        for name, errors, tail, spark in (
            ("frozen", data.steps.frozen, digest.frozen_tail, digest.sparks[0]),
            ("adaptive", data.steps.adaptive, digest.adaptive_tail, digest.sparks[1]),
        ):
            tone: Tone = "frozen" if name == "frozen" else "adaptive"
            card = self._card(name)
            card.set_labels(*([f"{name}{end}"] if end else []), name)
            if data.loading:
                continue
            every = digest.losses.every or (alone and name == "adaptive")
            texts = error_texts(name, errors if every else tail.y, every=every)
            card.set_metric(*texts, tone, series=spark if len(spark) else None)
        if data.loading:
            for name in (name for name in CARDS if name != "age"):
                self._card(name).set_metric(("...",), ("reading",))
            return
        result = digest.verdict.improvement
        self._card("improvement").set_metric(*improvement_texts(result, alone=alone))
        self._card("updates").set_metric(*digest.transactions, share=digest.committed)

    def _card(self, name: str) -> MetricCard:
        return self.query_one(f"#{name}", MetricCard)

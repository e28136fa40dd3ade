"""The session under the cursor in brief: its verdict, its errors and the last that happened."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.widgets import Static

from tttui.draw.cells import fit
from tttui.draw.colours import Colour, style
from tttui.draw.numbers import count
from tttui.draw.plot import Plot
from tttui.draw.prose import Prose
from tttui.draw.states import state_ink, state_mark
from tttui.draw.text import Text
from tttui.model.explain import explain
from tttui.model.improvement import compared
from tttui.model.session import SessionData, SessionSummary
from tttui.model.timeline import Timeline
from tttui.model.transactions import UNDONE
from tttui.model.verdict import Clause, Verdict
from tttui.panes.losses import Digest, digest
from tttui.panes.pretraining import is_pretraining, loss_plot, loss_timeline
from tttui.panes.view import View
from tttui.plots.errors import error_plot, spreads_far
from tttui.widgets.chart import Chart
from tttui.widgets.damage import DamageLine
from tttui.widgets.page import Page
from tttui.widgets.verdict import VerdictLine

LEAST = 9
"""Rows that it needs: a title, a verdict, and a chart that can be read."""

EVENTS = ((24, 7), (18, 5), (13, 4))
"""The rows from which on the last events are shown, and how many of them these take."""

MOST_EVENTS = 8

ROOMY = 100
"""Columns from which on a verdict in full takes two lines."""


class SessionPreview(Vertical):
    """The summary of a session at once, and its curves when they are read."""

    DEFAULT_CSS = """
    SessionPreview #title { height: 1; }
    SessionPreview Chart { height: 1fr; }
    SessionPreview #events { padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._arranged: Size | None = None
        """The size for which the rows were shared out."""
        self._shown: object = None
        """What the widgets were told last."""
        self._digest: tuple[SessionData | None, Digest | None] = (None, None)
        self._last: tuple[View, SessionSummary | None, SessionData | None] | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="title")
        yield VerdictLine(fixed=True)
        yield DamageLine()
        chart = Chart()
        chart.can_focus = False
        yield chart
        yield Page("Last events", id="events")

    @property
    def arranged(self) -> bool:
        """The rows are shared out as its size demands."""
        return self._arranged == self.size or not self.size

    def on_resize(self) -> None:
        self.share_out()

    def share_out(self) -> None:
        """Give every part its rows, where the size is another one than before."""
        if self.arranged:
            return
        width, rows = self._arranged = self.size
        verdict = self.query_one(VerdictLine)
        lines = 3 if rows >= 13 and width < ROOMY else 2
        verdict.styles.height = lines
        verdict.set_rows(lines)
        self.query_one(DamageLine).set_rows(3 if rows >= 18 else 1)
        events = self.query_one("#events", Page)
        taken = next((taken for least, taken in EVENTS if rows >= least), 0)
        events.display = taken > 0
        events.styles.height = taken
        if self._last is not None:
            self.show(*self._last)

    def show(self, view: View, summary: SessionSummary | None, data: SessionData | None) -> None:
        """Show a session; `data` is None as long as only its row is known."""
        self._last = (view, summary, data)
        if not self.size or not self.arranged:
            self.call_after_refresh(self.share_out)
        chart, smooth = self.query_one(Chart), view.timeline.smooth
        shown = (summary, data, smooth, self.size, view.look)
        if shown != self._shown:
            self._shown = shown
            self._title(view, summary)
            digest = self._digested(data)
            self._tell(view, summary, data, digest)
            if data is None or digest is None:
                chart.set_plot(_waiting(summary))
            elif is_pretraining(data):
                chart.set_plot(loss_plot(data))
            else:
                chart.set_plot(error_plot(data, digest.losses, smooth))
        chart.set_timeline(timeline_of(view, data))

    def _digested(self, data: SessionData | None) -> Digest | None:
        if data is not self._digest[0]:
            self._digest = (data, None if data is None else digest(data))
        return self._digest[1]

    def _title(self, view: View, summary: SessionSummary | None) -> None:
        """A rule with the name, and what the session is, as far as there is room."""
        line = self.query_one("#title", Static)
        if summary is None:
            line.update("")
            return
        (palette, glyphs), width = view.look, self.size.width
        parts: list[tuple[str, Colour, bool]] = [(summary.place.name, palette.accent, True)]
        status = summary.status
        if status is not None:
            mark, ink = state_mark(status.state, glyphs), state_ink(status.state, palette)
            parts.append((f"{mark} {status.detail or status.state}", ink, False))
        for part in (
            None if summary.steps is None else f"{count(summary.steps)} steps",
            summary.meta.env_mode,
            None if summary.truth_now is None else summary.truth_named,
        ):
            if part is not None:
                parts.append((part, palette.muted, False))
        rule = style(palette.frame)
        text = Text(glyphs.horizontal * 2 + " ", rule, no_wrap=True)
        room = width - 4
        for i, (part, ink, bold) in enumerate(parts):
            if i and len(part) + 2 > room:
                break
            part = fit(part, room, glyphs.ellipsis)
            text.append("  " if i else "").append(part, style(ink, bold=bold))
            room -= len(part) + 2 * (i > 0)
        line.update(text.append(" " + glyphs.horizontal * max(room, 0), rule), layout=False)

    def _tell(
        self,
        view: View,
        summary: SessionSummary | None,
        data: SessionData | None,
        digest: Digest | None,
    ) -> None:
        """The sentence, the damage and the events: of the row where nothing else is known."""
        palette, more = view.palette, view.glyphs.ellipsis
        verdict = digest.verdict if digest is not None else verdict_of(summary)
        self.query_one(VerdictLine).show(verdict, palette, more)
        damage = (data.damage if data is not None else ()) or (summary.damage if summary else ())
        self.query_one(DamageLine).show(damage, palette)
        self.query_one("#events", Page).set_content(
            lambda prose: None if data is None else write_events(prose, data, MOST_EVENTS), data
        )


def _waiting(summary: SessionSummary | None) -> Plot:
    base = summary is not None and summary.place.base_only
    return Plot(title="MSE", message="a base, and no session yet" if base else "reading ...")


def timeline_of(view: View, data: SessionData | None) -> Timeline:
    """The open session as it is looked at everywhere, another one as a whole."""
    if data is None:
        return Timeline()
    if is_pretraining(data):
        return loss_timeline(data)
    if data is view.data or not len(data.steps):
        return view.timeline if data is view.data else Timeline()
    whole = Timeline.over(int(data.steps.t[0]), int(data.steps.t[-1])).to_end()
    shared = view.timeline
    log = shared.log if view.choices.log_chosen else spreads_far(data)
    return replace(whole, log=log, smooth=shared.smooth)


def verdict_of(summary: SessionSummary | None) -> Verdict:
    """The verdict from the row alone, before the session is read."""
    if summary is None or summary.frozen_last100 is None or summary.adaptive_last100 is None:
        return Verdict.plain("Nothing to judge yet.", "unclear")
    low, high = summary.interval or (np.nan, np.nan)
    words = compared(summary.frozen_last100, summary.adaptive_last100)[0]
    clauses = [Clause(f"Adaptive against frozen over the last steps: {words}.")]
    if summary.attempted:
        done = f" {summary.committed or 0} of {summary.attempted} transactions committed."
        clauses.append(Clause(done, 1))
    tone = "better" if low > 0 else "worse" if high < 0 else "unclear"
    return Verdict(tuple(clauses), tone)  # type: ignore[arg-type]


def last_events(data: SessionData, most: int) -> Sequence[tuple[int, int | str]]:
    """The last that happened, newest first: a step, and the number of a transaction or what
    somebody changed."""
    n = len(data.transactions)
    t = data.transactions.t
    tried: list[tuple[int, int | str]] = [(int(t[i]), i) for i in range(max(n - most, 0), n)]
    changed: list[tuple[int, int | str]] = list(data.interventions[-most:])
    return sorted([*changed, *tried], key=lambda event: event[0])[: -most - 1 : -1]


def write_events(prose: Prose, data: SessionData, most: int) -> None:
    """A line for each of the last events."""
    palette, glyphs = prose.look
    events = last_events(data, most)
    wide = max((len(str(t)) for t, _ in events), default=1)
    for t, event in events:
        step = (f"{t:>{wide}} ", palette.muted)
        if isinstance(event, str):
            prose.line(step, (f"{glyphs.change} ", palette.accent, True), (event, palette.text))
            continue
        undone_at = data.transactions.undone_at(event)
        row = data.transactions[event]
        outcome = row.status if undone_at is None else UNDONE
        sentence = explain(row, data.plasticity_at(t), undone_at)
        sentence = fit(sentence, prose.width - wide - 3, glyphs.ellipsis)
        mark = (f"{glyphs.status(outcome)} ", palette.status(outcome), True)
        prose.line(step, mark, (sentence, palette.text))
    if not events:
        prose.say("no transaction yet", palette.muted)

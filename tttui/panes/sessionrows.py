"""The sessions that were found as rows of a table: a tree by parent, searchable by a query."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from tttui.artifacts.status import ago
from tttui.draw.glyphs import Glyphs
from tttui.draw.numbers import count, short
from tttui.draw.palette import Palette
from tttui.draw.states import state_ink, state_mark
from tttui.model.arrays import Bools, Floats
from tttui.model.query import Query, Vocabulary
from tttui.model.session import Place, SessionSummary
from tttui.model.tree import Branch, forest
from tttui.model.verdict import percent_text
from tttui.widgets.table import Cell, Column

COLUMNS = (
    Column("name", "session", 20, left=True, grows=True),
    Column("state", "state", 22, left=True, drop=4),
    Column("mu", "mu", 7, drop=3),
    Column("mode", "mode", 9, left=True, drop=8),
    Column("created", "created", 16, left=True, drop=9),
    Column("steps", "steps", 8, drop=5),
    Column("commits", "committed", 11, drop=6),
    Column("frozen", "frozen", 8, drop=10),
    Column("adaptive", "adaptive", 8, drop=7),
    Column("gain", "improved", 10, drop=1),
)

SESSION_WORDS = Vocabulary(
    numbers={
        "mu": "mu",
        "steps": "steps",
        "attempted": "attempted",
        "committed": "committed",
        "frozen": "frozen",
        "adaptive": "adaptive",
        "improved": "gain",
        "gain": "gain",
        "seed": "seed",
    },
    texts={
        "name": "name",
        "state": "state",
        "mode": "mode",
        "parent": "parent",
        "layout": "layout",
        "base": "base",
        "signature": "signature",
        "any": "any",
    },
    bare="any",
)
"""`gain` is the improvement in percent; a bare word is looked for in all texts."""

_NUMBERS: dict[str, Callable[[SessionSummary], float | None]] = {
    "mu": lambda s: s.meta.mu,
    "steps": lambda s: s.steps,
    "attempted": lambda s: s.attempted,
    "committed": lambda s: s.committed,
    "frozen": lambda s: s.baseline_last100,
    "adaptive": lambda s: s.adaptive_last100,
    "gain": lambda s: s.improvement,
    "seed": lambda s: s.meta.seed,
    "created": lambda s: s.meta.created_at,
}

_TEXTS: dict[str, Callable[[SessionSummary], str | None]] = {
    "name": lambda s: f"{s.place.name} {s.meta.session_id or ''}",
    "state": lambda s: s.status.state if s.status is not None else "read-only",
    "mode": lambda s: s.meta.env_mode,
    "parent": lambda s: s.meta.parent_session_id,
    "layout": lambda s: s.place.layout,
    "base": lambda s: s.meta.base_ckpt_hash,
    "signature": lambda s: s.meta.model_signature,
}


class SessionRows:
    """`Source` of the table of sessions, in the order of the tree."""

    columns = COLUMNS

    def __init__(
        self,
        summaries: Sequence[SessionSummary],
        opened: Place | None,
        now: float,
        palette: Palette,
        glyphs: Glyphs,
    ) -> None:
        self.branches: list[Branch] = forest(summaries)
        self.summaries = [summaries[branch.index] for branch in self.branches]
        self._row_of = {summary.place.path: i for i, summary in enumerate(self.summaries)}
        self.flat = False
        """The rows are not in the order of the tree: no branches are drawn."""
        self._opened, self._now = opened, now
        self._palette, self._glyphs = palette, glyphs

    def __len__(self) -> int:
        return len(self.summaries)

    def row_of(self, place: Place) -> int | None:
        """The row of a session, by its path."""
        return self._row_of.get(place.path)

    def sorting(self, key: str) -> Any:
        if key in ("name", "state", "mode"):
            return np.array([(_TEXTS[key](s) or "").lower() for s in self.summaries])
        return self.number("committed" if key == "commits" else key)

    def number(self, key: str) -> Floats:
        """A column [rows]; NaN where it is not known."""
        values = (_NUMBERS[key](s) for s in self.summaries)
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    def matching(self, query: Query) -> Bools | None:
        """The rows that pass a query; None where all do."""

        def holds(name: str, word: str) -> Bools:
            texts = _TEXTS.values() if name == "any" else (_TEXTS[name],)
            found = (any(word in (t(s) or "").lower() for t in texts) for s in self.summaries)
            return np.fromiter(found, dtype=np.bool_, count=len(self))

        return query.select(len(self), self.number, holds) if query else None

    def cell(self, row: int, key: str) -> Cell:
        summary, palette = self.summaries[row], self._palette
        meta = summary.meta
        match key:
            case "name":
                opened = self._opened is not None and summary.place.path == self._opened.path
                text = f"{self._lead(row)}{summary.place.name}"
                return text, palette.accent if opened else palette.text, opened
            case "state":
                return self._state(summary)
            case "mu":
                return ("-" if meta.mu is None else f"{meta.mu:.4g}"), palette.text, False
            case "mode":
                return meta.env_mode or "-", palette.muted, False
            case "created":
                return created_text(meta.created_at), palette.muted, False
            case "steps":
                steps = summary.steps
                return ("-" if steps is None else count(steps)), palette.text, False
            case "commits":
                return self._commits(summary)
            case "frozen":
                return short(summary.baseline_last100), palette.muted, False
            case "adaptive":
                return short(summary.adaptive_last100), palette.text, False
            case "gain":
                return self._gain(summary)
        raise KeyError(key)

    def _lead(self, row: int) -> str:
        """The branch that leads to a session's name."""
        trunk = () if self.flat else self.branches[row].trunk
        if not trunk:
            return ""
        ascii = not self._glyphs.braille
        line, blank = ("| " if ascii else "│ "), "  "
        last, fork = ("` ", "+ ") if ascii else ("└ ", "├ ")
        lead = "".join(line if more else blank for more in trunk[:-1])
        return lead + (fork if trunk[-1] else last)

    def _state(self, summary: SessionSummary) -> Cell:
        status, palette = summary.status, self._palette
        if summary.place.base_only:
            return "only a base", palette.muted, False
        if status is None:
            runs = len(summary.place.runs)
            if summary.place.layout == "store":
                text = "never ran" if not runs else "read-only" if runs == 1 else f"{runs} runs"
                return text, palette.muted, False
            return "read-only", palette.muted, False
        mark, ink = state_mark(status.state, self._glyphs), state_ink(status.state, palette)
        text = status.detail.partition(":")[0] if status.state in ("crashed", "stalled") else ""
        if not text:
            text = status.state
            if status.live and status.t is not None and status.steps_total:
                text += f" {status.t}/{status.steps_total}"
            elif not status.live and status.heartbeat_at is not None:
                text += f" {ago(max(0.0, self._now - status.heartbeat_at))}"
        return f"{mark} {text}", ink, status.live

    def _commits(self, summary: SessionSummary) -> Cell:
        if summary.attempted is None:
            return "-", self._palette.faint, False
        committed = summary.committed or 0
        mostly = committed * 2 >= summary.attempted
        ink = self._palette.text if mostly else self._palette.warn
        return f"{committed}/{summary.attempted}", ink, False

    def _gain(self, summary: SessionSummary) -> Cell:
        gain, palette = summary.improvement, self._palette
        if gain is None:
            return "-", palette.faint, False
        text = f"{'+' if gain > 0 else ''}{percent_text(gain)} %"
        return text, palette.good if gain > 0 else palette.bad, True


def created_text(created_at: float | None) -> str:
    """A Unix time as local date and minute; '-' where there is none."""
    if created_at is None:
        return "-"
    try:
        return datetime.fromtimestamp(created_at).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):  # a damaged meta.json can hold any number
        return "-"

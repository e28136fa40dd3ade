"""The sessions that were found as rows of a table: a tree by parent, searchable by a query."""

import math
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.cells import cell_len

from tttui.artifacts.status import ago, heartbeat_age
from tttui.artifacts.tail import STRETCHES
from tttui.draw.look import Look
from tttui.draw.numbers import count, count_forms, forms
from tttui.draw.sparks import paired, sparks
from tttui.draw.states import state_ink, state_mark
from tttui.model.ages import age_text
from tttui.model.arrays import Bools, Floats
from tttui.model.improvement import compared, interval_texts, mean_texts
from tttui.model.natural import natural
from tttui.model.query import Query, Vocabulary
from tttui.model.session import Place, SessionSummary
from tttui.model.status import Status
from tttui.model.tree import Branch, forest
from tttui.model.truth import value_text
from tttui.widgets.table_columns import TEXTS, TIMES, Cell, TableColumn

DAMAGE = TableColumn("damaged", "!", 1, left=True, also=("damaged",))
NAME = TableColumn("name", "session", 16, left=True, orders=TEXTS, also=("name",))
SPEED = TableColumn("speed", "steps/s", 7, drop=5)
TASK = TableColumn("task", "task", 9, left=True, drop=3, orders=TEXTS)
LOSS = TableColumn("loss", "loss", 14, left=True, drop=8, orders=TEXTS)
"""Of tables that hold other tasks than the point mass."""
MODE = TableColumn("mode", "mode", 9, left=True, drop=11, orders=TEXTS)
MU = TableColumn("mu", "mu", 7, drop=3)
MU_ERROR = TableColumn("mu_error", "mu error", 8, drop=9)
COLUMNS = (
    DAMAGE,
    NAME,
    TableColumn("state", "state", 20, left=True, drop=2, most=22, orders=TEXTS),
    TableColumn("recent", "error", 8, left=True, drop=4, most=STRETCHES),
    SPEED,
    TASK,
    LOSS,
    TableColumn("steps", "steps", 7, drop=6),
    MODE,
    MU,
    MU_ERROR,
    TableColumn("gain", "vs frozen", 12, drop=1, most=14, also=("improvement", "improved")),
    TableColumn("interval", "95 % CI", 14, drop=8, also=("interval", "ci")),
    TableColumn("commits", "committed", 9, drop=7),
    TableColumn("age", "age", 7, drop=10, orders=TIMES, also=("age", "created")),
    TableColumn("adaptive", "adaptive", 8, drop=12),
    TableColumn("frozen", "frozen", 8, drop=13),
)
"""All that there can be, from left to right; the highest `drop` leaves a narrow table first."""

LONGEST_NAME = 60
"""Cells that the names take at most."""

STATE_CELLS = 20
"""Cells that a state has at least."""

BAR = 7
"""Cells of the bar that says how far a live run is."""

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
        "speed": "speed",
        "progress": "progress",
        "mu_error": "mu_error",
        "damaged": "damaged",
    },
    texts={
        "name": "name",
        "state": "state",
        "mode": "mode",
        "task": "task",
        "loss": "loss",
        "parent": "parent",
        "layout": "layout",
        "base": "base",
        "signature": "signature",
        "any": "any",
    },
    bare="any",
)
"""`gain` is the improvement, above 0 where adaptive is better, and `progress` the done part, in
percent; `speed` is that of a live run in steps a second, `damaged` the number of damaged files; a
bare word is looked for in all texts."""

_NUMBERS: dict[str, Callable[[SessionSummary], float | None]] = {
    "mu": lambda s: s.truth_now,
    "steps": lambda s: s.steps,
    "attempted": lambda s: s.attempted,
    "committed": lambda s: s.committed,
    "frozen": lambda s: s.frozen_last100,
    "adaptive": lambda s: s.adaptive_last100,
    "gain": lambda s: s.improvement,
    "seed": lambda s: s.meta.seed,
    "age": lambda s: s.meta.created_at,
    "mu_error": lambda s: s.implied_error,
    "interval": lambda s: None if s.interval is None else s.interval[0],
    "damaged": lambda s: len(s.damage),
    "recent": lambda s: s.recent[-1] if s.recent else None,
    "speed": lambda s: speed_of(s.status),
    "progress": lambda s: None if (p := progress_of(s)) is None else 100 * p,
}

_TEXTS: dict[str, Callable[[SessionSummary], str | None]] = {
    "name": lambda s: f"{s.place.name} {s.meta.session_id or ''}",
    "state": lambda s: s.status.state if s.status is not None else "read-only",
    "mode": lambda s: s.meta.env_mode,
    "task": lambda s: s.meta.schema.task.name,
    "loss": lambda s: s.meta.loss.label,
    "parent": lambda s: s.meta.parent_session_id,
    "layout": lambda s: s.place.layout,
    "base": lambda s: s.meta.base_ckpt_hash,
    "signature": lambda s: s.meta.model_signature,
}


class SessionRows:
    """`TableSource` of the table of sessions, in the order of the tree."""

    def __init__(
        self,
        summaries: Sequence[SessionSummary],
        opened: Place | None,
        now: float,
        look: Look,
        torn: Set[Path] = frozenset(),
    ) -> None:
        """`torn` are the paths of sessions whose damage was found by reading all of them."""
        self.branches: list[Branch] = forest(summaries)
        self.summaries = [summaries[branch.index] for branch in self.branches]
        self.running = sum(s.status is not None and s.status.state == "running" for s in summaries)
        changed = [len(s.truth_text) for s in summaries if s.truth_now != s.meta.truth]
        pairs = zip(self.branches, self.summaries, strict=True)
        longest = max((2 * b.depth + cell_len(s.place.name) for b, s in pairs), default=0)
        fitting = {
            NAME: replace(NAME, most=min(longest, LONGEST_NAME)),
            MU: replace(MU, width=max([MU.width, *changed])),
        }
        absent = {SPEED.key} if all(speed_of(s.status) is None for s in summaries) else set()
        absent |= set() if torn or any(s.damage for s in summaries) else {DAMAGE.key}
        if all(s.meta.is_point_mass for s in summaries):
            absent |= {TASK.key, LOSS.key}
        elif not any(s.meta.is_point_mass for s in summaries):
            absent |= {MODE.key, MU.key, MU_ERROR.key}
        self.columns = tuple(fitting.get(c, c) for c in COLUMNS if c.key not in absent)
        self.names = frozenset(summary.place.name for summary in summaries)
        self._row_of = {summary.place.path: i for i, summary in enumerate(self.summaries)}
        self.flat = False
        """The rows are not in the order of the tree: no branches are drawn."""
        self._opened, self._now = opened, now
        self._look, self._torn = look, torn

    def __len__(self) -> int:
        return len(self.summaries)

    def row_of(self, place: Place) -> int | None:
        """The row of a session, by its path."""
        return self._row_of.get(place.path)

    def sorting(self, key: str) -> Any:
        if key in ("name", "state", "mode", "task", "loss"):
            return np.array([natural((_TEXTS[key](s) or "").lower()) for s in self.summaries])
        return self.number("committed" if key == "commits" else key)

    def number(self, key: str) -> Floats:
        """A column [rows]; NaN where it is not known."""
        values = (_NUMBERS[key](s) for s in self.summaries)
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    def matching(self, query: Query) -> Bools | None:
        """The rows that pass a query; None where all do."""

        def holds(name: str, word: str) -> Bools:
            texts = _TEXTS.values() if name == "any" else (_TEXTS[name],)
            matches = (any(word in (t(s) or "").lower() for t in texts) for s in self.summaries)
            return np.fromiter(matches, dtype=np.bool_, count=len(self))

        return query.select(len(self), self.number, holds) if query else None

    def cell(self, row: int, key: str) -> Cell:
        summary, palette = self.summaries[row], self._look.palette
        meta = summary.meta
        match key:
            case "name":
                opened = self._opened is not None and summary.place.path == self._opened.path
                text = f"{self._lead(row)}{summary.place.name}"
                return text, palette.accent if opened else palette.text, opened
            case "state":
                return self._state(summary)
            case "recent":
                recent, glyphs = summary.recent, self._look.glyphs
                return (
                    (sparks(recent, glyphs), sparks(paired(recent), glyphs)),
                    palette.adaptive,
                    False,
                )
            case "speed":
                return speed_text(speed_of(summary.status)), palette.text, False
            case "mu":
                return (summary.truth_text, value_text(summary.truth_now)), palette.text, False
            case "task":
                return meta.schema.task.name, palette.muted, False
            case "loss":
                return meta.loss.label, palette.muted, False
            case "mode":
                return meta.env_mode or "-", palette.muted, False
            case "damaged":
                damaged = summary.damage or summary.place.path in self._torn
                return "!" if damaged else "", palette.bad, True
            case "age":
                return age_text(meta.created_at, self._now) or "-", palette.muted, False
            case "mu_error":
                return forms(summary.implied_error), palette.text, False
            case "interval":
                return self._interval(summary)
            case "steps":
                return count_forms(summary.steps), palette.text, False
            case "commits":
                return self._commits(summary)
            case "frozen":
                return mean_texts(summary.frozen_last100), palette.muted, False
            case "adaptive":
                return mean_texts(summary.adaptive_last100), palette.text, False
            case "gain":
                return self._gain(summary)
        raise KeyError(key)

    def _lead(self, row: int) -> str:
        """The branch that leads to a session's name."""
        trunk = () if self.flat else self.branches[row].trunk
        if not trunk:
            return ""
        ascii = not self._look.glyphs.braille
        line, blank = ("| " if ascii else "│ "), "  "
        last, fork = ("` ", "+ ") if ascii else ("└ ", "├ ")
        lead = "".join(line if more else blank for more in trunk[:-1])
        return lead + (fork if trunk[-1] else last)

    def _state(self, summary: SessionSummary) -> Cell:
        status, palette = summary.status, self._look.palette
        if summary.place.base_only:
            return "only a base", palette.muted, False
        if status is None:
            runs = len(summary.place.runs)
            if summary.place.layout == "store":
                text = "never ran" if not runs else "read-only" if runs == 1 else f"{runs} runs"
                return text, palette.muted, False
            return "read-only", palette.muted, False
        base = status.pretraining
        if status.state == "pretraining" and base is not None and base.waits_for is not None:
            waits = str(base).partition(",")[0]
            mark = state_mark("queued", self._look.glyphs)
            return f"{mark} {waits}", state_ink("queued", palette), True
        mark, ink = state_mark(status.state, self._look.glyphs), state_ink(status.state, palette)
        text = status.detail.partition(":")[0] if status.state in ("crashed", "stalled") else ""
        if not text:
            done = progress_of(summary)
            if done is not None and status.state != "queued":
                share = f"{100 * done:3.0f} %"
                room = STATE_CELLS - len(status.state) - 9
                bars = (self._bar(done, room + more) for more in (2, 0))
                return tuple(f"{mark} {status.state} {bar} {share}" for bar in bars), ink, True
            text = status.state
            if not status.live and (age := heartbeat_age(status, self._now)) is not None:
                text += f" {ago(age)}"
        if len(text) > STATE_CELLS - 2:
            text = text.removesuffix(" ago")
        return f"{mark} {text}", ink, status.live

    def _bar(self, done: float, room: int) -> str:
        """A bar filled to `done` (0..1), `room` cells wide but not wider than BAR."""
        wide = min(room, BAR)
        full = round(wide * min(max(done, 0.0), 1.0))
        return self._look.glyphs.heavy * full + self._look.glyphs.light * (wide - full)

    def _commits(self, summary: SessionSummary) -> Cell:
        if summary.attempted is None:
            return "-", self._look.palette.faint, False
        committed = summary.committed or 0
        mostly = committed * 2 >= summary.attempted
        ink = self._look.palette.text if mostly else self._look.palette.warn
        share = f"{100 * committed / max(summary.attempted, 1):.0f} %"
        return (f"{committed}/{summary.attempted}", share), ink, False

    def _interval(self, summary: SessionSummary) -> Cell:
        """Both ends, without the word that stands beside them; where they differ in it, that
        there may be no difference."""
        if summary.interval is None:
            return "-", self._look.palette.faint, False
        low, high = summary.interval
        texts = interval_texts(low, high)
        if low > 0 or high < 0:
            texts = tuple(text.rpartition(" ")[0] for text in texts)
            texts += tuple(text.replace(" to ", "-") for text in texts)
            return texts, self._look.palette.muted, False
        return (*texts, "includes 0"), self._look.palette.warn, False

    def _gain(self, summary: SessionSummary) -> Cell:
        frozen, adaptive = summary.frozen_last100, summary.adaptive_last100
        palette = self._look.palette
        if frozen is None or adaptive is None:
            return "-", palette.faint, False
        lower = summary.meta.loss.lower_is_better
        ink = palette.good if (adaptive < frozen) == lower else palette.bad
        ink = palette.text if adaptive == frozen else ink
        return compared(frozen, adaptive, lower=lower), ink, True


def progress_of(summary: SessionSummary) -> float | None:
    """The part of its steps (or of its base's) that a live run has done; None for all others."""
    status = summary.status
    if status is None or not status.live:
        return None
    base = status.pretraining
    done, total = (status.t, status.steps_total) if base is None else (base.step, base.steps)
    if base is None and summary.steps is not None:
        done = summary.steps
    return None if done is None or not total else done / total


def speed_of(status: Status | None) -> float | None:
    """Steps a second of a run that goes on now."""
    if status is None:
        return None
    if status.state == "pretraining" and status.pretraining is not None:
        return status.pretraining.steps_per_second
    return status.steps_per_second if status.state == "running" else None


def speed_text(speed: float | None) -> str:
    """`1 234`, `3.2`; nothing where there is none."""
    if speed is None or not math.isfinite(speed):
        return ""
    return count(round(speed)) if speed >= 10 else f"{speed:.1f}"

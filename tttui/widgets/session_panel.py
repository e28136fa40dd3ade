"""One session of many: how to go on with it, its files, its base, what it compares with."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tttui.draw.colours import Colour, style
from tttui.draw.palette import DARK, Palette
from tttui.model.ages import duration_text
from tttui.model.session import FileEntry, SessionSummary, Status


@dataclass(frozen=True, slots=True)
class Commands:
    """What continues a session from a shell; '' where that is not possible, and then why."""

    resume: str
    fork: str
    why_not: str = ""
    """Why it cannot be resumed."""


def commands_of(summary: SessionSummary, at: int | None, taken: Sequence[str]) -> Commands:
    """The commands that resume and fork a session, with paths that work from any directory.

    `at` is the step to fork at (None: its end); `taken` are the names that are in use.
    """
    place = summary.place
    path = Path(os.path.abspath(place.path))
    if place.base_only:
        return Commands("", "", "this store holds a base and no session yet")
    fork = ["tttui", "fork", str(path)]
    if place.layout == "native":
        fork += ["--root", str(path.parent)]
    # of other programs' sessions there are only the last weights
    if at is not None and summary.steps and place.layout == "native":
        fork += ["--at", str(min(max(at, 0), summary.steps))]
    fork += ["--name", free_name(f"{place.name}-fork", taken)]
    if place.layout != "native":
        why = "another program wrote it, and tttui changes nothing there; fork it instead"
        return Commands("", shlex.join(fork), why)
    status = summary.status
    if status is not None and status.live:
        return Commands("", shlex.join(fork), f"it is {status.state}")
    resume = ["tttui", "resume", str(path)]
    total = status.steps_total if status is not None else None
    if summary.steps and total is not None and summary.steps >= total:
        # it ran all its steps, so it must be told how many more
        resume += ["--steps", str(total)]
    return Commands(shlex.join(resume), shlex.join(fork))


def free_name(name: str, taken: Sequence[str]) -> str:
    """The name, with a number behind it where it is in use."""
    used, n, tried = set(taken), 1, name
    while tried in used:
        n += 1
        tried = f"{name}-{n}"
    return tried


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the panel shows."""

    summary: SessionSummary
    commands: Commands
    same_model: tuple[str, ...]
    """Names of the sessions with the same model signature."""
    same_base: int
    """How many of those have the same base file."""
    files: tuple[FileEntry, ...]
    now: float


class SessionPanel(VerticalScroll, can_focus=False):
    """The facts about the session under the cursor."""

    DEFAULT_CSS = """
    SessionPanel { padding: 0 1; }
    SessionPanel Static { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._palette = DARK
        self._shown: tuple[Facts | None, Palette] = (None, DARK)

    def compose(self) -> ComposeResult:
        yield Static()

    def show(self, facts: Facts | None, palette: Palette) -> None:
        if (facts, palette) == self._shown:
            return
        self._shown, self._palette = (facts, palette), palette
        self.query_one(Static).update(Text() if facts is None else self._describe(facts))

    def _describe(self, facts: Facts) -> Text:
        summary, palette = facts.summary, self._palette
        out = Text()
        out.append(f"{summary.place.name}", self._ink(palette.text, bold=True))
        status = summary.status
        detail = (status.detail or status.state) if status is not None else "read-only"
        out.append(f"   {detail}\n", self._ink(palette.muted))
        if status is not None and status.live:
            out.append(f"{progress_of(status)}\n", self._ink(palette.text))
        out.append(f"{_home(summary.place.path)}\n", self._ink(palette.muted))
        self._head(out, "Resume (y copies, again for the next)")
        if facts.commands.resume:
            out.append(f"{facts.commands.resume}\n", self._ink(palette.text))
        else:
            out.append(f"cannot be resumed: {facts.commands.why_not}\n", self._ink(palette.warn))
        if facts.commands.fork:
            self._head(out, "Fork")
            out.append(f"{facts.commands.fork}\n", self._ink(palette.text))
        self._model(out, facts)
        self._files(out, facts)
        for problem in summary.problems:
            out.append(f"\n! {problem.path.name}: {problem.reason}", self._ink(palette.warn))
        return out

    def _model(self, out: Text, facts: Facts) -> None:
        meta = facts.summary.meta
        self._head(out, "Model")
        for label, value in (
            ("id", meta.session_id),
            ("parent", meta.parent_session_id),
            ("seed", None if meta.seed is None else str(meta.seed)),
            ("signature", meta.model_signature),
            ("base", meta.base_ckpt_hash),
        ):
            shown = f"{value[:16]}…" if value and len(value) > 40 else value or "-"
            out.append(f"{label:<10}", self._ink(self._palette.muted))
            out.append(f"{shown}\n", self._ink(self._palette.text))
        names = facts.same_model
        if not names:
            out.append(
                "no other session has this model signature\n", self._ink(self._palette.muted)
            )
            return
        out.append("compatible with ", self._ink(self._palette.muted))
        out.append(", ".join(names[:6]), self._ink(self._palette.text))
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        base = "all" if facts.same_base == len(names) else str(facts.same_base)
        out.append(f"{more} ({base} from the same base)\n", self._ink(self._palette.muted))

    def _files(self, out: Text, facts: Facts) -> None:
        total = sum(entry.size for entry in facts.files)
        self._head(out, f"Files, {size_text(total)}" if facts.files else "Files")
        if not facts.files:
            out.append("looking ...\n", self._ink(self._palette.muted))
        for entry in facts.files:
            out.append(f"{size_text(entry.size):>8}", self._ink(self._palette.text))
            age = duration_text(facts.now - entry.modified_at)
            out.append(f"{age:>9} ", self._ink(self._palette.muted))
            out.append(f"{middle(entry.name)}\n", self._ink(self._palette.text))

    def _head(self, out: Text, title: str) -> None:
        out.append(f"\n{title}\n", self._ink(self._palette.accent))

    @staticmethod
    def _ink(colour: Colour, bold: bool = False) -> Style:
        return style(colour, bold=bold)


def progress_of(status: Status) -> str:
    """How far a live run is, how fast, and what was asked of it last."""
    parts = [f"step {status.t or 0} of {status.steps_total or '?'}"]
    if status.steps_per_second and status.state == "running":
        parts.append(f"{status.steps_per_second:,.0f} steps/s".replace(",", " "))
    if status.speed_limit:
        parts.append(f"at most {status.speed_limit:g}")
    if status.last_command:
        parts.append(f"last: {status.last_command}")
    return ", ".join(parts)


def size_text(size: int) -> str:
    """`950 B`, `12 kB`, `3.4 MB`."""
    for unit, power in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= power:
            return f"{size / power:.3g} {unit}"
    return f"{size} B"


def middle(name: str, width: int = 28) -> str:
    """A path of at most `width` characters: its end, which is what differs, and some start."""
    if len(name) <= width:
        return name
    end = name.rpartition("/")[2][-(width - 6) :]
    return f"{name[: width - 2 - len(end)]}…/{end}"


def _home(path: Path) -> str:
    """A path with the user's home written as ~."""
    try:
        return f"~/{Path(os.path.abspath(path)).relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return os.path.abspath(path)

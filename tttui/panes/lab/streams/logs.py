"""Logs: the lines of all jobs and sessions as one, in the order of time."""

from collections.abc import Mapping, Sequence
from typing import Any

from tttui.artifacts.logfile import LEVELS
from tttui.draw.look import Look
from tttui.draw.palette import Palette
from tttui.draw.prose import Prose
from tttui.lab.logs import LogEntry
from tttui.model.query import Vocabulary
from tttui.model.shell import command_line
from tttui.panes.lab.base import Desk, LabState
from tttui.panes.lab.streams.tail import EntryKind, TailView, keys
from tttui.store.lab.tails import LOG_LINES
from tttui.widgets.table_columns import TEXTS, TIMES, Cell, TableColumn

FILTERS = ("", "level:warning,error,critical", "level:error,critical")

_TEXTS: Mapping[str, str] = {
    "of": "of",
    "job": "of",
    "session": "of",
    "level": "level",
    "text": "text",
}


class LineKind(EntryKind[LogEntry]):
    """What is shown of a line of a log."""

    columns = (
        TableColumn("at", "time", 12, left=True, orders=TIMES),
        TableColumn("level", "level", 8, left=True, orders=TEXTS),
        TableColumn("of", "of", 12, left=True, orders=TEXTS, drop=1, most=16),
        TableColumn("text", "text", 30, left=True, grows=True, orders=TEXTS),
    )
    recorded = ("time", "level", "of", "text")

    def text(self, entry: LogEntry, name: str) -> str:
        return _owner(entry) if name == "of" else entry.level if name == "level" else entry.text

    def order(self, entry: LogEntry, key: str) -> Any:
        if key == "level":
            return float(LEVELS.index(entry.level))
        return {"at": entry.time, "of": entry.source.owner, "text": entry.text}[key]

    def cell(self, entry: LogEntry, key: str, look: Look) -> Cell:
        palette = look.palette
        match key:
            case "at":
                return entry.time[11:], palette.muted, False
            case "level":
                return entry.level, _ink(entry.level, palette), entry.level in LEVELS[3:]
            case "of":
                owner = entry.source.owner
                return owner if entry.source.is_session else owner[:8], palette.muted, False
            case "text":
                return entry.text, _ink(entry.level, palette), False
        raise KeyError(key)

    def write(self, entry: LogEntry, prose: Prose) -> None:
        palette, source = prose.palette, entry.source
        kind = "session" if source.is_session else "job"
        prose.line(
            (f"{entry.time or 'no time'}  ", palette.muted),
            (f"{entry.level}  ", _ink(entry.level, palette)),
            (f"{kind} {source.owner}", palette.accent),
        )
        prose.say(entry.text)

    def record(self, entry: LogEntry) -> Sequence[object]:
        return entry.time, entry.level, entry.source.owner, entry.text

    def open(self, entry: LogEntry, desk: Desk, state: LabState) -> str | None:
        if entry.source.is_session:
            desk.open_session(entry.source.path.parent)
        else:
            desk.go_to("jobs", entry.source.owner)
        return None

    def copies(self, entry: LogEntry, state: LabState) -> Sequence[tuple[str, str]]:
        flag = "--session" if entry.source.is_session else "--job"
        command = command_line("tttui", "logs", flag, entry.source.owner, "--root", state.root)
        return ("Line", entry.text), ("Command", command), ("File", str(entry.source.path))

    def filters(self, entries: Sequence[LogEntry]) -> Sequence[str]:
        return FILTERS


class LogsView(TailView[LogEntry]):
    """A row is a line of a log; enter goes to the job or session that wrote it."""

    part = LOG_LINES
    needs = frozenset({LOG_LINES.name})
    kind = LineKind()
    thing, things = "line", "lines"
    hint = "text  level:error  of:NAME"
    empty_text = "No log has a line yet. Whatever runs (a job, a session) writes one."
    words = Vocabulary(numbers={}, texts=_TEXTS, bare="text")
    sorts = ("time", "at", "level", "of", "text")
    keys = keys("line", "Logs")
    meaning = (
        "The logs of all jobs and sessions below this run root as one, in the order of time, the "
        "newest at the end, where the cursor stays while it follows (f). A query narrows it: any "
        "text, level:error,critical, of:NAME for one job or session; x goes through the levels. "
        "Below is the line under the cursor in full; enter goes to the job or session. "
        "`tttui logs --grep RE --since 2h` does the same in a shell, with regular expressions."
    )


def _owner(entry: LogEntry) -> str:
    return entry.source.owner


def _ink(level: str, palette: Palette) -> Any:
    if level in ("ERROR", "CRITICAL"):
        return palette.bad
    return {"WARNING": palette.warn, "DEBUG": palette.muted}.get(level, palette.text)

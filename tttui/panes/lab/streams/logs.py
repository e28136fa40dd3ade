"""Logs: the lines of all jobs and sessions as one, in the order of time."""

from collections.abc import Mapping, Sequence
from typing import Any

from tttui.artifacts.logfile import LEVELS
from tttui.draw.look import Look
from tttui.draw.palette import Palette
from tttui.draw.prose import Prose
from tttui.lab.logs import Line
from tttui.model.query import Vocabulary
from tttui.model.shell import command_line
from tttui.panes.lab.streams.view import StreamView, keys
from tttui.store.lab.streams import LOG_LINES
from tttui.widgets.table_columns import TEXTS, TIMES, Cell, Column

FILTERS = ("", "level:warning,error,critical", "level:error,critical")

_TEXTS: Mapping[str, str] = {
    "of": "of",
    "job": "of",
    "session": "of",
    "level": "level",
    "text": "text",
}


class LogsView(StreamView[Line]):
    """A row is a line of a log; enter goes to the job or session that wrote it."""

    part = LOG_LINES
    needs = frozenset({LOG_LINES.name})
    what = "line"
    hint = "text  level:error  of:NAME"
    none = "No log has a line yet. Whatever runs (a job, a session) writes one."
    words = Vocabulary(numbers={}, texts=_TEXTS, bare="text")
    sorts = ("time", "at", "level", "of", "text")
    shown_columns = (
        Column("at", "time", 12, left=True, orders=TIMES),
        Column("level", "level", 8, left=True, orders=TEXTS),
        Column("of", "of", 12, left=True, orders=TEXTS, drop=1, most=16),
        Column("text", "text", 30, left=True, grows=True, orders=TEXTS),
    )
    recorded = ("time", "level", "of", "text")
    keys = keys("line", "Logs")
    meaning = (
        "The logs of all jobs and sessions below this run root as one, in the order of time, the "
        "newest at the end, where the cursor stays while it follows (f). A query narrows it: any "
        "text, level:error,critical, of:NAME for one job or session; x goes through the levels. "
        "Below is the line under the cursor in full; enter goes to the job or session. "
        "`tttui logs --grep RE --since 2h` does the same in a shell, with regular expressions."
    )

    def text_of(self, item: Line, name: str) -> str:
        return _owner(item) if name == "of" else item.level if name == "level" else item.text

    def order_of(self, item: Line, key: str) -> Any:
        if key == "level":
            return float(LEVELS.index(item.level))
        return {"at": item.time, "of": item.source.owner, "text": item.text}[key]

    def cell_of(self, item: Line, key: str, look: Look) -> Cell:
        palette = look.palette
        match key:
            case "at":
                return item.time[11:], palette.muted, False
            case "level":
                return item.level, _ink(item.level, palette), item.level in LEVELS[3:]
            case "of":
                owner = item.source.owner
                return owner if item.source.is_session else owner[:8], palette.muted, False
            case "text":
                return item.text, _ink(item.level, palette), False
        raise KeyError(key)

    def write(self, item: Line, prose: Prose) -> None:
        palette, source = prose.palette, item.source
        kind = "session" if source.is_session else "job"
        prose.line(
            (f"{item.time or 'no time'}  ", palette.muted),
            (f"{item.level}  ", _ink(item.level, palette)),
            (f"{kind} {source.owner}", palette.accent),
        )
        prose.say(item.text)

    def record(self, item: Line) -> Sequence[object]:
        return item.time, item.level, item.source.owner, item.text

    def open(self, item: Line) -> str | None:
        if item.source.is_session:
            self.desk.open_session(item.source.path.parent)
        else:
            self.desk.go_to("jobs", item.source.owner)
        return None

    def copies(self, item: Line) -> Sequence[tuple[str, str]]:
        flag = "--session" if item.source.is_session else "--job"
        view = self.view
        root = () if view is None else ("--root", view.root)
        command = command_line("tttui", "logs", flag, item.source.owner, *root)
        return ("Line", item.text), ("Command", command), ("File", str(item.source.path))

    def filters(self) -> Sequence[str]:
        return FILTERS


def _owner(item: Line) -> str:
    return item.source.owner


def _ink(level: str, palette: Palette) -> Any:
    if level in ("ERROR", "CRITICAL"):
        return palette.bad
    return {"WARNING": palette.warn, "DEBUG": palette.muted}.get(level, palette.text)

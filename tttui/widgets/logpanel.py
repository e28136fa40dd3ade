"""The log of the open run: follows its end, by level and by words."""

import re
from collections.abc import Mapping

from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from tttui.artifacts.logfile import LogTail
from tttui.draw.colours import Colour, style
from tttui.draw.palette import DARK, Palette
from tttui.draw.text import Text
from tttui.model.session import LogLine
from tttui.toolkit import DirectWidget
from tttui.widgets.querybar import QueryBar

LEVELS: tuple[tuple[str, frozenset[str]], ...] = (
    ("all", frozenset()),
    ("warnings", frozenset({"WARNING", "ERROR", "CRITICAL"})),
    ("errors", frozenset({"ERROR", "CRITICAL"})),
)
"""What can be shown, with the levels that pass (none: all)."""


KEYS = (
    "{log_search} words   {log_level} levels   {back} {on} scroll   {log_panel} closes",
    "{log_search} {log_level} {back} {on}, {log_panel} closes",
    "{log_panel} closes",
)
"""What can be pressed, the longest that there is room for."""

MARKED = Style(reverse=True)
"""What was looked for."""

SHORT_TIMES = 110
"""Columns below which a line keeps only the hour, minute and second of its time."""

TIME = re.compile(r"^\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d),\d{3} ")


class LogPanel(Vertical):
    """A line that says what is shown, and the lines themselves."""

    DEFAULT_CSS = """
    LogPanel { height: 3; border-top: solid $panel; }
    LogPanel LogLines { height: 1fr; }
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        """`keys` are the shown keys of commands by their actions."""
        super().__init__()
        named = {**keys, "back": keys["log_scroll(-1)"], "on": keys["log_scroll(1)"]}
        self._keys = tuple(hint.format_map(named) for hint in KEYS)
        self._tail = LogTail()
        self._palette = DARK
        self._level = 0
        self._found: tuple[LogLine, ...] = ()
        self._shown: tuple[object, ...] = ()
        self._bottom: int | None = None
        """Lines up to this one are shown; None follows the end."""

    def compose(self) -> ComposeResult:
        yield QueryBar("words in the line")
        yield LogLines()

    @staticmethod
    def rows_of(height: int) -> int:
        """Rows that the panel takes of a screen of this height."""
        return max(3, height * 3 // 10)

    def show(self, tail: LogTail, palette: Palette) -> None:
        """Show these lines; the place stays where somebody scrolled back."""
        words = self.query_one(QueryBar).text.lower()
        shown = (tail, palette, words, self._level, self._bottom)
        if shown == self._shown:
            return
        self._shown, self._tail, self._palette = shown, tail, palette
        levels = LEVELS[self._level][1]
        self._found = tuple(
            line
            for line in tail.lines
            if (not levels or line.level in levels) and words in line.text.lower()
        )
        bottom = len(self._found) if self._bottom is None else self._bottom
        self.query_one(LogLines).show(self._found[:bottom], palette, words)
        many = len(self._found)
        parts = [f"run.log   {many} of {len(tail.lines)} lines" if many != len(tail.lines) else ""]
        parts[0] = parts[0] or f"run.log   {many} lines"
        if tail.skipped:
            parts.append(f"{tail.skipped} before them")
        if self._level:
            parts.append(f"{LEVELS[self._level][0]} only")
        if words:
            parts.append(f"with {words!r}")
        parts.append("following" if self._bottom is None else f"up to line {bottom}")
        room = self.size.width - len("   ".join(parts)) - 4
        if not self.query_one(QueryBar).typing:
            parts.append(next((keys for keys in self._keys if len(keys) <= room), ""))
        self.query_one(QueryBar).say("   ".join(parts), False, palette)

    def next_level(self) -> str:
        """Show the next selection of levels; returns its name."""
        self._level = (self._level + 1) % len(LEVELS)
        self._again()
        return LEVELS[self._level][0]

    def scroll_lines(self, pages: int) -> None:
        """Scroll by pages, negative backwards; at the end it follows again."""
        page = max(1, self.query_one(LogLines).size.height - 1)
        bottom = len(self._found) if self._bottom is None else self._bottom
        bottom = max(min(page, len(self._found)), bottom + pages * page)
        self._bottom = None if bottom >= len(self._found) else bottom
        self._again()

    def search(self) -> None:
        """Let the person type words."""
        self.query_one(QueryBar).type()
        self._again()

    def back(self) -> bool:
        """Show all words again; whether only some were shown."""
        bar = self.query_one(QueryBar)
        if not bar.text:
            return False
        bar.clear()
        return True

    @on(QueryBar.Changed)
    def _on_words(self, message: QueryBar.Changed) -> None:
        message.stop()
        self._bottom = None
        self._again()

    def on_resize(self) -> None:
        self._again()

    def _again(self) -> None:
        self._shown = ()
        self.show(self._tail, self._palette)


class LogLines(DirectWidget):
    """The last of these lines that fit, each cut at the edge."""

    DEFAULT_CSS = "LogLines { text-wrap: nowrap; text-overflow: ellipsis; }"

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[LogLine, ...] = ()
        self._palette = DARK
        self._words = ""

    def show(self, lines: tuple[LogLine, ...], palette: Palette, words: str) -> None:
        """Show these lines, with what was looked for marked in them."""
        self._lines, self._palette, self._words = lines, palette, words
        self.refresh()

    def render(self) -> Text:
        height = self.size.height
        shown = self._lines[-height:] if height else ()
        if not shown:
            return Text("The log has no such lines.", self._ink(self._palette.muted))
        text, short = Text(), self.size.width < SHORT_TIMES
        for i, line in enumerate(shown):
            line_text = TIME.sub(r"\1 ", line.text) if short else line.text
            text.append("\n" if i else "").append(line_text, self._look(line.level))
        if self._words:
            text.highlight_regex(re.compile(re.escape(self._words), re.IGNORECASE), MARKED)
        return text

    def _look(self, level: str) -> Style:
        palette = self._palette
        if level in ("ERROR", "CRITICAL"):
            return self._ink(palette.bad, bold=True)
        return self._ink(palette.warn if level == "WARNING" else palette.text)

    @staticmethod
    def _ink(colour: Colour, bold: bool = False) -> Style:
        return style(colour, bold=bold)

"""The damaged and missing files of a session, with reasons, a line each."""

from collections.abc import Sequence

from textual.widgets import Static

from tttui.draw.colours import style
from tttui.draw.palette import DARK, Palette
from tttui.draw.text import Text
from tttui.model.session import Problem


class DamageLine(Static):
    """Lists problems of files; takes no room without any."""

    DEFAULT_CSS = "DamageLine { height: auto; padding: 0 1; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Sequence[Problem], Palette] = ((), DARK)
        self._rows = 1

    def show(self, problems: Sequence[Problem], palette: Palette) -> None:
        if self._shown != (problems, palette):
            self._shown = (problems, palette)
            self.display = bool(problems)
            self._write()

    def set_rows(self, rows: int) -> None:
        """Say it in at most so many lines: what does not fit is only named."""
        if rows != self._rows:
            self._rows = rows
            self._write()

    def _write(self) -> None:
        problems, palette = self._shown
        mark, words = style(palette.warn, bold=True), style(palette.warn)
        name = style(palette.text, bold=True)
        text = Text(no_wrap=True, overflow="ellipsis")
        listed = problems if len(problems) <= self._rows else problems[: self._rows - 1]
        for problem in listed:
            text.append("\n" if text else "").append(" ! ", mark)
            text.append(f" {problem.path.name} ", name).append(problem.reason, words)
        rest = ", ".join(problem.path.name for problem in problems[len(listed) :])
        if rest:
            text.append("\n" if text else "").append(" ! ", mark)
            text.append(f" {rest}", name).append(" damaged", words)
        self.update(text)

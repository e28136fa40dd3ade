"""The verdict line."""

from rich.style import Style
from textual.geometry import Size

from tttui.draw.cells import wrapped
from tttui.draw.colours import style
from tttui.draw.palette import DARK, Palette
from tttui.draw.text import Text, lines
from tttui.model.verdict import Verdict
from tttui.toolkit import DirectWidget

MARKS = {"better": "+", "worse": "!", "unclear": "?"}

PLACE = "###"
"""Keeps the place of the mark, with a space on either side, while lines are broken."""


class VerdictLine(DirectWidget):
    """The verdict, coloured by its tone, with a mark of the same meaning.

    It takes as many rows as the sentence needs, up to a limit; beyond it the least important
    clauses are left out, and a mark says so and how to see them.
    """

    DEFAULT_CSS = "VerdictLine { height: auto; padding: 0 1; }"

    def __init__(self, *, rows: int = 1, fixed: bool = False, id: str | None = None) -> None:
        """With `fixed` its height is given, and does not change with what it says."""
        super().__init__(id=id)
        self._fixed = fixed
        self._verdict: Verdict | None = None
        self._palette = DARK
        self._more = "…"
        self._rows = rows

    def show(self, verdict: Verdict, palette: Palette, more: str) -> None:
        """Show a verdict; `more` marks a cut."""
        if (verdict, palette, more) != (self._verdict, self._palette, self._more):
            again = self._verdict is None or verdict.clauses != self._verdict.clauses
            self._verdict, self._palette, self._more = verdict, palette, more
            self.refresh(layout=again and not self._fixed)

    def set_rows(self, rows: int) -> None:
        """Take at most so many rows."""
        if rows != self._rows:
            self._rows = rows
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Text:
        if self._verdict is None:
            return Text()
        palette = self._palette
        inks = {"better": palette.good, "worse": palette.bad, "unclear": palette.warn}
        first, *rest = self._lines(self.content_size.width) or [PLACE]
        text = Text(no_wrap=True)
        mark = f" {MARKS[self._verdict.tone]} "
        text.append(mark, style(inks[self._verdict.tone], bold=True) + Style(reverse=True))
        return text.append(lines([first[len(PLACE) :], *rest], style(palette.text)))

    def _lines(self, width: int) -> list[str]:
        """The sentence, its mark's place before it, in at most as many lines as there may be."""
        if self._verdict is None or width < 1:
            return []

        def fits(text: str) -> bool:
            return len(wrapped(f"{PLACE} {text}", width)) <= self._rows

        return wrapped(f"{PLACE} {self._verdict.shortened(fits, self._more)}", width)

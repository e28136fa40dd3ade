"""The verdict: the one sentence that everything else on the screen supports."""

from rich.style import Style
from textual.widgets import Static

from tttui.draw.colours import style
from tttui.draw.palette import DARK, Palette
from tttui.draw.text import Text
from tttui.model.verdict import Verdict

MARKS = {"better": "+", "worse": "!", "unclear": "?"}


class VerdictLine(Static):
    """Coloured by its tone, which a mark says as well."""

    DEFAULT_CSS = "VerdictLine { height: auto; max-height: 4; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Verdict | None, Palette] = (None, DARK)

    def show(self, verdict: Verdict, palette: Palette) -> None:
        if self._shown == (verdict, palette):
            return
        self._shown = (verdict, palette)
        colour = {"better": palette.good, "worse": palette.bad, "unclear": palette.warn}[
            verdict.tone
        ]
        text = Text()
        text.append(f" {MARKS[verdict.tone]} ", style(colour, bold=True) + Style(reverse=True))
        text.append(f" {verdict.sentence}", style(palette.text))
        self.update(text)

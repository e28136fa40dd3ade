"""The two lines above the text: the rates of both models, and what the tints mean."""

from collections.abc import Sequence

from rich.cells import cell_len

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import Colour
from tttui.draw.numbers import count
from tttui.draw.textpaint import LEGEND, LITTLE, paint_legend
from tttui.model.document import Document, Rates
from tttui.widgets.drawn import Redrawn

Part = tuple[str, Colour, bool]


class TextHead(Redrawn):
    """The document, its loss per byte or token up to the cursor and in the window there."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._told: tuple[object, ...] = ()
        self._title, self._bytes, self._scored = "", 0, 0
        self._unit, self._item = "bits", "byte"
        self._so_far: Rates | None = None
        self._here: tuple[Rates | None, ...] = ()
        self._problems: Sequence[str] = ()

    def tell(
        self,
        name: str,
        document: Document,
        so_far: Rates | None,
        here: tuple[Rates | None, ...],
        problems: Sequence[str],
    ) -> None:
        """Show other numbers; those of the window `here` only where there are any."""
        facts = (name, document.size, document.scored, so_far, here, tuple(problems))
        if facts != self._told:
            self._told = facts
            self._title, self._bytes, self._scored = name, document.size, document.scored
            self._so_far, self._here, self._problems = so_far, here, problems
            self._unit, self._item = document.unit, document.item
            self.repaint()

    def paint(self, width: int, height: int) -> Canvas:
        canvas, palette = Canvas(height, width), self.palette
        so_far = self._rates("So far", self._so_far)
        while len(so_far) > 4 and sum(cell_len(part[0]) for part in so_far) > width:
            so_far.pop()
        x = canvas.spans(0, 0, so_far)
        here = [part for rates in self._here for part in self._rates("   here", rates)]
        if x + sum(cell_len(part[0]) for part in here) <= width:
            x = canvas.spans(0, x, here)
        about = f"{self._title}  {count(self._bytes)} bytes"
        if self._scored < self._bytes:
            about = f"{self._title}  {count(self._scored)} of {count(self._bytes)} bytes"
        room = width - x - 3
        if room >= 12:
            about = fit(about, room, self.glyphs.ellipsis)
            canvas.write(0, width - cell_len(about), about, palette.muted)
        if self._problems:
            text = fit(f"! {'; '.join(self._problems)}", width, self.glyphs.ellipsis)
            canvas.write(1, 0, text, palette.warn, bold=True)
        else:
            item = "character" if self._item == "byte" else self._item
            saved = f"{self._unit[:1].upper()}{self._unit[1:]} saved at each {item}  "
            x = canvas.write(1, 0, saved, palette.muted)
            x = x if width - x >= LEGEND else 0
            if x == 0:
                canvas.write(1, 0, " " * width, palette.muted)
            paint_legend(canvas, 1, x, self._unit, self.look)
        return canvas

    def _rates(self, title: str, rates: Rates | None) -> list[Part]:
        palette, arrow = self.palette, "→" if self.glyphs.braille else "->"
        if rates is None:
            return [(f"{title} ", palette.muted, False), ("not scored", palette.muted, False)]
        ink = palette.good if rates.saved > 0 else palette.bad
        ink = palette.muted if abs(rates.saved) < LITTLE else ink
        share = "" if rates.share != rates.share else f" ({100 * rates.share:+.0f} %)"
        return [
            (f"{title} ", palette.muted, False),
            (f"{rates.frozen:.2f}", palette.frozen, False),
            (f" {arrow} ", palette.muted, False),
            (f"{rates.adaptive:.2f}", palette.adaptive, True),
            (f" {self._unit}/{self._item}", palette.muted, False),
            (f"  {rates.saved:+.2f}", ink, True),
            (share, ink, True),
        ]

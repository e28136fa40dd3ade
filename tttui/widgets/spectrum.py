"""The largest singular values of the plastic matrices as bars, side by side."""

from collections.abc import Sequence

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, wrapped
from tttui.draw.numbers import choose, forms, short
from tttui.draw.prose import filling
from tttui.plots.weights import SpectrumOf
from tttui.widgets.drawn import Drawn

LEGENDS = (
    "  singular values s at the cursor; effective rank: exp of the entropy of s / sum(s)",
    "  singular values s; effective rank exp(entropy of s / sum(s))",
    "  singular values at the cursor",
    "  singular values",
    "",
)


class SpectrumBars(Drawn):
    """For each matrix a column: condition number, effective rank, and the values as bars."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: Sequence[SpectrumOf] = ()
        self._message = ""
        self.chosen = False

    def set_chosen(self, chosen: bool) -> None:
        """Whether this is the region that a person is in."""
        if chosen != self.chosen:
            self.chosen = chosen
            self.changed()

    def set_spectra(self, shown: Sequence[SpectrumOf], message: str = "") -> None:
        """Show these, or where there are none the message."""
        self._shown, self._message = shown, message
        self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas, palette = Canvas(height, width), self.palette
        mark = f"{self.glyphs.play} " if self.chosen else ""
        ink = palette.accent if self.chosen else palette.text
        end = canvas.write(0, 0, f"{mark}Spectrum", ink, bold=True)
        legend = next((text for text in LEGENDS if len(text) <= width - end), "")
        canvas.write(0, end, legend, palette.muted)
        if not self._shown:
            canvas.write(1, 0, fit(self._message, width, self.glyphs.ellipsis), palette.muted)
            return canvas
        pitch = (width + 2) // len(self._shown)
        for i, one in enumerate(self._shown):
            self._column(canvas, i * pitch, pitch - 2, one, i)
        return canvas

    def _column(self, canvas: Canvas, left: int, width: int, of_matrix: SpectrumOf, i: int) -> None:
        (palette, glyphs), spectrum = self.look, of_matrix.spectrum
        own = palette.series[i % len(palette.series)]
        end = canvas.write(1, left, f"{of_matrix.name}  ", own, bold=True)
        if spectrum is None:
            rows, columns = of_matrix.shape
            text = f"{rows} x {columns} is too large for a decomposition here"
            for row, line in enumerate(wrapped(text, width), 2):
                canvas.write(row, left, line, palette.muted)
            return
        if spectrum.condition != spectrum.condition:
            canvas.write(1, end, fit("not finite", left + width - end), palette.bad, bold=True)
            return
        condition = f"condition {short(spectrum.condition)}"
        row, warning = 2, ""
        if of_matrix.warns and of_matrix.growth is not None:
            warning = f"! {short(of_matrix.growth, 2)} x its start"
            if end + len(condition) + 1 + len(warning) <= left + width:
                condition, warning = f"{condition} {warning}", ""
        ink = palette.bad if of_matrix.warns else palette.text
        room = left + width - end
        texts = [condition, *(f"cond {number}" for number in forms(spectrum.condition))]
        text = choose([*texts, *forms(spectrum.condition)], room, glyphs.ellipsis)
        canvas.write(1, end, text, ink, bold=of_matrix.warns)
        most = len(spectrum.values)
        rank = f"rank {spectrum.effective_rank:.2f}"
        texts = [f"effective {rank} of {most}", f"{rank} of {most}", rank]
        if warning:
            shown = fit(warning, width, glyphs.ellipsis)
            canvas.write(row, left, shown, palette.bad, bold=True)
            row += 1
        canvas.write(row, left, choose(texts, width, glyphs.ellipsis), palette.muted)
        room, plot = max(width - 11, 3), of_matrix.plot(i)
        for bar in plot.bars:
            row += 1
            canvas.write(row, left, f"{bar.name:>2}", palette.muted)
            canvas.write(row, left + 3, filling(plot.share(bar), room, glyphs), palette.area(i))
            canvas.write(row, left + width - len(bar.text), bar.text, palette.text)

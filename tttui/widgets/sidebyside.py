"""The parts of a comparison of sessions as widgets."""

from tttui.draw import sidebyside
from tttui.draw.canvas import Canvas
from tttui.draw.cells import wrapped
from tttui.model.compare import Comparison, transfer_sentence
from tttui.widgets.drawn import Drawn


class _Compared(Drawn):
    """Draws a `Comparison`, or says why there is none."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: Comparison | None = None
        self._message = ""

    def set_comparison(self, found: Comparison | None, message: str = "") -> None:
        if found is not self._found or message != self._message:
            self._found, self._message = found, message
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        if self._found is None:
            return said(self._message, width, height, self.palette.muted)
        return self.paint_found(self._found, width, height)

    def paint_found(self, found: Comparison, width: int, height: int) -> Canvas:
        raise NotImplementedError


class MetricBars(_Compared):
    """The final numbers of every session as bars."""

    def paint_found(self, found: Comparison, width: int, height: int) -> Canvas:
        return sidebyside.metric_bars(found, (width, height), self.palette, self.glyphs)


class SettingsTable(_Compared):
    """The settings in which the sessions differ."""

    def paint_found(self, found: Comparison, width: int, height: int) -> Canvas:
        return sidebyside.settings_table(found, (width, height), self.palette, self.glyphs)


class TransferMap(_Compared):
    """Frozen weights of each session in the world of each, and what that says."""

    def paint_found(self, found: Comparison, width: int, height: int) -> Canvas:
        tested = found.transfer
        if tested is None:
            return said(self._message, width, height, self.palette.muted)
        mus = [data.mu_now for data in found.sessions]
        sentence = transfer_sentence(tested, found.names, mus)
        lines = wrapped(sentence, width) + [
            line for reason in tested.missing for line in wrapped(f"Left out: {reason}.", width)
        ]
        n = len(tested.sessions)
        if n < 2:
            return said(" ".join(lines), width, height, self.palette.warn)
        canvas = Canvas(height, width)
        part = sidebyside.transfer_map(
            tested, found.names, (width, min(n + 2, height)), self.palette, self.glyphs
        )
        for grid in ("char", "ink", "paper", "bold"):
            getattr(canvas, grid)[: part.rows] = getattr(part, grid)
        note = f"mean squared error over {tested.steps} fresh noise-free steps, * best of a world"
        notes = wrapped(note, width)
        for row, line in enumerate(notes, n + 2):
            canvas.write(row, 0, line, self.palette.muted)
        for row, line in enumerate(lines, n + 2 + len(notes)):
            canvas.write(row, 0, line, self.palette.text)
        return canvas


def said(text: str, width: int, height: int, ink: int) -> Canvas:
    """A canvas with a sentence, in as many lines as it needs."""
    canvas = Canvas(height, width)
    for row, line in enumerate(wrapped(text, width)):
        canvas.write(row, 0, line, ink)
    return canvas

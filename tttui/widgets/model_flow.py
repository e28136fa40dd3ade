"""The diagram of the model."""

from collections.abc import Mapping

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.diagram import Shape, diagram
from tttui.widgets.drawn import Drawn


class ModelFlow(Drawn):
    """A title and the flow from inputs to the prediction, with this session's shapes."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shapes: Mapping[str, Shape] = {}
        self._source = ""

    def set_shapes(self, shapes: Mapping[str, Shape], source: str) -> None:
        """Show these shapes; `source` says which files they come from."""
        if (shapes, source) != (self._shapes, self._source):
            self._shapes, self._source = dict(shapes), source
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas, palette = Canvas(height, width), self.palette
        end = canvas.write(0, 0, "Model", palette.text, bold=True) + 2
        canvas.write(0, end, fit(self._source, width - end, self.glyphs.ellipsis), palette.muted)
        if height < 2:
            return canvas
        flow = diagram(self._shapes, width, height - 1, self.look)
        for name in ("char", "ink", "paper", "bold"):
            getattr(canvas, name)[1:] = getattr(flow, name)
        return canvas

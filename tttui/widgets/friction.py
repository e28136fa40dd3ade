"""The hidden friction at the cursor, and what the weights make of it."""

from tttui.draw.canvas import Canvas
from tttui.tasks.pointmass import friction
from tttui.tasks.pointmass.friction import Facts
from tttui.widgets.redrawn import Redrawn


class FrictionView(Redrawn):
    """`Facts` about the friction; paints again only when they changed."""

    DEFAULT_CSS = "FrictionView { min-height: 2; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.facts = Facts()
        self._mark = ""

    def set_facts(self, facts: Facts) -> None:
        self.facts = facts
        self.repaint()

    def set_mark(self, mark: str) -> None:
        """What stands before the title: a sign that this is the chosen view."""
        if mark != self._mark:
            self._mark = mark
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        size = (width, height)
        return friction.paint(self.facts, size, self.look, self._mark)

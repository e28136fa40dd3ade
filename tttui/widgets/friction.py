"""The hidden friction at the cursor, and what the weights make of it."""

from tttui.draw import friction
from tttui.draw.canvas import Canvas
from tttui.draw.friction import Facts
from tttui.widgets.redrawn import Redrawn


class FrictionView(Redrawn):
    """`Facts` about the friction; paints again only when they changed."""

    DEFAULT_CSS = "FrictionView { min-height: 2; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.facts = Facts()
        self._chosen = False

    def set_facts(self, facts: Facts) -> None:
        self.facts = facts
        self.repaint()

    def set_chosen(self, chosen: bool) -> None:
        """Mark this as the view that `e` exports."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        mark = ("▸ " if self.glyphs.braille else "> ") if self._chosen else ""
        return friction.paint(self.facts, (width, height), self.palette, self.glyphs, mark)

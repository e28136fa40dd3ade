"""Rows of a painted widget that go to the terminal as they are, without a detour over segments."""

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Generic, TypeVar

from rich.segment import Segment

from tttui.draw.canvas import Canvas
from tttui.draw.cells import narrow
from tttui.draw.colours import Colour
from tttui.model.arrays import Ints
from tttui.toolkit import LazyLine


class Painted:
    """Rows of a canvas on their ground; nothing of them changes any more."""

    def __init__(self, canvas: Canvas, ground: Colour) -> None:
        self.canvas, self.ground = canvas, ground
        self.numbered: tuple[object, Ints] | None = None
        """The cells as numbers, and for what terminal they were numbered."""

    @cached_property
    def lines(self) -> list[list[Segment]]:
        return self.canvas.lines(self.ground)

    @cached_property
    def plain(self) -> bool:
        """All characters are visible and take one cell each."""
        return narrow(self.canvas.char)


class PaintedRow(LazyLine):
    """One row of it."""

    def __init__(self, painted: Painted, row: int) -> None:
        super().__init__(painted.canvas.columns)
        self.painted, self.row = painted, row

    def segments(self) -> list[Segment]:
        return self.painted.lines[self.row]


P = TypeVar("P")


class Pictures(Generic[P]):
    """The last few pictures of the same things: people zoom in and out again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: tuple[object, ...] = ()
        self._painted: dict[Hashable, P] = {}

    def of(self, shown: tuple[object, ...], how: Hashable, paint: Callable[[], P]) -> P:
        """The picture of what is `shown`, which never changes, in one of the ways to see it."""
        if list(map(id, shown)) != list(map(id, self._of)):
            self._of, self._painted = shown, {}
        picture = self._painted.pop(how) if how in self._painted else paint()
        self._painted[how] = picture
        if len(self._painted) > self._most:
            del self._painted[next(iter(self._painted))]
        return picture

"""A panel of lines that fit themselves to its width; what is too long scrolls."""

from collections.abc import Callable
from typing import ClassVar

from textual import events

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.prose import Line, Prose
from tttui.widgets.drawn import Drawn

Content = Callable[[Prose], object]
"""Writes the lines of the panel."""


class Page(Drawn):
    """A title and the lines that `set_content` was given; `chosen` marks the one keys scroll."""

    edge: ClassVar[bool] = False
    """A line runs down the left side, apart from what stands beside it."""

    def __init__(self, title: str, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._title = title
        self._content: Content | None = None
        self._key: object = None
        self._offset = 0
        self._length = 0
        self.chosen = False
        self._follows: bool | None = None
        """The end is shown as it grows (False: somebody scrolled back); None: the beginning is."""

    def set_follows(self, follows: bool) -> None:
        """Show the end, also when there is more, until somebody scrolls back."""
        if follows != (self._follows is not None):
            self._follows, self._offset = (True, 0) if follows else (None, 0)
            self.changed()

    def set_chosen(self, chosen: bool) -> None:
        """Whether the keys scroll this panel."""
        if chosen != self.chosen:
            self.chosen = chosen
            self.changed()

    def set_content(self, content: Content, key: object, title: str | None = None) -> None:
        """Show what `content` writes; nothing happens where `key` is the one shown already."""
        if title is not None and title != self._title:
            self._title, self._key = title, None
        if key is None or key != self._key:
            self._content, self._key = content, key
            self.changed()

    def scroll_lines(self, n: int) -> bool:
        """Move the lines, as far as there are any; whether there are more than fit."""
        last = max(self._length - max(self.content_size.height - 1, 1), 0)
        offset = min(max(self._offset + n, 0), last)
        if self._follows is not None:
            self._follows = offset == last
        if offset != self._offset:
            self._offset = offset
            self.changed()
        return last > 0

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(2)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-2)

    def lines(self, width: int) -> list[Line]:
        """All lines for a width."""
        prose = Prose(width, self.look)
        if self._content is not None:
            self._content(prose)
        return prose.lines

    def paint(self, width: int, height: int) -> Canvas:
        # The line is part of the painting: frames of the toolkit cost more than all of it.
        if not self.edge or width < 4:
            return self._paint_text(width, height)
        canvas, inner = Canvas(height, width), self._paint_text(width - 3, height)
        for grid in ("char", "ink", "paper", "bold"):
            getattr(canvas, grid)[:, 2:-1] = getattr(inner, grid)
        for row in range(height):
            canvas.write(row, 0, self.glyphs.vertical, self.palette.frame)
        return canvas

    def _paint_text(self, width: int, height: int) -> Canvas:
        canvas, palette = Canvas(height, width), self.palette
        mark = f"{self.glyphs.play} " if self.chosen else ""
        ink = palette.accent if self.chosen else palette.text
        lines = self.lines(width)
        self._length = len(lines)
        room = max(height - 1, 0)
        last = max(len(lines) - room, 0)
        self._offset = last if self._follows else min(self._offset, last)
        for row, line in enumerate(lines[self._offset : self._offset + room], 1):
            if canvas.spans(row, 0, line) > width > 0:
                canvas.write(row, width - 1, self.glyphs.ellipsis, line[-1][1])
        # in the title's row, where it covers none of the lines
        below = len(lines) - self._offset - room
        texts = [f"  {below} more {self.glyphs.down}", f" {below}{self.glyphs.down}"]
        known = len(mark) + len(self._title)
        more = next((text for text in texts if known + len(text) <= width), texts[-1])
        more = more if below > 0 and width > 12 else ""
        title = fit(f"{mark}{self._title}", width - len(more), self.glyphs.ellipsis)
        canvas.write(0, 0, title, ink, bold=True)
        canvas.write(0, width - len(more), more, palette.muted)
        return canvas

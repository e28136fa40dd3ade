"""The base of the widgets that paint cells themselves and hand lines to the compositor."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Self

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region, Size
from textual.strip import Strip

from tttui.draw.canvas import GRIDS, Canvas
from tttui.draw.cells import cellwise, joined
from tttui.draw.colours import DEFAULT, Colour
from tttui.draw.look import HasLook, Look
from tttui.toolkit import DirectWidget, Line
from tttui.widgets.painted import Painted, PaintedRow


class Dressed(HasLook):
    """A widget with a look of its own, which its tab gives it."""

    look = Look()

    def set_look(self, look: Look) -> None:
        """Draw in these colours and characters from now on."""
        raise NotImplementedError(type(self).__name__)


class Drawn(Dressed, DirectWidget):
    """A widget that paints a `Canvas` once and serves its lines until something changes.

    Subclasses implement `paint`, call `changed` when the painting is out of date, and may lay
    marks over single lines in `overlaid`, which `touch` redraws without painting again.
    """

    DEFAULT_CSS = "Drawn { height: 1fr; width: 1fr; }"

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._canvas: Canvas | None = None
        self.ground: Colour = DEFAULT
        self._background = Color(0, 0, 0, 0)
        self._strips: dict[int, Strip] = {}
        """The lines with what is laid over them, as they were handed out."""

    @property
    def content_size(self) -> Size:
        """The cells to paint. (Textual looks a widget up in the layout for it, at every line.)"""
        width, height = self.outer_size
        gutter = self.styles.gutter
        return Size(max(width - gutter.width, 0), max(height - gutter.height, 0))

    def set_look(self, look: Look) -> None:
        """Colours and characters; everything is painted again."""
        if look != self.look:
            self.look = look
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        """The cells of the whole content, width x height."""
        raise NotImplementedError

    def overlay(self, part: Canvas, rows: Sequence[int]) -> None:
        """Lay what moves often over some rows of the picture, of which `part` is a copy."""

    def overlaid(self, y: int, line: list[Segment]) -> list[Segment]:
        """The line with what moves often laid over it."""
        return line

    def changed(self) -> None:
        """Paint again at the next refresh."""
        self._canvas = None
        self.refresh()

    def touch(self, *regions: Region) -> None:
        """Send regions of the content again, without painting."""
        left, top = self.gutter.left, self.gutter.top
        placed = [region.translate((left, top)) for region in regions if region.area]
        if placed:
            self.refresh(*placed)

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        if repaint and regions:
            for y in {y for region in regions for y in region.line_range}:
                self._strips.pop(y, None)
        elif repaint:
            self._strips.clear()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def canvas(self) -> Canvas:
        """The painted cells at the present size."""
        width, height = self.content_size
        canvas = self._canvas
        if canvas is None or (canvas.columns, canvas.rows) != (width, height):
            canvas = self._canvas = self.paint(width, height)
            self._background = self.background_colors[1]
            self.ground = _colour(self._background)
            self._strips.clear()
        return canvas

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._canvas = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region; Textual would make three strips of each, for frames and tints."""
        if self.gutter:
            return super().render_lines(crop)
        canvas, strips = self.canvas(), self._strips
        # The palettes of themes with 24-bit colours have no others to be translated.
        filters = [f for f in self.get_line_filters() if not isinstance(f, ANSIToTruecolor)]
        missing = [y for y in crop.line_range if y not in strips]
        if missing:
            self._make(canvas, missing, filters)
        lines = [strips[y] for y in crop.line_range]
        if crop.column_span == (0, canvas.columns):
            return lines
        return [strip.crop(*crop.column_span) for strip in lines]

    def render_line(self, y: int) -> Strip:
        canvas = self.canvas()
        if not 0 <= y < canvas.rows:
            return Strip.blank(canvas.columns)
        return Line(self.overlaid(y, self._shown_rows(canvas, [y]).lines[0]), canvas.columns)

    def _shown_rows(self, canvas: Canvas, rows: Sequence[int]) -> Painted:
        """Rows of the canvas with what is laid over them."""
        part = canvas.part(rows)
        self.overlay(part, rows)
        return Painted(part, self.ground)

    def _make(self, canvas: Canvas, rows: Sequence[int], filters: Sequence[LineFilter]) -> None:
        """Make the strips of some rows."""
        inside = [y for y in rows if 0 <= y < canvas.rows]
        painted = self._shown_rows(canvas, inside)
        ready = type(self).overlaid is Drawn.overlaid and painted.plain
        ready = ready and all(getattr(each, "leaves_visible", False) for each in filters)
        for i, y in enumerate(inside):
            if ready:
                self._strips[y] = PaintedRow(painted, i)
                continue
            segments = self.overlaid(y, painted.lines[i])
            for line_filter in filters:
                segments = line_filter.apply(segments, self._background)
            self._strips[y] = Line(segments, canvas.columns)
        for y in set(rows).difference(inside):
            self._strips[y] = Strip.blank(canvas.columns)


def _colour(color: Color) -> Colour:
    """The drawing layer's number for a colour of a stylesheet."""
    if color.ansi is not None or not color.a:
        return DEFAULT
    return color.r << 16 | color.g << 8 | color.b


def replaced(line: list[Segment], column: int, text: str | None, style: Style) -> list[Segment]:
    """The line with one-cell-wide `text` put at `column` in `style`.

    A style without paper keeps the paper that is there; with text None the character stays, and
    its ink where the style has none.
    """
    x = 0
    end = column + (1 if text is None else len(text))
    first = 0
    for segment in line:
        stop = x + len(cellwise(segment.text))
        if stop > column:
            break
        x, first = stop, first + 1
    out = line[:first]
    for i, (old_text, old, _) in enumerate(line[first:], first):
        if x >= end:
            return out + line[i:]
        content = cellwise(old_text)
        stop = x + len(content)
        cut = str if content == old_text else joined  # only wide characters can be halved
        a, b = max(column - x, 0), min(end - x, len(content))
        if a:
            out.append(Segment(cut(content[:a]), old))
        if text is None:
            out.append(Segment(cut(content[a:b]), _laid(old, style)))
        else:
            out.append(Segment(text[x + a - column : x + b - column], _laid(_bare(old), style)))
        if b < len(content):
            out.append(Segment(cut(content[b:]), old))
        x = stop
    return out


@lru_cache(4096)
def _laid(below: Style | None, style: Style) -> Style:
    """A style over another one."""
    return below + style if below else style


@lru_cache(4096)
def _bare(style: Style | None) -> Style | None:
    """The paper of a style alone."""
    return Style.from_color(None, style.bgcolor) if style else None


def character(line: list[Segment], column: int) -> str:
    """The character at a column of a line; a blank where it is half of a wide one."""
    for segment in line:
        content = cellwise(segment.text)
        if column < len(content):
            return joined(content[column])
        column -= len(content)
    return " "


class Redrawn(Drawn):
    """For drawings in which a change moves a little here and there: `repaint` instead of
    `changed`."""

    def repaint(self) -> None:
        """Paint anew; only rows in which something differs are made and sent again."""
        old, (width, height) = self._canvas, self.content_size
        if old is None or (old.columns, old.rows) != (width, height):
            self.changed()
            return
        new = self._canvas = self.paint(width, height)
        differ = old.char != new.char
        for name in GRIDS[1:]:
            differ |= getattr(old, name) != getattr(new, name)
        rows = np.flatnonzero(differ.any(axis=1))
        if not len(rows):
            return
        first = differ[rows].argmax(axis=1).tolist()
        end = (width - differ[rows, ::-1].argmax(axis=1)).tolist()
        places = zip(rows.tolist(), first, end, strict=True)
        self.touch(*(Region(a, y, b - a, 1) for y, a, b in places))

"""Send only the cells that changed.

Textual rewrites every widget that a dirty region touches, left edge included: tens of kilobytes
for one step of a cursor, over a connection that may be slow. The Frame remembers what the
terminal shows and turns each update into the shortest runs of cells that differ.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, cast

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

MAX_GAP = 4
"""Unchanged cells between two changes that are cheaper to send again than to jump over."""

Cell = tuple[str, Style | None]
UNKNOWN: Cell = ("\0", None)
"""What a cell holds before it was drawn; equal to nothing that is ever drawn."""


class Frame:
    """What the terminal shows, cell by cell. A wide character is followed by an empty cell.

    Without `colours` only attributes (bold, reverse ...) are sent.
    """

    def __init__(self, *, colours: bool = True) -> None:
        self._colours = colours
        self._lines: list[list[Cell]] = []
        self._width = 0
        self._pens: dict[Style, Pen] = {}

    def forget(self) -> None:
        """Assume nothing about the terminal: the next updates are sent whole."""
        self._lines = []

    def wrap(self, update: CompositorUpdate) -> CompositorUpdate:
        """The same update, rendering to the cells that differ from what the terminal shows."""
        if isinstance(update, LayoutUpdate):
            region = update.region
            if (region.width, region.height) != (self._width, len(self._lines)):
                self._width = region.width
                self._lines = [[UNKNOWN] * region.width for _ in range(region.height)]
            return _Difference(self, self._layout_spans(update))
        if isinstance(update, ChopsUpdate) and self._lines:
            return _Difference(self, self._chop_spans(update))
        self.forget()
        return update

    @staticmethod
    def _layout_spans(update: LayoutUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
        for y, strips in enumerate(update.strips, update.region.y):
            yield update.region.x, y, (segment for strip in strips for segment in strip)

    @staticmethod
    def _chop_spans(update: ChopsUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
        for y, x1, x2 in update.spans:
            for end, (x, strip) in zip(
                update.chop_ends[y],
                cast("dict[int, Strip | None]", update.chops[y]).items(),
                strict=False,
            ):
                if strip is not None and x <= x2 and end > x1:
                    yield x, y, strip

    def difference(
        self, x: int, y: int, segments: Iterable[Segment]
    ) -> Iterator[tuple[int, int, list[Cell]]]:
        """Runs (x, y, cells) of `segments` at x, y that the terminal does not show yet."""
        if not 0 <= y < len(self._lines):
            return
        line = self._lines[y]
        run: list[Cell] = []
        start = last = -1
        for cell in _cells(segments):
            if x >= self._width:
                break
            shown = line[x]
            if shown is not cell and shown != cell:
                if start < 0:
                    start = x
                elif x - last > MAX_GAP:
                    yield start, y, run[: last - start + 1]
                    start, run = x, []
                last = x
                line[x] = cell
            if start >= 0:
                run.append(cell)
            x += 1
        if start >= 0:
            yield start, y, run[: last - start + 1]

    def pen(self, style: Style | None, system: ColorSystem) -> "Pen":
        """What a terminal of these colours is told for a style."""
        if style is None:
            return PLAIN
        found = self._pens.get(style)
        if found is None:
            if len(self._pens) > 8192:
                self._pens.clear()
            found = pen_of(style, system)
            if not self._colours:
                found = Pen(found.attributes, PLAIN.ink, PLAIN.paper)
            self._pens[style] = found
        return found


class Pen(NamedTuple):
    """SGR parameters: attributes (bold, reverse ...), ink, paper."""

    attributes: str
    ink: str
    paper: str

    def for_blank(self, current: "Pen") -> "Pen":
        """The pen nearest to `current` that leaves the same blank cell."""
        if self.attributes or _SEEN_ON_BLANKS & set(current.attributes.split(";")):
            return self
        return Pen(current.attributes, current.ink, self.paper)

    def from_pen(self, current: "Pen") -> str:
        """The shortest sequence that turns the pen `current` into this one."""
        if self == current:
            return ""
        if self.attributes != current.attributes:
            parts = ["0", self.attributes]
            parts += [self.ink] if self.ink != PLAIN.ink else []
            parts += [self.paper] if self.paper != PLAIN.paper else []
        else:
            parts = [self.ink] if self.ink != current.ink else []
            parts += [self.paper] if self.paper != current.paper else []
        return f"\x1b[{';'.join(part for part in parts if part)}m"


_SEEN_ON_BLANKS = {"4", "7", "9", "21"}
"""Underline, reverse, strike, double underline: they show without a character."""

PLAIN = Pen("", "39", "49")


def pen_of(style: Style, system: ColorSystem) -> Pen:
    """Split a style into the three parts that change on their own."""
    attributes = style.without_color
    ink, paper = style.color, style.bgcolor
    return Pen(
        Strip.render_ansi(attributes, system),
        ";".join(ink.downgrade(system).get_ansi_codes()) if ink else PLAIN.ink,
        ";".join(paper.downgrade(system).get_ansi_codes(foreground=False))
        if paper
        else PLAIN.paper,
    )


class _Difference(CompositorUpdate):
    """An update that renders as what changed in a Frame."""

    def __init__(self, frame: Frame, spans: Iterator[tuple[int, int, Iterable[Segment]]]) -> None:
        self._frame = frame
        self._spans = spans

    def render_segments(self, console: Console) -> str:
        frame, system = self._frame, console._color_system or ColorSystem.TRUECOLOR
        out: list[str] = []
        at = (-1, -1)
        current = PLAIN
        for x0, y0, segments in self._spans:
            for x, y, cells in frame.difference(x0, y0, segments):
                while cells and not cells[0][0]:  # never begin inside a wide character
                    x -= 1
                    cells = [frame._lines[y][x], *cells]
                if (x, y) != at:
                    out.append(f"\x1b[{y + 1};{x + 1}H")
                last: Style | None = _NO_STYLE
                for text, style in cells:
                    if style is not last:
                        last = style
                        pen = frame.pen(style, system)
                        if style is not None and text == " ":
                            pen = pen.for_blank(current)
                            last = _NO_STYLE
                        if pen is not current:
                            out.append(pen.from_pen(current))
                            current = pen
                    out.append(text)
                at = (x + len(cells), y)
        if current != PLAIN:
            out.append("\x1b[0m")
        return "".join(out)


@lru_cache(8192)
def blank_style(style: Style | None) -> Style | None:
    """What can be seen of a style where there is no character."""
    if style is None or style.reverse or style.underline or style.underline2 or style.strike:
        return style
    return Style(bgcolor=style.bgcolor)


_NO_STYLE = Style(conceal=True)
"""Is no cell's style."""


def _cells(segments: Iterable[Segment]) -> Iterator[Cell]:
    for text, style, control in segments:
        if control:
            continue
        blank = blank_style(style)
        if text.isascii() or cell_len(text) == len(text):
            for char in text:
                yield char, blank if char == " " else style
            continue
        for char in text:
            if char == " ":
                yield char, blank
                continue
            width = cell_len(char)
            if width:
                yield char, style
                for _ in range(width - 1):
                    yield "", style

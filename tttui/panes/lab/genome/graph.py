"""The picture of a genome: the base's layers as a chain, skills as nodes at those they change.

A node's fill says where the skill is (in force, in memory, paged out, on the disk), the bar and
the number behind it how far it moves the layer, as a share of the norm that the base has there;
where that is not known, as a norm. In colour the cells are a heatmap as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field

from textual import events
from textual.message import Message

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, fit_end, padded
from tttui.draw.colours import ANSI, Colour, ramp, rgb
from tttui.draw.prose import filling
from tttui.lab.genome.effect import LayerChange
from tttui.model.dataclass import dataclass
from tttui.model.numbers import short
from tttui.widgets.drawn import Drawn

CELL, NARROW_CELL, WIDEST_CELL = 15, 13, 26
"""Columns of a skill, below NARROW columns in all, and where all have more room."""

NARROW = 100

LEAST_NAME, MOST_NAME = 20, 44
"""Columns of the names of layers."""

HEAD = 3
"""Rows above the layers: names, weights, where the skills are."""

FOOT = 1
"""The row below: what the nodes and the colours mean."""

HEIGHTS = (5, 3)
"""Rows of a layer where there is room for all of them; else one."""

LEVELS = 24

NODES = {"in force": "◉", "resident": "●", "paged out": "◌", "on disk": "○"}
NODES_ASCII = {"in force": "@", "resident": "#", "paged out": "o", "on disk": "."}


@dataclass(frozen=True, slots=True)
class GenomeColumn:
    """One skill, or the merge."""

    name: str
    state: str = ""
    """A key of NODES; '' for the merge."""
    weight: float | None = None
    """In the merge; None where it is not in it."""
    norms: Mapping[str, float] = field(default_factory=dict[str, float])
    """By layer."""
    note: str = ""
    """Of the merge: by which method."""


@dataclass(frozen=True, slots=True)
class GenomePicture:
    """All that is drawn."""

    base: str
    layers: Sequence[LayerChange] = ()
    columns: Sequence[GenomeColumn] = ()
    """The skills, and last the merge where there is one."""
    merge: bool = False
    column: int = 0
    """Of the cursor."""
    layer: int = 0


class GenomeGraph(Drawn):
    """Draws a `GenomePicture`; scrolls so that its cursor is in sight."""

    class Picked(Message):
        """A cell was clicked: its column and layer; None where it was none."""

        def __init__(self, column: int | None, layer: int | None) -> None:
            super().__init__()
            self.column, self.layer = column, layer

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture = GenomePicture("")
        self._top = self._left = 0
        self._high = 1
        self._begin, self._cell = 0, CELL

    def show(self, picture: GenomePicture) -> None:
        """Draw this; nothing happens where it is what is drawn."""
        if picture != self._picture:
            self._picture = picture
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas, picture = Canvas(height, width), self._picture
        if not picture.layers or height <= HEAD:
            return canvas
        self._cell = CELL if width >= NARROW else NARROW_CELL
        names = max(len(_label(layer)) for layer in picture.layers) + 9
        room = width - len(picture.columns) * self._cell
        name_room = min(max(LEAST_NAME, min(names, MOST_NAME, room)), max(width - self._cell, 0))
        each = (width - name_room) // max(len(picture.columns), 1)
        self._cell = max(self._cell, min(each, WIDEST_CELL))
        fits = max(1, (width - name_room - (self._cell if picture.merge else 0)) // self._cell)
        skills = len(picture.columns) - picture.merge
        self._left = _scrolled(self._left, min(picture.column, skills - 1), fits, skills)
        shown = [*range(self._left, min(self._left + fits, skills))]
        shown += [skills] if picture.merge else []
        room = height - HEAD - FOOT
        self._high = self._high_in(height)
        rows = max(1, room // self._high)
        self._top = _scrolled(self._top, picture.layer, rows, len(picture.layers))
        self._begin = name_room
        self._paint_head(canvas, shown, skills)
        most = self._most()
        for row, i in enumerate(range(self._top, min(self._top + rows, len(picture.layers)))):
            self._paint_layer(canvas, HEAD + row * self._high, i, shown, most)
        self._paint_foot(canvas, rows, most)
        return canvas

    def _high_in(self, height: int) -> int:
        """Rows of a layer in so many rows."""
        layers, room = len(self._picture.layers), height - HEAD - FOOT
        return next((n for n in HEIGHTS if n * layers <= room), 1)

    def rows_in(self, height: int) -> int:
        """The rows that it takes of so many."""
        needed = HEAD + FOOT + self._high_in(height) * len(self._picture.layers)
        return min(max(needed, HEAD + FOOT + 1), height)

    def _paint_foot(self, canvas: Canvas, rows: int, most: float) -> None:
        """Layers out of sight, what the nodes mean, and the range of the colours."""
        picture, glyphs, x, y = self._picture, self.glyphs, 1, canvas.rows - 1
        below = len(picture.layers) - self._top - rows
        if self._top or below > 0:
            more = f"{self._top} more {glyphs.up}  {max(below, 0)} more {glyphs.down}"
            x = canvas.write(y, x, more, self.palette.text) + 3
        states = {column.state for column in picture.columns}
        for state in NODES:
            if state in states:
                x = canvas.write(y, x, f"{self._node(state)} {state}", self.palette.muted) + 2
        known = any(layer.base_norm for layer in picture.layers)
        top = f"{100 * most:.3g} % of the base's norm" if known else f"norm {short(most)}"
        scale = f"0 to {top}"
        x = max(x + 1, canvas.columns - len(scale) - 14)
        if x + len(scale) + 12 > canvas.columns:
            return
        for step in range(11):
            paper, ink = self._heat(step / 10)
            fill = filling(step / 10, 1, glyphs) or " "
            canvas.write(y, x + step, " " if paper is not None else fill, ink, paper)
        canvas.write(y, x + 12, scale, self.palette.muted)

    def _most(self) -> float:
        """The largest share (or norm, where no share is known) of all cells."""
        norms = [
            _amount(layer, column.norms[layer.name])
            for layer in self._picture.layers
            for column in self._picture.columns
            if layer.name in column.norms
        ]
        return max(norms, default=0.0)

    def _paint_head(self, canvas: Canvas, shown: Sequence[int], skills: int) -> None:
        picture, palette, ell = self._picture, self.palette, self.glyphs.ellipsis
        hidden = (self._left, skills - self._left - len([i for i in shown if i < skills]))
        canvas.write(0, 0, fit(picture.base, self._begin - 1, ell), palette.text, bold=True)
        if any(hidden):
            more = f"{hidden[0]} left, {hidden[1]} right"
            canvas.write(1, 0, fit(more, self._begin - 1, ell), palette.muted)
        for place, i in enumerate(shown):
            column, x = picture.columns[i], self._begin + place * self._cell
            here = i == picture.column
            paper = palette.selected_paper if here else None
            ink = palette.accent if here or not column.state else palette.text
            mark = self.glyphs.play if here else self._node(column.state)
            name = fit(f"{mark} {column.name}", self._cell - 1, ell)
            canvas.write(0, x, padded(name, self._cell - 1), ink, paper, bold=True)
            below = column.note or ("" if column.weight is None else f"weight {column.weight:g}")
            strong = column.weight is not None
            canvas.write(1, x, fit(below, self._cell - 1, ell), palette.text, bold=strong)
            where = column.state or "the merge"
            canvas.write(2, x, fit(where, self._cell - 1, ell), palette.muted)

    def _node(self, state: str) -> str:
        return (NODES if self.glyphs.braille else NODES_ASCII).get(state, "")

    def _paint_layer(
        self, canvas: Canvas, y: int, i: int, shown: Sequence[int], most: float
    ) -> None:
        picture, palette, glyphs = self._picture, self.palette, self.glyphs
        layer, middle = picture.layers[i], y + (1 if self._high > 1 else 0)
        here = i == picture.layer
        ink = palette.accent if here else palette.text
        dash = glyphs.horizontal
        if self._high > 1:
            self._paint_box(canvas, y, i)
        else:
            last = i == len(picture.layers) - 1
            joint = ("└" if last else "├") if glyphs.braille else "+"
            canvas.write(middle, 0, f" {joint}{dash}", palette.frame)
            canvas.write(middle, 4, _label(layer, self._begin - 5), ink, bold=here)
        inside = [k for k in shown if layer.name in picture.columns[k].norms]
        ends = self._begin + self._cell * max((shown.index(k) for k in inside), default=-1)
        if self._high > 1 and inside:
            canvas.write(middle, self._begin - 2, dash * (ends - self._begin + 3), palette.frame)
        for place, k in enumerate(shown):
            x = self._begin + place * self._cell
            if layer.name in picture.columns[k].norms:
                self._paint_cell(canvas, y, x, layer, picture.columns[k], most)
            elif ends > x:
                canvas.write(middle, x, dash * self._cell, palette.faint)
            else:
                canvas.write(middle, x, glyphs.raw, palette.faint)
            if here and k == picture.column:
                canvas.write(middle, x - 1, glyphs.play, palette.accent, bold=True)

    def _paint_box(self, canvas: Canvas, y: int, i: int) -> None:
        """A layer of the base as a box in the chain."""
        picture, palette, glyphs = self._picture, self.palette, self.glyphs
        layer, here = picture.layers[i], i == picture.layer
        width = max(self._begin - 3, 6)
        frame = palette.accent if here else palette.frame
        line = "┌─┐│└┘┴┬" if glyphs.braille else "+-+|++++"
        top = list(line[0] + line[1] * (width - 2) + line[2])
        bottom = list(line[4] + line[1] * (width - 2) + line[5])
        at = width // 2
        if i > 0:
            top[at] = line[6]
        if i < len(picture.layers) - 1:
            bottom[at] = line[7]
        canvas.write(y, 1, "".join(top), frame)
        canvas.write(y + 1, 1, line[3], frame)
        canvas.write(
            y + 1, 3, _label(layer, width - 4), palette.accent if here else palette.text, bold=here
        )
        canvas.write(y + 1, width, line[3], frame)
        canvas.write(y + 2, 1, "".join(bottom), frame)
        if i < len(picture.layers) - 1:
            for row in range(y + 3, y + self._high):
                canvas.write(row, 1 + at, line[3], palette.frame)

    def _paint_cell(
        self, canvas: Canvas, y: int, x: int, layer: LayerChange, column: GenomeColumn, most: float
    ) -> None:
        """A node, a bar and the number, on the colour of the amount."""
        palette, norm = self.palette, column.norms[layer.name]
        share = _amount(layer, norm) / most if most else 0.0
        paper, ink = self._heat(share)
        wide, middle = self._cell - 1, y + (1 if self._high > 1 else 0)
        if paper is not None:
            for row in range(y, y + min(self._high, 3)):
                canvas.write(row, x, " " * wide, ink, paper)
        node = self._node(column.state) or ("◆" if self.glyphs.braille else "*")
        canvas.write(middle, x, node, ink, paper, bold=column.weight is not None)
        number = _share_text(layer, norm)
        bar = padded(filling(share, wide - 2 - 8, self.glyphs), wide - 2 - 8)
        quiet = palette.muted if paper is None else ink
        canvas.write(middle, x + 2, bar, quiet, paper)
        canvas.write(middle, x + wide - 8, padded(number, 7, right=True), ink, paper, bold=True)

    def _heat(self, share: float) -> tuple[Colour | None, Colour]:
        """Paper and ink of an amount; no paper where there are few colours."""
        palette = self.palette
        colours = ramp(palette.sequential, LEVELS)
        colour = colours[round(min(max(share, 0.0), 1.0) * (LEVELS - 1))]
        if not palette.tinted or not 0 <= colour < ANSI:
            return None, palette.text
        red, green, blue = rgb(colour)
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 128
        return colour, 0x0B0D10 if light else 0xF5F7FA

    def on_click(self, event: events.Click) -> None:
        event.stop()
        picture = self._picture
        layer = self._top + (event.y - HEAD) // self._high if event.y >= HEAD else None
        place = (event.x - self._begin) // self._cell if event.x >= self._begin else None
        skills = len(picture.columns) - picture.merge
        column = None if place is None else self._left + place
        self.post_message(
            self.Picked(
                column if column is not None and column < skills else None,
                layer if layer is not None and layer < len(picture.layers) else None,
            )
        )


def _scrolled(first: int, at: int, fits: int, count: int) -> int:
    """The first of `count` things that is shown, where `fits` are and `at` must be among them."""
    first = min(max(first, at - fits + 1), at)
    return max(0, min(first, count - fits))


def _label(layer: LayerChange, room: int = 1000) -> str:
    """Name and shape of a layer in `room` columns; the end of a name is kept."""
    name = layer.name.removesuffix(".weight")
    whole = f"{name}  {' x '.join(map(str, layer.shape))}"
    return whole if len(whole) <= room else fit_end(name, room)


def _amount(layer: LayerChange, norm: float) -> float:
    share = layer.relative(norm)
    return norm if share is None else share


def _share_text(layer: LayerChange, norm: float) -> str:
    """`12.3 %`, or the norm where the base's is not known."""
    share = layer.relative(norm)
    return short(norm) if share is None else percent(share)


def percent(share: float) -> str:
    """`147 %`, `10.7 %`, `0.42 %`, `<0.01 %`."""
    value = 100 * share
    if 0 < value < 0.01:
        return "<0.01 %"
    return f"{value:.3g} %" if value >= 1 else f"{value:.2f} %"

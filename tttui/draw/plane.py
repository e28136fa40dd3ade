"""The plane painted into cells: paths coloured by time or by role, arrows, axes.

`Backdrop` holds what depends on data, window and size; `paint` lays the cursor's view over it,
which is cheap enough for every frame of a replay.
"""

import math
from functools import lru_cache

import numpy as np

from tttui.draw import braille, path, plot, ticks
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import ANSI, Colour, blend, ramp
from tttui.draw.look import HasLook, Look
from tttui.draw.path import Dots, PathFrame, Visits
from tttui.draw.plot_area import ChartLayout
from tttui.draw.tracks import Scene, Track, arrow_rows, head, mark_of, time_stops
from tttui.model.arrays import Ints

LEVELS = 24
"""Colours from the first step of the window to the last."""

FADED = 0.45
"""How much of its colour the oldest part of the path has lost."""

DIMMED = 0.65
"""How much of its colour the part of another path has lost that lies after the cursor."""

TRAIL = 6
"""The trail has faded after this part of the window."""

SHORTEST_TRAIL = 24

FORCE_DOTS = 16
"""Dots from the position to the head of the arrow for an action of FORCE."""

FORCE = 1.0


@lru_cache(maxsize=8)
def shades(stops: tuple[Colour, ...], faint: Colour) -> Ints:
    """Colours [LEVELS, ages] of a path by time and by age, from new to faded."""
    hues = ramp(stops, LEVELS)
    ages = [0.0, 0.25, 0.5, 0.75, 1.0]
    fade = FADED if all(0 <= h < ANSI for h in hues) else 0.0
    table = [[blend(hue, faint, fade * age) for age in ages] for hue in hues]
    return np.array(table, dtype=np.int64)


def arrange(width: int, height: int) -> ChartLayout:
    """Room for the plane first."""
    title = 0 if height >= 3 else -1
    labels = height >= 7
    rows = max(height - (title == 0) - 2 * labels, 0)
    gutter = plot.gutter(width) if width >= 20 else 0
    top = title + 1
    line = top + rows if labels else -1
    return ChartLayout(width, height, gutter, title, top, rows, line, line + 1 if labels else -1)


class Backdrop(HasLook):
    """The painted paths of a window, before a cursor is put on them."""

    def __init__(
        self,
        scene: Scene,
        window: tuple[int, int],
        size: tuple[int, int],
        look: Look,
    ) -> None:
        self.scene, self.window = scene, window
        self.look = look
        self.layout = arrange(*size)
        self.tracks = tuple(track.window(*window) for track in scene.tracks)
        self.frame = self._frame()
        self.canvas = Canvas(size[1], size[0])
        if self.frame is None:
            self._say(scene.message if not self._sampled() else "no finite positions in view")
            return
        self._axes(self.frame)
        drawn = [self._dots(track, self.frame) for track in self.tracks]
        truth, self._t = drawn[0]
        self._visits = Visits(truth, self.frame, len(self._t))
        self._truth = self._pack(truth, self.frame)
        self._others = drawn[1:]
        self._whole = [self._pack(dots, self.frame) for dots, _ in self._others]
        self._inks = shades(time_stops(self.palette), self.palette.faint)

    def _sampled(self) -> bool:
        return any(len(track.t) for track in self.tracks)

    def _frame(self) -> PathFrame | None:
        layout = self.layout
        extents = [e for track in self.tracks if (e := path.extent(track.x, track.y)) is not None]
        if not extents or layout.columns < 2 or layout.rows < 1:
            return None
        low, high = np.min(extents, axis=0), np.max(extents, axis=0)
        around = (float(low[0]), float(high[1]), float(low[2]), float(high[3]))
        braille_cells = self.glyphs.braille
        return PathFrame.around(around, layout.columns, layout.rows, braille=braille_cells)

    def _dots(self, track: Track, frame: PathFrame) -> tuple[Dots, Ints]:
        """The dots of the track (every other few where it is dashed), and the steps of its points,
        of which a long path keeps only some."""
        indices = path.thinned(track.x, track.y)
        t, x, y = track.t, track.x, track.y
        if indices is not None:
            t, x, y = t[indices], x[indices], y[indices]
        dots = path.inside(path.line(*frame.dots(x, y)), frame)
        if track.dash is not None:
            on, off = track.dash
            ok = np.arange(len(dots.column)) % (on + off) < on
            dots = Dots(dots.column[ok], dots.row[ok], dots.point[ok])
        return dots, t

    def _pack(self, dots: Dots, frame: PathFrame) -> Ints:
        """Bit patterns [rows, columns] of the dots (without braille: 1 where there is one)."""
        raster = path.raised(dots, frame)
        return (
            braille.pack(raster).astype(np.uint32) if frame.down == 4 else raster.astype(np.uint32)
        )

    def _axes(self, frame: PathFrame) -> None:
        layout, canvas = self.layout, self.canvas
        palette, glyphs = self.look
        edge = layout.gutter - 1
        if edge >= 0:
            canvas.char[layout.top : layout.top + layout.rows, edge] = ord(glyphs.vertical)
            canvas.ink[layout.top : layout.top + layout.rows, edge] = palette.frame

            def row(y: float) -> int | None:
                return None if (cell := frame.cell(frame.x, y)) is None else cell[0]

            up = ticks.spread(*frame.y_range(), layout.rows // 4, layout.rows, row)
            labels_at = {row(tick.value): tick.label for tick in ticks.narrowed(up, edge)}
            for at, label in labels_at.items():
                if at is not None:
                    canvas.write(layout.top + at, edge - len(label), label, palette.muted)
                    canvas.write(layout.top + at, edge, glyphs.tick_left, palette.frame)
        if layout.line < 0:
            return

        def column(x: float) -> int | None:
            return None if (cell := frame.cell(x, frame.y)) is None else cell[1]

        left = layout.gutter
        ruler = glyphs.corner + glyphs.horizontal * layout.columns
        canvas.write(
            layout.line, max(edge, 0), ruler[-(layout.width - max(edge, 0)) :], palette.frame
        )
        labels = []
        across = layout.columns // 10
        for tick in ticks.spread(*frame.x_range(), across, layout.columns // 6, column):
            at = column(tick.value)
            if at is not None:
                canvas.write(layout.line, left + at, glyphs.tick_down, palette.frame)
                labels.append((at, tick.label))
        for start, text in ticks.placed(labels, layout.columns):
            canvas.write(layout.labels, left + start, text, palette.muted)
        if left > 3:
            canvas.write(layout.labels, left - 4, "y,x", palette.faint)

    def _say(self, text: str) -> None:
        layout = self.layout
        room = layout.width - 2
        words, row, rows = text.split(), 0, []
        while words:
            taken = words.pop(0)
            while words and len(taken) + 1 + len(words[0]) <= room:
                taken += " " + words.pop(0)
            rows.append(fit(taken, room, self.glyphs.ellipsis))
        top = layout.top + max(layout.rows - len(rows), 0) // 2
        for row, line in enumerate(rows):
            self.canvas.write(top + row, 1 + (room - len(line)) // 2, line, self.palette.muted)

    def paint(
        self,
        cursor: int,
        hovered: int | None = None,
        selected: tuple[int, str, Colour] | None = None,
    ) -> Canvas:
        """The plane at step `cursor`; `selected` is a step with its glyph and colour."""
        canvas = Canvas(self.layout.height, self.layout.width)
        for name in ("char", "ink", "paper", "bold"):
            getattr(canvas, name)[...] = getattr(self.canvas, name)
        if self.frame is None:
            return canvas
        on_top = self.tracks[0].role is not None  # else its colours are the time's, below others
        if not on_top:
            self._paint_truth(canvas, cursor)
        for k, track in enumerate(self.tracks[1:]):
            self._paint_other(canvas, k, track, cursor)
        if on_top:
            self._paint_truth(canvas, cursor)
        self._arrows(canvas, cursor)
        self._force(canvas, cursor)
        for track in self.tracks[1:]:
            self._mark(canvas, track, cursor, "o", track.ink(self.palette))
        if selected is not None and self.window[0] <= selected[0] <= self.window[1]:
            t, glyph, ink = selected
            i = self.tracks[0].index(t)
            if i is not None:
                self._put(canvas, self.tracks[0].x[i], self.tracks[0].y[i], glyph, ink)
        if hovered is not None:
            self._mark(canvas, self.tracks[0], hovered, "x", self.palette.text)
        self._mark(canvas, self.tracks[0], cursor, "@", self.palette.cursor)
        return canvas

    def _area(self, grid: np.ndarray) -> np.ndarray:
        layout = self.layout
        return grid[layout.top : layout.top + layout.rows, layout.gutter :]

    def _lay(
        self, canvas: Canvas, bits: Ints, ink: Colour, mark: str = "", *, alone: bool = False
    ) -> None:
        """Paint dots over what is there, keeping the dots of earlier tracks unless `alone`; without
        braille they are marks."""
        where = bits > 0
        char = self._area(canvas.char)
        if self.glyphs.braille:
            braille_cells = (char >= braille.BLANK) & (not alone)
            old = np.where(braille_cells, char - braille.BLANK, 0)
            char[where] = braille.BLANK + (old | bits)[where]
        else:
            char[where] = ord(mark or self.glyphs.curve_marks[1])
        self._area(canvas.ink)[where] = ink

    def _paint_truth(self, canvas: Canvas, cursor: int) -> None:
        bits, ink = self._truth, self.tracks[0].ink(self.palette)
        self._lay(canvas, bits, self.palette.faint, alone=ink is not None)
        if not self.glyphs.braille:
            self._area(canvas.char)[bits > 0] = ord(mark_of(0, self.glyphs))
        t = self._t
        last = self._visits.last(int(np.searchsorted(t, cursor, side="right")) - 1)
        seen = last >= 0
        cells, when = self._visits.cells[seen], t[last[seen]]
        rows, columns = cells // self.layout.columns, cells % self.layout.columns
        if ink is not None:
            self._area(canvas.ink)[rows, columns] = ink
            return
        t0, t1 = self.window
        level = np.rint((when - t0) / max(t1 - t0, 1) * (LEVELS - 1)).astype(np.int64)
        trail = max((t1 - t0) // TRAIL, SHORTEST_TRAIL)
        age = np.clip((cursor - when) * 4 // trail, 0, 4)
        self._area(canvas.ink)[rows, columns] = self._inks[np.clip(level, 0, LEVELS - 1), age]
        self._area(canvas.bold)[rows, columns] = age == 0

    def _paint_other(self, canvas: Canvas, k: int, track: Track, cursor: int) -> None:
        """A path beside the true one: what lies after the cursor is faint, or not there yet."""
        (dots, t), bits = self._others[k], self._whole[k]
        mark = mark_of(k + 1, self.glyphs)
        known = track.ink(self.palette)
        ink = self.palette.text if known is None else known
        past = int(np.searchsorted(dots.point, np.searchsorted(t, cursor, side="right")))
        if past < len(dots.point) and self.frame is not None:
            if track.ahead:
                faint = self.palette.faint
                dim = blend(ink, faint, DIMMED) if 0 <= ink < ANSI else faint
                self._lay(canvas, bits, dim, mark)
            part = Dots(dots.column[:past], dots.row[:past], dots.point[:past])
            bits = self._pack(part, self.frame)
        self._lay(canvas, bits, ink, mark)

    def _arrows(self, canvas: Canvas, cursor: int) -> None:
        """The direction of travel at steps spread evenly over the window."""
        truth, v = self.tracks[0], self.scene.v
        if v is None or len(truth.t) < 2:
            return
        start = int(np.searchsorted(self.scene.tracks[0].t, truth.t[0]))
        t0, t1 = self.window
        hues, own = ramp(time_stops(self.palette), LEVELS), truth.ink(self.palette)
        for i in arrow_rows(len(truth.t)):
            if truth.t[i] > cursor:
                break
            vx, vy = (float(c) for c in v[start + i])
            speed = math.hypot(vx, vy)
            if math.isfinite(speed) and speed > 0:
                level = round((int(truth.t[i]) - t0) / max(t1 - t0, 1) * (LEVELS - 1))
                ink = hues[min(max(level, 0), LEVELS - 1)] if own is None else own
                self._put(canvas, truth.x[i], truth.y[i], head(vx, vy, self.glyphs), ink)

    def _force(self, canvas: Canvas, cursor: int) -> None:
        """The action at the cursor, from the position on."""
        truth, a, frame = self.tracks[0], self.scene.a, self.frame
        i = truth.index(cursor)
        if a is None or i is None or frame is None:
            return
        ax, ay = (float(c) for c in a[int(np.searchsorted(self.scene.tracks[0].t, truth.t[i]))])
        size = math.hypot(ax, ay)
        if not (math.isfinite(size) and size > 0):
            return
        reach = min(size / FORCE, 2.0) * FORCE_DOTS / 2 * frame.per_cell
        ends = np.array([truth.x[i], truth.x[i] + ax / size * reach])
        tops = np.array([truth.y[i], truth.y[i] + ay / size * reach])
        shaft = path.inside(path.line(*frame.dots(ends, tops)), frame)
        bits = self._pack(shaft, frame)
        self._lay(canvas, bits, self.palette.warn)
        self._put(canvas, ends[1], tops[1], head(ax, ay, self.glyphs), self.palette.warn)

    def _mark(self, canvas: Canvas, track: Track, t: int, kind: str, ink: Colour | None) -> None:
        i = track.index(t)
        if i is None:
            return
        glyph = {"@": "●", "o": "○", "x": "×"}[kind] if self.glyphs.braille else kind
        self._put(canvas, track.x[i], track.y[i], glyph, self.palette.text if ink is None else ink)

    def _put(self, canvas: Canvas, x: float, y: float, glyph: str, ink: Colour) -> None:
        cell = self.frame.cell(float(x), float(y)) if self.frame is not None else None
        if cell is not None:
            row, column = self.layout.top + cell[0], self.layout.gutter + cell[1]
            canvas.write(row, column, glyph, ink, bold=True)

    def nearest(self, row: int, column: int) -> int | None:
        """The step of the window's point nearest to a cell of the widget; None without one."""
        if self.frame is None:
            return None
        x, y = self.frame.point(row - self.layout.top, column - self.layout.gutter)
        truth = self.tracks[0]
        with np.errstate(all="ignore"):
            away = np.hypot(truth.x - x, truth.y - y)
        if not np.isfinite(away).any():
            return None
        return int(truth.t[int(np.nanargmin(away))])

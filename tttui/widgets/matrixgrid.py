"""Providers by capabilities as a heatmap: the faster of a column, the stronger its tint."""

import math
from collections.abc import Collection

from rich.cells import cell_len
from textual import events
from textual.message import Message

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.colours import Colour
from tttui.draw.palette import Palette
from tttui.draw.textpaint import ink_on
from tttui.lab.providers.results import EXPIRES_S, Matrix, MatrixCell
from tttui.lab.providers.words import cell_text
from tttui.model.ages import age_text
from tttui.model.dataclass import dataclass
from tttui.widgets.drawn import Drawn

LEAST, MOST = 9, 22
"""Columns of a cell."""

SIGN = 4
"""Columns of a cell that has room for its sign."""

NAMES, FEWER = 20, 14
"""Columns of the names of providers, at most; the second where there is little room."""

NARROW = 100

STEPS = (1.5, 5.0)
"""How much slower than the fastest of its column a cell is where its tint gets weaker."""

SPEEDS = ("fast", "behind", "far behind")

At = tuple[str, str]
"""A provider and one of its capabilities."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the grid: headings (no provider), or a provider, which takes a second one."""

    capabilities: tuple[str, ...]
    provider: str = ""
    height: int = 2


def papers_of(palette: Palette) -> dict[str, Colour | None]:
    """The paper of cells, of the tints on which a text can be read."""
    little, some, much, _, was_bad, bad, worse, _ = palette.tints
    return {
        "": None,
        "fast": much,
        "behind": some,
        "far behind": little,
        "slower": was_bad,
        "fails": bad,
        "failed now": worse,
    }


def ground(palette: Palette) -> Colour:
    """The background of the theme, about."""
    return palette.diverging[len(palette.diverging) // 2]


class MatrixGrid(Drawn):
    """Mark and median latency of every cell, its age below; one cell is selected."""

    high = 2
    """Lines of a provider."""
    least = LEAST

    class Picked(Message):
        """Somebody clicked on a cell; `again` where it was the selected one."""

        def __init__(self, at: At, again: bool) -> None:
            super().__init__()
            self.at, self.again = at, again

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._matrix: Matrix | None = None
        self._at: At | None = None
        self._testing: frozenset[At] = frozenset()
        self._now = 0.0
        self._active = True
        self._offset = 0
        self._width = LEAST
        self._left = 0

    def set_matrix(
        self, matrix: Matrix, at: At | None, testing: Collection[At], now: float
    ) -> None:
        """Show this; `testing` are measured just now. Ages follow `now` (Unix seconds)."""
        shown = (matrix, at, frozenset(testing), int(now // 10))
        if shown != (self._matrix, self._at, self._testing, int(self._now // 10)):
            self._matrix, self._at, self._testing, self._now = *shown[:3], now
            self.changed()

    def set_active(self, active: bool) -> None:
        """Whether the keys act here."""
        if active != self._active:
            self._active = active
            self.changed()

    def lines_needed(self, width: int) -> int:
        """Rows that all of it takes in a width."""
        self._measure(width)
        rows = self._rows()
        return sum(row.height for row in rows) + sum(not row.provider for row in rows[1:])

    def moved(self, down: int, right: int) -> At | None:
        """The cell so far from the selected one; the nearest where there is none."""
        rows = [row for row in self._rows() if row.provider]
        if not rows or self._at is None:
            return None
        at = next((i for i, row in enumerate(rows) if row.provider == self._at[0]), 0)
        names = rows[at].capabilities
        column = names.index(self._at[1]) if self._at[1] in names else 0
        row = rows[min(max(at + down, 0), len(rows) - 1)]
        column = min(max(column + right, 0), len(row.capabilities) - 1)
        return row.provider, row.capabilities[column]

    def _rows(self) -> list[_Row]:
        """Headings and providers, those that can do the same together."""
        if self._matrix is None:
            return []
        return [
            row
            for capabilities, names in self._matrix.groups().items()
            for row in (
                _Row(capabilities, height=self._heads(capabilities)),
                *(_Row(capabilities, name, self.high) for name in names),
            )
        ]

    def _heads(self, capabilities: tuple[str, ...]) -> int:
        """Lines of the headings: one where all fit into their columns."""
        return 1 if max(map(cell_len, capabilities), default=0) < self._width else 2

    def _measure(self, width: int) -> None:
        """Fit the columns to a width."""
        if self._matrix is None:
            return
        most = max((len(c) for c in self._matrix.groups()), default=1)
        longest = max(map(cell_len, self._matrix.providers), default=0) + 2
        names = FEWER if width < NARROW else NAMES
        self._left = min(longest, names, max(width - most * self.least, 8))
        self._width = min(max((width - self._left) // most, self.least), MOST)

    def _placed(self) -> list[tuple[int, _Row]]:
        """Every row with its line, the first being 0."""
        placed, line = list[tuple[int, _Row]](), 0
        for i, row in enumerate(self._rows()):
            line += bool(i) and not row.provider
            placed.append((line, row))
            line += row.height
        return placed

    def paint(self, width: int, height: int) -> Canvas:
        self._measure(width)
        canvas, placed = Canvas(height, width), self._placed()
        if self._matrix is None or not placed:
            return canvas
        self._scroll(placed, height)
        for line, row in placed:
            if row.provider:
                self._provider(canvas, line - self._offset, row)
            else:
                self._headings(canvas, line - self._offset, row)
        return canvas

    def _scroll(self, placed: list[tuple[int, _Row]], height: int) -> None:
        """Bring the selected row to the screen, with its headings where there is room."""
        total = placed[-1][0] + placed[-1][1].height
        mine = self._at[0] if self._at else ""
        at = next((line for line, row in placed if row.provider == mine), 0)
        top = max((line for line, row in placed if not row.provider and line <= at), default=0)
        first = top if at + 2 - top <= height else at
        self._offset = min(self._offset, first)
        self._offset = max(self._offset, at + 2 - height)
        self._offset = min(self._offset, max(total - height, 0))

    def _headings(self, canvas: Canvas, line: int, row: _Row) -> None:
        for i, name in enumerate(row.capabilities):
            x, room = self._left + i * self._width, self._width - 1
            head, dash, tail = name.rpartition("-")
            head, tail = ("", name) if cell_len(name) <= room else (head + dash, tail)
            ink = self.palette.accent if self._at and self._at[1] == name else self.palette.muted
            if row.height > 1:
                canvas.write(line, x + 1, fit(head, room, self.glyphs.ellipsis), ink)
            below = line + row.height - 1
            canvas.write(below, x + 1, fit(tail, room, self.glyphs.ellipsis), ink)

    def _provider(self, canvas: Canvas, line: int, row: _Row) -> None:
        matrix, palette = self._matrix, self.palette
        assert matrix is not None
        mine = self._at is not None and self._at[0] == row.provider
        name = fit(row.provider, self._left - 1, self.glyphs.ellipsis)
        canvas.write(line, 0, name, palette.accent if mine else palette.text, bold=True)
        if self.high > 1:
            healthy, _ = matrix.health(row.provider)
            word = {True: "healthy", False: "not healthy", None: ""}[healthy]
            word = fit(word, self._left - 1, self.glyphs.ellipsis)
            canvas.write(line + 1, 0, word, palette.bad if healthy is False else palette.muted)
        for i, capability in enumerate(row.capabilities):
            cell = matrix.cells[row.provider, capability]
            self._cell(canvas, line, self._left + i * self._width, cell)

    def _cell(self, canvas: Canvas, line: int, x: int, cell: MatrixCell) -> None:
        palette, room = self.palette, self._width - 1
        at = (cell.provider, cell.capability)
        paper, ink = self._colours(cell)
        text = cell_text(cell, ascii_only=not self.glyphs.braille)
        newest = cell.newest
        age = "" if newest is None else age_text(newest.time, self._now)
        if cell.newest is not None and cell.expired(EXPIRES_S, self._now):
            age += " old"
        if at in self._testing:
            age = "testing"
        for below, words in enumerate((text, age)[: self.high]):
            if self.high == 1 and cell_len(words) >= room:
                words = text.split(" ")[0] + "!" * bool(cell.mark)
            shown = fit(f" {words}", room, self.glyphs.ellipsis)
            shown += " " * (room - cell_len(shown))
            faint = palette.muted if paper is None else ink
            canvas.write(line + below, x, shown, faint if below else ink, paper, bold=not below)
        if at == self._at:
            for below in range(self.high):
                mark = self.glyphs.play if self._active and not below else self.glyphs.vertical
                canvas.write(line + below, x, mark, palette.accent if paper is None else ink, paper)

    def _colours(self, cell: MatrixCell) -> tuple[Colour | None, Colour]:
        """The paper of a cell, where there is one, and the ink on it."""
        palette = self.palette
        inks = {"works": palette.text, "fails": palette.bad, None: palette.muted}
        ink = palette.warn if cell.mark else inks.get(cell.status, palette.muted)
        if not palette.tinted or not palette.tints:
            return None, ink
        papers = papers_of(palette)
        paper = papers[self._level(cell)]
        return (
            (None, ink) if paper is None else (paper, ink_on(paper, palette.text, ground(palette)))
        )

    def _level(self, cell: MatrixCell) -> str:
        """Which paper a cell has."""
        if cell.status == "fails":
            return "failed now" if cell.mark else "fails"
        if cell.status != "works" or self._matrix is None or cell.newest is None:
            return ""
        if cell.mark:
            return "slower"
        column = [
            c.newest.median_s
            for c in self._matrix.cells.values()
            if c.capability == cell.capability and c.newest is not None and c.newest.median_s
        ]
        behind = (cell.newest.median_s or math.inf) / min(column, default=1.0)
        return SPEEDS[sum(behind > step for step in STEPS)]

    def on_click(self, event: events.Click) -> None:
        line = event.y + self._offset
        for first, row in self._placed():
            column = (event.x - self._left) // self._width
            inside = first <= line < first + row.height and event.x >= self._left
            if row.provider and inside and column < len(row.capabilities):
                at = (row.provider, row.capabilities[column])
                self.post_message(self.Picked(at, at == self._at))


class MatrixMap(MatrixGrid):
    """The same in small, under a title: a line a provider, without ages and without a cursor."""

    DEFAULT_CSS = "MatrixMap { height: auto; }"
    high, least = 1, SIGN

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_active(False)

    def rows_in(self, width: int) -> int:
        """Rows that all of it takes in a width."""
        return 1 + self.lines_needed(width) if self._rows() else 3

    def _heads(self, capabilities: tuple[str, ...]) -> int:
        """The names take turns where one line has no room for all."""
        longest = max(map(cell_len, capabilities), default=0)
        return min(-(-(longest + 1) // self._width), 3)

    def _headings(self, canvas: Canvas, line: int, row: _Row) -> None:
        for i, name in enumerate(row.capabilities):
            text = fit(name, row.height * self._width - 1, "")
            x = self._left + i * self._width + 1
            canvas.write(line + i % row.height, x, text, self.palette.muted)

    def paint(self, width: int, height: int) -> Canvas:
        canvas, palette = Canvas(height, width), self.palette
        title = f"{self.glyphs.play} Capabilities" if self._active else "Capabilities"
        ink = palette.accent if self._active else palette.text
        end = canvas.write(0, 0, title, ink, bold=True) + 2
        matrix = self._matrix
        if matrix is not None and not any(cell.newest for cell in matrix.cells.values()):
            text = fit("never tested (Matrix, t)", width - end, self.glyphs.ellipsis)
            canvas.write(0, end, text, palette.muted)
        if height > 1:
            below = super().paint(width, height - 1)
            for name in ("char", "ink", "paper", "bold"):
                getattr(canvas, name)[1:] = getattr(below, name)
        return canvas

    def on_click(self, event: events.Click) -> None:
        """A cell is looked at in the matrix itself."""

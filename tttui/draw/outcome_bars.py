"""Outcomes of transactions: counts by status as bars, and stacked in bins along time."""

from collections.abc import Callable

import numpy as np
from rich.cells import cell_len

from tttui.draw import axes, bars, plot
from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, padded
from tttui.draw.glyphs import SEVERITY
from tttui.draw.look import Look
from tttui.draw.marks import Marks
from tttui.draw.numbers import count as grouped
from tttui.draw.plot import Bar, BarPlot
from tttui.draw.reading import status_words
from tttui.model.arrays import Ints
from tttui.model.dataclass import dataclass
from tttui.model.text import visible
from tttui.model.transactions import COMMIT

PER_BIN = 4
"""Transactions that a bin should hold on average, so that the shares in it mean something."""

WIDEST = 8
"""Columns of a bin at most."""

LABELLED = 5
"""Rows from which the stacks have their steps below them."""


def ranked(marks: Marks) -> list[str]:
    """The statuses that occur: commits, then the others, the most frequent first."""
    counts, commit = marks.counts(), marks.statuses[COMMIT]
    rolled = sorted((name for name in counts if name != commit), key=lambda name: -counts[name])
    return [name for name in (commit, *rolled) if name in counts]


def outcome_plot(marks: Marks, look: Look) -> BarPlot:
    """How many transactions ended how, each with its share of all."""
    counts = marks.counts()
    total = sum(counts.values())
    shown = tuple(
        Bar(
            status_words(name, look.glyphs),
            counts[name],
            f"{100 * counts[name] / total:.0f} %",
            status=name,
        )
        for name in ranked(marks)
    )
    title = f"{grouped(total)} transaction{'s' * (total != 1)}"
    return BarPlot(title, shown, (0.0, float(total)))


def reasons(
    marks: Marks,
    size: tuple[int, int],
    look: Look,
    message: str,
    pointed: str | None = None,
) -> Canvas:
    """A bar for every status that occurs, with its count and its share of all transactions.

    `pointed` is the one that keys point at.
    """
    palette, glyphs = look
    width, height = size
    canvas = Canvas(height, width)
    shown = outcome_plot(marks, look)
    title = shown.title
    if pointed is not None:
        title = f"{glyphs.play} {title}"
        hints = (", enter shows only one kind", ", enter filters", "")
        title += next(hint for hint in hints if len(title + hint) <= width or not hint)
    canvas.write(0, 0, fit(title, width, glyphs.ellipsis), palette.text, bold=pointed is not None)
    if not shown.bars:
        canvas.write(1, 0, fit(message, width, glyphs.ellipsis), palette.muted)
        return canvas
    numbers = [grouped(int(bar.value)) for bar in shown.bars]
    digits = max(map(len, numbers))
    longest = max(cell_len(visible(bar.name)) for bar in shown.bars)
    label = min(longest, max(width - digits - 15, 4))
    room = width - label - digits - 11
    passed = None
    if marks.shown is not None:
        passed = np.bincount(marks.status[marks.shown], minlength=len(marks.statuses)) > 0
    for row, (bar, number) in enumerate(zip(shown.bars[: height - 1], numbers, strict=False), 1):
        ink = bar.ink(palette)
        hidden = passed is not None and not passed[marks.statuses.index(bar.status)]
        text = palette.faint if hidden else palette.text
        end = canvas.write(row, 0, glyphs.status(bar.status) + " ", ink, bold=not hidden)
        if bar.status == pointed:
            canvas.write(row, end - 1, glyphs.play, palette.accent, bold=True)
        end = canvas.write(row, end, padded(fit(bar.name, label, glyphs.ellipsis), label), text)
        end = canvas.write(row, end + 1, number.rjust(digits), text, bold=not hidden)
        end = canvas.write(row, end, f"{bar.text:>7} ", palette.muted)
        if room > 2:
            bars.bar(canvas, (row, end, room), shown.share(bar), ink, palette.faint, glyphs)
    if len(shown.bars) > height - 1 >= 1:
        left_out = len(shown.bars) - (height - 1)
        canvas.write(0, width - 8, f"+{left_out} more"[:8], palette.muted)
    return canvas


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Transactions [bins, statuses] in bins of `width` columns of a time axis, from the left."""

    width: int
    counts: Ints

    @property
    def most(self) -> int:
        """Transactions in the fullest bin."""
        return int(self.counts.sum(axis=1).max(initial=0))


def binned(marks: Marks, axis: TimeAxis) -> Bins:
    """The shown transactions of the window, in bins wide enough to hold PER_BIN on average."""
    i, j = np.searchsorted(marks.t, axis.t0), np.searchsorted(marks.t, axis.t1, side="right")
    t, status = marks.t[i:j], marks.status[i:j]
    if marks.shown is not None:
        t, status = t[marks.shown[i:j]], status[marks.shown[i:j]]
    kinds = len(marks.statuses)
    if axis.width < 2:
        return Bins(1, np.zeros((0, kinds), dtype=np.int64))
    wide = min(max(2, -(-PER_BIN * axis.width // max(len(t), 1))), WIDEST)
    n = -(-axis.width // wide)
    column = np.clip(axis.cell(t), 0, axis.width - 1) // wide
    counts = np.bincount(column * kinds + status, minlength=n * kinds).reshape(n, kinds)
    return Bins(wide, counts)


def rows_wanted(marks: Marks, window: tuple[int, int], width: int) -> int:
    """Rows in which `over_time` has a sign for every transaction of a window of steps."""
    axis = TimeAxis(*window, max(width - plot.gutter(width), 0))
    return max(binned(marks, axis).most + 2, LABELLED)


def over_time(
    marks: Marks,
    axis: TimeAxis,
    left: int,
    size: tuple[int, int],
    look: Look,
) -> Canvas:
    """Bins along the axis as stacks of status glyphs, commits at the bottom; the scale beside.

    A glyph stands for one transaction. Where the fullest bin has more than there are rows, a row
    as wide as the bin stands for several, and every status that occurs in a bin still has a row
    as long as there are any.
    """
    palette, glyphs = look
    width, height = size
    canvas = Canvas(height, width)
    bins = binned(marks, axis)
    labelled = height >= LABELLED
    top, rows = 1, height - labelled - 1
    if rows < 1:
        return canvas
    per = max(1, -(-bins.most // rows))
    full = min(max(-(-bins.most // per), 1), rows)
    bottom = top + full
    titles = ("transactions over time", "over time", "")
    title = next(text for text in titles if len(text) <= max(width - left, 0))
    canvas.write(0, left, title, palette.text, bold=True)
    if labelled:
        axes.steps(canvas, axis, left, (-1, bottom), look)
    if per > 1:
        note = f"  a row is {per} transactions"
        if left + len(title) + len(note) <= width:
            canvas.write(0, left + len(title), note, palette.muted)
    for row in range(top, bottom):
        canvas.write(row, left - 1, glyphs.vertical, palette.frame)
    canvas.write(top, 0, str(bins.most).rjust(left - 1), palette.muted)
    if full > 1:
        canvas.write(bottom - 1, 0, str(per).rjust(left - 1), palette.muted)
    order = stack_order(marks)
    kinds = np.full((full, len(bins.counts)), -1)
    for b in np.flatnonzero(bins.counts.sum(axis=1)):
        units = stacked(bins.counts[b][order], per, full)
        column = np.repeat(order, np.array(units))[:full]
        kinds[full - len(column) :, b] = column[::-1]
    room = width - left
    cells = np.repeat(kinds, bins.width, axis=1)[:, :room]
    if per == 1:
        middle = np.arange(cells.shape[1]) % bins.width == (bins.width - 1) // 2
        cells[:, ~middle] = -1
    else:
        cells[:, bins.width - 1 :: bins.width] = -1  # between the bins
    drawn = cells >= 0
    signs = np.array([ord(glyphs.status(name)) for name in marks.statuses], dtype=np.uint32)
    inks = np.array([palette.status(name) for name in marks.statuses])
    part = (slice(top, bottom), slice(left, left + cells.shape[1]))
    canvas.char[part][drawn] = signs[cells[drawn]]
    canvas.ink[part][drawn] = inks[cells[drawn]]
    return canvas


def stacked(counts: Ints, per: int, rows: int) -> list[int]:
    """Cells of each status in a stack of at most `rows`: rounded, but none that occurs is lost."""
    cells = np.where(counts > 0, np.maximum(np.rint(counts / per), 1), 0).astype(int)
    while cells.sum() > rows and cells.max() > 1:
        cells[int(np.argmax(cells))] -= 1
    return [int(n) for n in cells]


def stack_order(marks: Marks) -> list[int]:
    """The numbers of the statuses from the bottom of a stack: commits, then the mildest."""
    return [COMMIT, *sorted(set(range(len(marks.statuses))) - {COMMIT}, key=_mildness(marks))]


def _mildness(marks: Marks) -> Callable[[int], int]:
    """A sorting key for status numbers: mild reasons first, so that they lie lower."""

    def key(kind: int) -> int:
        name = marks.statuses[kind]
        return -SEVERITY.index(name) if name in SEVERITY else 1

    return key

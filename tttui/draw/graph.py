"""Transactions as a graph along time: commits on one line, rolled-back transactions as stubs.

Commits that were undone lie on a branch below the line: it leaves at the step whose weights were
restored, and ends where that happened.
"""

from collections.abc import Sequence

import numpy as np

from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.look import Look
from tttui.draw.marks import CROWDED, Lane, Marks, lane, signs
from tttui.draw.reading import Part, status_words
from tttui.model.dataclass import dataclass
from tttui.model.transactions import COMMIT, STATUSES, UNDONE

LIVE = "rollback_live_regression"


@dataclass(frozen=True, slots=True)
class GraphLayout:
    """Where the parts of the graph lie in a given height; -1 where dropped."""

    totals: int
    main: int
    stubs: tuple[int, ...]
    """Rows of the stubs' ends, from the top."""


def rows(height: int, levels: int) -> GraphLayout:
    """The main line on top, `levels` rows of stubs below it as far as there is room, the totals
    last: they go before the only row of stubs does."""
    totals = height - 1 if height >= 2 + min(levels, 1) else -1
    stubs = max(min(levels, height - 1 - (totals >= 0)), 0)
    return GraphLayout(totals, 0, tuple(range(1, 1 + stubs)))


def levels(marks: Marks) -> int:
    """The rows of stubs that show every kind of outcome apart."""
    return max(_depths(marks, len(marks.statuses)), default=-1) + 1


def height(marks: Marks, most: int) -> int:
    """The rows that the graph needs, `most` at most."""
    return min(2 + levels(marks), most) if len(marks) else 1


def totals(marks: Marks, look: Look, width: int) -> list[Part]:
    """`● 15 commits (2 undone)  ▲ 2 loss  ◆ 1 gradient`, shortened to the width."""
    palette, glyphs = look
    counts = marks.counts()
    if not counts:
        return [("no transactions yet", palette.muted, False)]
    full, brief = list[Part](), list[Part]()
    commit, undone = marks.statuses[COMMIT], counts.get(UNDONE, 0)
    committed = counts.get(commit, 0) + undone
    for name, n in {**({commit: committed} if committed else {}), **counts}.items():
        if name == UNDONE:
            continue
        word, some = status_words(name, glyphs), n
        if name == commit:
            word, some = "commit" if committed == 1 else "commits", committed
            word += f" ({undone} undone)" if undone else ""
        ink = palette.status(name)
        full += [(f"{glyphs.status(name)} ", ink, False), (f"{some} ", palette.text, True)]
        full += [(f"{word}  ", palette.muted, False)]
        brief += [(glyphs.status(name), ink, False), (f"{some} ", palette.text, True)]
        if name == commit and undone:
            brief[-1] = (f"{some}", palette.text, True)
            brief += [(f"({undone}{glyphs.status(UNDONE)}) ", palette.muted, False)]
    return full if sum(len(text) for text, _, _ in full) <= width else brief


def paint(
    marks: Marks,
    axis: TimeAxis,
    left: int,
    size: tuple[int, int],
    look: Look,
    selected: int | None = None,
    label: str = "commits",
) -> Canvas:
    """The graph over the axis, which starts `left` columns in; `size` = (width, height).

    A node stands in its step's column. Where several transactions fall together the gravest of each
    row is shown in bold (of many, a bar of their number), and the selected one always.
    """
    width, high = size
    canvas = Canvas(high, width)
    if not len(marks):
        canvas.spans(0, left, totals(marks, look, width - left))
        return canvas
    place = rows(high, levels(marks))
    picked = ""
    if selected is not None and 0 <= selected < len(marks):
        picked = f"  #{selected + 1} of {len(marks)}  t {int(marks.t[selected])}"
    room = width - left - len(picked)
    if room < 24:
        picked, room = "", width - left
    if place.totals >= 0:
        canvas.spans(place.totals, left, totals(marks, look, room))
        canvas.write(place.totals, width - len(picked), picked, look.palette.text)
    if axis.width < 1 or place.main >= high:
        return canvas
    if left >= 8:
        canvas.write(place.main, left - 8, label, look.palette.muted)
    _paint_edge(canvas, marks, axis, left, place.main, look)
    marked = lane(marks, axis)
    depth = _depths(marks, len(place.stubs))
    for level, row in enumerate(place.stubs):
        kinds = [i for i, d in enumerate(depth) if d == level]
        columns, single = _paint_row(canvas, marked, kinds, left, row, look)
        if not single:
            continue
        ends = {axis.column(t) for _, t in marks.branches}
        stubs = _on_stubs(marked, kinds, {left + end for end in ends if end is not None}, left)
        _paint_stubs(canvas, [c for c in columns if c in stubs], (place.main, row), look)
        if any(marks.statuses[k] == UNDONE and marked.counts[:, k].any() for k in kinds):
            _paint_branches(canvas, marks, axis, left, (place.main, row), look)
    _paint_row(canvas, marked, [COMMIT], left, place.main, look)
    if selected is not None and 0 <= selected < len(marks):
        _paint_selected(canvas, marks, selected, axis, left, place, depth, look)
    return canvas


def _depths(marks: Marks, levels: int) -> list[int]:
    """The stub row of each status: kinds that occur get rows of their own while there are any."""
    depth, used = [-1] * len(marks.statuses), 0
    present = np.bincount(marks.status, minlength=len(marks.statuses)) > 0
    names = list(marks.statuses)
    # what was undone lies on the branch that the live regression ends, next to the line
    nearest = (LIVE, UNDONE) if UNDONE in names else ()
    order = sorted(range(len(names)), key=lambda i: (names[i] not in nearest, i))
    for i in order:
        if i == COMMIT or not present[i] or not levels:
            continue
        if names[i] == UNDONE and depth[STATUSES.index(LIVE)] >= 0:
            depth[i] = depth[STATUSES.index(LIVE)]
            continue
        depth[i] = min(used, levels - 1)
        used += 1
    return depth


def _paint_edge(
    canvas: Canvas,
    marks: Marks,
    axis: TimeAxis,
    left: int,
    row: int,
    look: Look,
) -> None:
    """The line of commits in force: strong up to the last one, faint on (the weights stay)."""
    palette, glyphs = look
    canvas.write(row, left, glyphs.horizontal * axis.width, palette.faint)
    commits = marks.t[marks.status == COMMIT]
    if not len(commits) or commits[0] > axis.t1:
        return
    begin = axis.column(int(commits[0])) or 0
    last = int(commits[-1])
    end = axis.width - 1 if last > axis.t1 else axis.column(last)
    if end is not None:
        name = marks.statuses[COMMIT]
        text = glyphs.edge * (end - begin + 1)
        canvas.write(row, left + begin, text, palette.status(name))


def _paint_row(
    canvas: Canvas,
    marked: Lane,
    kinds: Sequence[int],
    left: int,
    row: int,
    look: Look,
) -> tuple[list[int], bool]:
    """Nodes of some outcomes in one row; returns their columns on the canvas, and whether they
    are drawn as nodes.

    Where columns are crowded, rolled-back transactions are bars: their number in a column, compared
    with the largest number in the row; the glyph then stands left of the row.
    """
    counts = marked.counts[:, list(kinds)].sum(axis=1) if kinds else np.zeros(0, dtype=np.int64)
    gravest = marked.gravest(kinds)
    most = int(counts.max()) if counts.size else 0
    bars = most > CROWDED and COMMIT not in kinds
    columns = np.flatnonzero(counts)
    n = counts[columns]
    codes, inks = signs(marked.statuses, look)
    kind = gravest[columns] if len(columns) else columns
    chars = codes[kind]
    if bars:
        level = np.maximum(1, np.rint(8 * n / most)).astype(np.int64)
        chars = np.array([ord(bar) for bar in look.glyphs.bars])[level]
    canvas.place(row, left + columns, chars, inks[kind], (n > 1) & (not bars))
    if bars and left >= 2:
        name = marked.statuses[kinds[int(marked.counts[:, list(kinds)].sum(axis=0).argmax())]]
        canvas.write(row, left - 2, look.glyphs.status(name), look.palette.status(name))
    return (left + columns).tolist(), not bars


def _on_stubs(marked: Lane, kinds: Sequence[int], ends: set[int], left: int) -> set[int]:
    """The columns on the canvas that hold a transaction of its own, not one of a branch; `ends` are
    the columns where branches end."""
    out = set[int]()
    for kind in kinds:
        name = marked.statuses[kind]
        if name != UNDONE:
            columns = {left + int(c) for c in np.flatnonzero(marked.counts[:, kind])}
            out |= columns - ends if name == LIVE else columns
    return out


def _paint_branches(
    canvas: Canvas,
    marks: Marks,
    axis: TimeAxis,
    left: int,
    between: tuple[int, int],
    look: Look,
) -> None:
    """The branches of commits that were undone, each from the step that was restored."""
    row = between[1]
    for start, end in marks.branches:
        if end < axis.t0 or start > axis.t1:
            continue
        first, last = axis.column(start), axis.column(min(end, axis.t1))
        if last is None:
            continue
        if first is not None:
            _paint_stubs(canvas, [left + first], between, look)
        for at in range(left + (first or 0), left + last + 1):
            if chr(int(canvas.char[row, at])) == " ":
                bend = first is not None and at == left + first
                text = look.glyphs.corner if bend else look.glyphs.horizontal
                canvas.write(row, at, text, look.palette.frame)


def _paint_stubs(
    canvas: Canvas,
    columns: Sequence[int],
    between: tuple[int, int],
    look: Look,
) -> None:
    """The lines from the main row down to the stubs at these columns."""
    palette, glyphs = look
    main, row = between
    for at in columns:
        strong = chr(int(canvas.char[main, at])) == glyphs.edge
        branch = glyphs.stub_top if strong else glyphs.tick_down
        canvas.write(main, at, branch, int(canvas.ink[main, at]))
        for y in range(main + 1, row):
            if chr(int(canvas.char[y, at])) == " ":
                canvas.write(y, at, glyphs.vertical, palette.frame)


def _paint_selected(
    canvas: Canvas,
    marks: Marks,
    selected: int,
    axis: TimeAxis,
    left: int,
    place: GraphLayout,
    depth: list[int],
    look: Look,
) -> None:
    palette, glyphs = look
    status = int(marks.status[selected])
    name, t = marks.statuses[status], int(marks.t[selected])
    row = place.main if status == COMMIT else place.stubs[depth[status]] if place.stubs else -1
    column = axis.column(t)
    if column is None or row < 0:
        return
    paper = palette.selected_paper
    canvas.paper[place.main : row + 1, left + column] = paper
    canvas.write(row, left + column, glyphs.status(name), palette.status(name), paper, bold=True)
    if column > 0:
        canvas.write(row, left + column - 1, "[", palette.text, paper, bold=True)
    if column < axis.width - 1:
        canvas.write(row, left + column + 1, "]", palette.text, paper, bold=True)

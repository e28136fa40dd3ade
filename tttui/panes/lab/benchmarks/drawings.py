"""The ranking with its intervals, and two contenders side by side, as widgets."""

from collections.abc import Sequence

import numpy as np

from tttui.draw import forest
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, wrapped
from tttui.draw.look import Look
from tttui.lab.evaluation.statistics import PairedComparison
from tttui.model.arrays import Floats
from tttui.model.numbers import short
from tttui.store.lab.benchmarks import Benchmarks
from tttui.widgets.drawn import Drawn

WIDEST = 8
"""Columns of a bar of differences at most."""

LOSSES = 9
"""Rows from which the losses of both stand below the bars."""


class Ranking(Drawn):
    """A forest plot of the contenders against the first one."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._contest, self._at, self._active = Benchmarks(), 0, False

    def show(self, contest: Benchmarks, at: int, *, active: bool) -> None:
        """Draw a ranking with one contender chosen; nothing happens where it is drawn already."""
        if (contest, at, active) != (self._contest, self._at, self._active):
            self._contest, self._at, self._active = contest, at, active
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        palette, glyphs = self.look
        canvas = Canvas(height, width)
        contest = self._contest
        mark = f"{glyphs.play} " if self._active else ""
        ink = palette.accent if self._active else palette.text
        if contest.results is None:
            canvas.write(0, 0, fit(f"{mark}Ranking", width, glyphs.ellipsis), ink, bold=True)
            why = contest.progress or "no benchmark is chosen"
            for y, line in enumerate(wrapped(f"{why}; no interval before all are", width), 1):
                canvas.write(y, 0, line, palette.muted)
            return canvas
        title = (
            f"{mark}Ranking by {self._by(contest)}, {contest.results['streams']} {_what(contest)}"
        )
        canvas.write(0, 0, fit(title, width, glyphs.ellipsis), ink, bold=True)
        rows = forest_rows(contest)
        room = (width, max(height - 1, 0))
        unit = str(contest.results.get("unit", ""))
        scale = forest.DifferenceScale(
            not unit, unit, "loss" if _what(contest) == "streams" else "seconds"
        )
        inner = forest.paint(rows, room, self.look, scale, self._at)
        for grid in ("char", "ink", "paper", "bold"):
            getattr(canvas, grid)[1:] = getattr(inner, grid)
        used = 1 + forest.rows_needed(len(rows))
        for y, line in enumerate(wrapped(str(contest.results["verdict"]), width), used + 1):
            canvas.write(y, 0, line, palette.accent, bold=True)
        return canvas

    @staticmethod
    def _by(contest: Benchmarks) -> str:
        assert contest.results is not None
        if "prompts" in contest.results:
            return "the latency to the first token"
        where = "the last 100 steps" if contest.results.get("by") == "last" else "the whole stream"
        return f"{contest.results.get('loss', 'the loss')} of {where}"


class ContenderPair(Drawn):
    """The difference of two contenders on every stream, with what follows from it."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._contest, self._pair, self._active = Benchmarks(), (0, 1), False

    def show(self, contest: Benchmarks, pair: tuple[int, int], *, active: bool) -> None:
        """Draw a pair of contenders by their places in the ranking."""
        if (contest, pair, active) != (self._contest, self._pair, self._active):
            self._contest, self._pair, self._active = contest, pair, active
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        palette, glyphs = self.look
        canvas = Canvas(height, width)
        contest, (i, j) = self._contest, self._pair
        mark = f"{glyphs.play} " if self._active else ""
        ink = palette.accent if self._active else palette.text
        if (i, j) not in contest.compared:
            title = fit(f"{mark}Side by side", width, glyphs.ellipsis)
            canvas.write(0, 0, title, ink, bold=True)
            return canvas
        names = [str(contest.contenders[k]["name"]) for k in (i, j)]
        compared = contest.compared[i, j]
        title = fit(f"{mark}{names[0]} against {names[1]}", width, glyphs.ellipsis)
        canvas.write(0, 0, title, ink, bold=True)
        lines = wrapped(compared.verdict(names[0], names[1], _what(contest)), width)
        for y, line in enumerate(lines[: max(height - 4, 1)], 1):
            canvas.write(y, 0, line, palette.text)
        top = 1 + len(lines)
        ends = _ends(_differences(contest, i, j, compared), compared)
        notes = [f"one bar a {_one(contest)}, the best first: {ends}"]
        if height - top >= LOSSES:
            notes += [
                f"losses of {names[k]} {_spread(contest.values[at])}" for k, at in enumerate((i, j))
            ]
        below = [line for text in notes for line in wrapped(text, width)]
        room = height - top - len(below)
        if room >= 2:
            inner = _difference_bars(
                _differences(contest, i, j, compared), (width, room), self.look
            )
            for grid in ("char", "ink", "paper", "bold"):
                getattr(canvas, grid)[top : top + room] = getattr(inner, grid)
        for y, line in enumerate(below, max(height - len(below), top)):
            canvas.write(y, 0, line, palette.muted)
        return canvas


def forest_rows(contest: Benchmarks) -> list[forest.ForestRow]:
    """The contenders as rows, each against the first of the ranking."""
    rows = []
    for i, one in enumerate(contest.contenders):
        values = contest.values[i]
        finite = values[np.isfinite(values)]
        middle = float(np.median(finite)) if len(finite) * 2 > len(values) else None
        compared = contest.compared.get((i, 0))
        if compared is None:
            rows.append(
                forest.ForestRow(one["name"], one["rank"], forest.value_text(middle), itself=True)
            )
            continue
        between = compared.interval
        differs = compared.outcome in ("better", "worse")
        rows.append(
            forest.ForestRow(
                str(one["name"]),
                int(one["rank"]),
                forest.value_text(middle),
                between.estimate,
                between.low,
                between.high,
                compared.amount if differs else "no difference",
            )
        )
    return rows


def _what(contest: Benchmarks) -> str:
    return "prompts" if contest.results is not None and "prompts" in contest.results else "streams"


def _one(contest: Benchmarks) -> str:
    return _what(contest)[:-1]


def _differences(contest: Benchmarks, i: int, j: int, compared: PairedComparison) -> Floats:
    """Of each stream: positive where the first is better."""
    a, b = (np.where(np.isfinite(contest.values[k]), contest.values[k], np.inf) for k in (i, j))
    with np.errstate(all="ignore"):
        better = np.log(b) - np.log(a) if compared.ratio else b - a
    return np.where(a == b, 0.0, better)


def _ends(values: Floats, compared: PairedComparison) -> str:
    """`from 12 % better to 3 % worse`."""
    from dataclasses import replace

    texts = [
        replace(compared, interval=replace(compared.interval, estimate=float(v))).amount
        for v in (np.nanmax(values), np.nanmin(values))
    ]
    return f"from {texts[0]} to {texts[1]}"


def _spread(values: Floats) -> str:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "diverged everywhere"
    worst = float(finite.max()) if len(finite) == len(values) else None
    top = "diverged" if worst is None else short(worst)
    return f"{short(float(finite.min()))} to {top}, median {short(float(np.median(finite)))}"


def chosen_pair(n: int, at: int, other: int) -> tuple[int, int]:
    """The contender at a place and another one, `other` places after the first that is not it."""
    others: Sequence[int] = [k for k in range(n) if k != at]
    return (at, others[other % len(others)]) if others else (at, at)


def _difference_bars(differences: Floats, size: tuple[int, int], look: Look) -> Canvas:
    """Bars of differences [n], the best first; positive is better. size is (width, height).

    Where there are more than columns, a column shows the middle one of its share.
    """
    width, height = size
    palette, glyphs = look
    canvas = Canvas(height, width)
    ordered = np.sort(differences[~np.isnan(differences)])[::-1]
    if not len(ordered) or height < 2 or width < 4:
        return canvas
    finite = np.abs(ordered[np.isfinite(ordered)])
    most = float(finite.max()) if len(finite) and finite.max() > 0 else 1.0
    shown = np.clip(ordered, -most, most) / most
    if len(shown) > width:
        shown = shown[((np.arange(width) + 0.5) * len(shown) / width).astype(np.int64)]
    each = max(1, min(width // len(shown), WIDEST))
    up = float(max(shown.max(), 0.0))
    down = float(max(-shown.min(), 0.0))
    above = round((height - 1) * up / (up + down)) if up + down else height // 2
    above = min(max(above, int(up > 0)), height - 1 - int(down > 0))
    below = height - 1 - above
    canvas.write(above, 0, glyphs.horizontal * width, palette.frame)
    gap = int(each > 2)
    for i, share in enumerate(shown.tolist()):
        bar = each - gap
        column = i * each
        if share > 0:
            eighths = max(round(share / up * above * 8), 1)
            whole, rest = divmod(eighths, 8)
            for k in range(whole):
                canvas.write(above - 1 - k, column, glyphs.bars[8] * bar, palette.good)
            if rest and whole < above:
                canvas.write(above - 1 - whole, column, glyphs.bars[rest] * bar, palette.good)
        elif share < 0:
            halves = max(round(-share / down * below * 2), 1)
            whole, rest = divmod(halves, 2)
            for k in range(whole):
                canvas.write(above + 1 + k, column, glyphs.bars[8] * bar, palette.bad)
            if rest and whole < below:
                half = "▀" if glyphs.braille else glyphs.bars[4]
                canvas.write(above + 1 + whole, column, half * bar, palette.bad)
    return canvas

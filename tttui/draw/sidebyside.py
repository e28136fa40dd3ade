"""Several sessions beside each other: bars of their numbers, and their settings."""

import math
from collections.abc import Sequence

from tttui.draw import bars
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, padded
from tttui.draw.colours import Colour
from tttui.draw.look import Look
from tttui.draw.names import shortened
from tttui.draw.numbers import choose, count, count_forms, decade, short, within
from tttui.draw.palette import Palette
from tttui.draw.plot import Bar, BarPlot
from tttui.model.compare import IMPROVEMENT, Comparison, Metric

BAR = 20
"""Columns of a bar where the names leave the room."""

SPREAD = 50.0
"""Values that spread over more than this factor have logarithmic bars."""


def ink(i: int, palette: Palette) -> Colour:
    """The colour of session i in every part of the comparison."""
    return palette.series[i % len(palette.series)]


def metric_bars(comparison: Comparison, size: tuple[int, int], look: Look) -> Canvas:
    """Every metric with a bar a session; those for which there is no room as a table below.

    The best is marked with `*`. A metric without any value is left out.
    """
    width, height = size
    canvas = Canvas(height, width)
    known = [m for m in comparison.metrics if any(value is not None for value in m.values)]
    metrics = sorted(known, key=lambda m: bool(m.units))
    block, most = len(comparison.names) + 1, len(barred(metrics))
    k = next((k for k in range(most, 0, -1) if _rows(k, metrics, block) <= height), 0)
    spaced = height >= _rows(k, metrics, block) + k and k == len(metrics)
    row = 0
    for metric in metrics[:k]:
        _bars(canvas, row, comparison.names, metric, look)
        row += block + spaced
    if metrics[k:]:
        _table(canvas, row, comparison.names, metrics[k:], look)
    return canvas


def _rows(k: int, metrics: Sequence[Metric], block: int) -> int:
    """Rows that k metrics as bars and the others as a table take."""
    left = len(metrics) - k
    return k * block + (left + 1 if left else 0)


def _bars(
    canvas: Canvas,
    row: int,
    names: Sequence[str],
    metric: Metric,
    look: Look,
) -> None:
    palette, glyphs = look
    width, dots = canvas.columns, glyphs.ellipsis
    shown = metric_plot(names, metric)
    end = canvas.write(row, 0, fit(shown.title, width, dots), palette.text, bold=True)
    if shown.note:
        canvas.write(row, end, fit(f"  {shown.note}", width - end, dots), palette.muted)
    texts = [("*" if shown.best == i else " ") + bar.text for i, bar in enumerate(shown.bars)]
    numbers = max(map(len, texts))
    label = min(max(map(len, names)) + 3, max(width - numbers - BAR, width // 3, 6))
    short_names = shortened(names, label - 3, dots)
    room = width - label - numbers - 1
    for i, bar in enumerate(shown.bars):
        at = row + 1 + i
        canvas.write(at, 0, f"{i + 1} {short_names[i]}", ink(i, palette))
        if room > 3:
            place = (at, label, room)
            bars.bar(canvas, place, shown.share(bar), bar.ink(palette), palette.faint, glyphs)
        text = texts[i].rjust(numbers)
        canvas.write(at, width - numbers, text, palette.text, bold=shown.best == i)


def metric_plot(names: Sequence[str], metric: Metric) -> BarPlot:
    """A metric with a bar a session.

    An improvement fills the bar with 100 % in either direction. Of errors that spread much, the
    bars are logarithmic, from the power of ten below the smallest to that above the largest.
    """
    title = f"{metric.name}{f' ({metric.unit})' if metric.unit else ''}"
    values = [math.nan if v is None or not math.isfinite(v) else v for v in metric.values]
    sizes = [abs(v) for v in values if v]
    known = [size for size in sizes if size > 0]
    ends, scale = (0.0, max(known, default=1.0)), ""
    if metric.unit == "%":
        ends = (0.0, 100.0)
    elif known and max(known) > SPREAD * min(known):
        low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
        low -= 10.0**low == min(known)  # the smallest has a bar too
        ends, scale = (10.0**low, 10.0**high), f"log scale, {decade(low)} to {decade(high)}"
    notes = (f"{metric.better} is better" * bool(metric.better), scale)
    shown = tuple(
        Bar(
            name,
            value,
            metric_text(metric, i),
            i,
            bad=metric.name == IMPROVEMENT and (metric.values[i] or 0) < 0,
        )
        for i, (name, value) in enumerate(zip(names, values, strict=True))
    )
    return BarPlot(title, shown, ends, note=", ".join(filter(None, notes)), best=metric.best)


def barred(metrics: Sequence[Metric]) -> list[Metric]:
    """Those that have bars: of values of different units no lengths compare."""
    return [m for m in metrics if not m.units and any(value is not None for value in m.values)]


def _table(
    canvas: Canvas,
    row: int,
    names: Sequence[str],
    metrics: Sequence[Metric],
    look: Look,
) -> None:
    """A row a metric, a column a session."""
    palette, glyphs = look
    dots = glyphs.ellipsis
    titles = [f"{m.name}{f' ({m.unit})' if m.unit else ''}" for m in metrics]
    label, wide, heads = _columns(canvas.columns, names, titles, dots)
    labels = shortened(titles, label - 1, dots)
    for i, head in enumerate(heads):
        canvas.write(row, label + i * wide, padded(head, wide - 1, right=True), ink(i, palette))
    for k, metric in enumerate(metrics, 1):
        if row + k == canvas.rows - 1 and k < len(metrics):
            more = f"and {len(metrics) - k + 1} more"
            canvas.write(row + k, 0, fit(more, canvas.columns, dots), palette.muted)
            return
        canvas.write(row + k, 0, labels[k - 1], palette.muted)
        for i in range(len(names)):
            best = metric.best == i
            text = ("*" if best else "") + _number(metric, i, wide - 1 - best)
            text = padded(fit(text, wide - 1, dots), wide - 1, right=True)
            canvas.write(row + k, label + i * wide, text, palette.text, bold=best)


def _columns(
    width: int, names: Sequence[str], labels: Sequence[str], ellipsis: str, longest: int = 13
) -> tuple[int, int, list[str]]:
    """Width of the labels, width of a session's column of texts up to so long, and the heads of
    these columns."""
    n = len(names)
    label = min(max(map(len, labels)) + 1, max(width // 3, width - 10 * n))
    wide = max(min((width - label) // n, longest + 1), 4)
    heads = shortened(names, max(wide - 3 - len(str(n)), 1), ellipsis)
    return label, wide, [f"{i + 1} {head}" for i, head in enumerate(heads)]


def _number(metric: Metric, i: int, width: int) -> str:
    """The value of session i with as many digits as `width` columns have."""
    value = metric.values[i]
    if metric.name == IMPROVEMENT:
        forms_of = [metric.words(j) for j in range(len(metric.values))]
        if all(len(forms[-1]) < width for forms in forms_of) or forms_of[i] == ("-",):
            return choose(forms_of[i], width)
        return f"{value:+.0f}"  # the title says of what it is the percentage
    if metric.whole and value is not None:
        return choose(count_forms(int(value)), width)
    unit = f" {metric.units[i]}" if metric.units and value is not None else ""
    full = f"{short(value)}{unit}"
    return full if unit and len(full) <= width else within(value, width)


def metric_text(metric: Metric, i: int) -> str:
    """The value of session i; an improvement with its direction in a word."""
    value = metric.values[i]
    if metric.whole and value is not None:
        return count(int(value))
    if metric.name != IMPROVEMENT or value is None:
        unit = f" {metric.units[i]}" if metric.units and value is not None else ""
        return f"{short(value)}{unit}"
    return metric.words(i)[0]


def settings_table(comparison: Comparison, size: tuple[int, int], look: Look) -> Canvas:
    """What differs in the settings, a row a setting and a column a session."""
    palette, glyphs = look
    width, height = size
    canvas = Canvas(height, width)
    dots = glyphs.ellipsis
    if not comparison.differences:
        canvas.write(0, 0, fit("All recorded settings are the same.", width, dots), palette.muted)
        return canvas
    shown = comparison.differences
    names = ["differs", *(d.name for d in shown)]
    longest = max(13, *(len(value) for d in shown for value in d.values))
    label, wide, heads = _columns(width, comparison.names, names, dots, longest)
    canvas.write(0, 0, "differs", palette.text, bold=True)
    for i, head in enumerate(heads):
        canvas.write(0, label + i * wide, head, ink(i, palette))
    if len(shown) > height - 1:
        shown = shown[: max(height - 2, 0)]
        more = f"and {len(comparison.differences) - len(shown)} more"
        canvas.write(height - 1, 0, fit(more, width, dots), palette.muted)
    for row, setting in enumerate(shown, 1):
        canvas.write(row, 0, fit(setting.name, label - 1, dots), palette.muted)
        for i, value in enumerate(setting.values):
            # what is not the first session's is what one looks for
            other = value != setting.values[0]
            colour = palette.warn if other else palette.text
            canvas.write(row, label + i * wide, fit(value, wide - 1, dots), colour, bold=other)
    return canvas

"""Several sessions beside each other: bars of their numbers, their settings, their transfer."""

import numpy as np
from rich.cells import cell_len

from tttui.draw import bars
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, padded
from tttui.draw.colours import Colour, blend, ramp
from tttui.draw.glyphs import Glyphs
from tttui.draw.numbers import short
from tttui.draw.palette import Palette
from tttui.model.compare import Comparison, Metric, Transfer
from tttui.model.text import visible
from tttui.model.verdict import percent_text

CELL = 11
"""Columns of one number of the transfer matrix."""


def ink(i: int, palette: Palette) -> Colour:
    """The colour of session i in every part of the comparison."""
    return palette.series[i % len(palette.series)]


def metric_bars(
    found: Comparison, size: tuple[int, int], palette: Palette, glyphs: Glyphs
) -> Canvas:
    """Every metric with a bar a session; the best is marked with `*`."""
    width, height = size
    canvas = Canvas(height, width)
    dots = glyphs.ellipsis
    row, left = 0, len(found.metrics)
    label = min(max(cell_len(visible(name)) for name in found.names) + 2, max(width // 3, 6))
    for metric in found.metrics:
        left -= 1
        if all(value is None for value in metric.values):
            continue
        if row + len(metric.values) + (left > 0) >= height and row:
            more = f"and {left + 1} more"
            canvas.write(min(row, height - 1), 0, fit(more, width, dots), palette.muted)
            break
        title = f"{metric.name}{f' ({metric.unit})' if metric.unit else ''}"
        end = canvas.write(row, 0, fit(title, width, dots), palette.text, bold=True)
        if metric.better:
            canvas.write(row, end, f"  {metric.better} is better"[: width - end], palette.muted)
        row += 1
        shares = _shares(metric)
        for i, value in enumerate(metric.values):
            if row >= height:
                break
            name = padded(fit(f"{i + 1} {found.names[i]}", label, dots), label)
            canvas.write(row, 0, name, ink(i, palette))
            best = metric.best == i
            shown = percent_text(value) if metric.unit == "%" and value else short(value)
            text = ("*" if best else " ") + shown
            room = width - label - 12
            if room > 3:
                colour = ink(i, palette) if (value or 0) >= 0 else palette.bad
                place = (row, label + 1, room)
                bars.bar(canvas, place, shares[i], colour, palette.faint, glyphs)
            canvas.write(row, width - 10, text.rjust(10), palette.text, bold=best)
            row += 1
        row += height > 4 * len(found.metrics) + len(found.names) * len(found.metrics)
    return canvas


def _shares(metric: Metric) -> list[float]:
    """Lengths of the bars, the largest finite magnitude filling the room."""
    sizes = [abs(v) if v is not None and np.isfinite(v) else None for v in metric.values]
    most = max((s for s in sizes if s is not None), default=0.0)
    return [0.0 if s is None or not most else s / most for s in sizes]


def settings_table(
    found: Comparison, size: tuple[int, int], palette: Palette, glyphs: Glyphs
) -> Canvas:
    """What differs in the settings, a row a setting and a column a session."""
    width, height = size
    canvas = Canvas(height, width)
    dots = glyphs.ellipsis
    if not found.differences:
        canvas.write(0, 0, fit("All recorded settings are the same.", width, dots), palette.muted)
        return canvas
    n, shown = len(found.names), found.differences
    label = min(max(len("differs"), *(len(d.name) for d in shown)) + 1, width // 3)
    wide = max(min((width - label) // n, 14), 4)
    canvas.write(0, 0, "differs", palette.text, bold=True)
    for i, name in enumerate(found.names):
        title = fit(f"{i + 1} {name}", wide - 1, dots)
        canvas.write(0, label + i * wide, title, ink(i, palette))
    if len(shown) > height - 1:
        shown = shown[: max(height - 2, 0)]
        more = f"and {len(found.differences) - len(shown)} more"
        canvas.write(height - 1, 0, fit(more, width, dots), palette.muted)
    for row, difference in enumerate(shown, 1):
        canvas.write(row, 0, fit(difference.name, label - 1, dots), palette.muted)
        for i, value in enumerate(difference.values):
            # what is not the first session's is what one looks for
            other = value != difference.values[0]
            colour = palette.warn if other else palette.text
            canvas.write(row, label + i * wide, fit(value, wide - 1, dots), colour, bold=other)
    return canvas


def transfer_map(
    tested: Transfer,
    names: tuple[str, ...],
    size: tuple[int, int],
    palette: Palette,
    glyphs: Glyphs,
) -> Canvas:
    """Rows are weights, columns worlds; a column's best is marked `*`, the diagonal bracketed."""
    width, height = size
    canvas = Canvas(height, width)
    dots = glyphs.ellipsis
    n = len(tested.sessions)
    longest = max(cell_len(visible(names[i])) for i in tested.sessions)
    label = min(max(longest + 4, len("weights of") + 1), max(width - n * CELL, 8))
    canvas.write(0, 0, fit("weights of", label, dots), palette.muted)
    canvas.write(0, label, fit("in the world of", width - label, dots), palette.muted)
    winners = tested.winners
    for j, session in enumerate(tested.sessions):
        title = fit(f"{session + 1} {names[session]}", CELL - 1, dots)
        title = padded(title, CELL - 1, right=True)
        canvas.write(1, label + j * CELL, title, ink(session, palette))
    stops = ramp(palette.sequential, 32) if palette.tinted else ()
    with np.errstate(all="ignore"):
        logs = np.log10(tested.errors)
    for i, session in enumerate(tested.sessions):
        row = i + 2
        name = fit(f"{session + 1} {names[session]}", label - 1, dots)
        canvas.write(row, 0, name, ink(session, palette))
        for j in range(n):
            best = winners[j] == i
            text = short(float(tested.errors[i, j])) + ("*" if best else " ")
            text = f"[{text.strip()}]" if i == j else f" {text}"
            colour, paper = palette.text, None
            if stops:
                paper = stops[round(31 * _badness(logs[:, j], i))]
                colour = contrasting(paper)
            cell = text.rjust(CELL - 1)[: CELL - 1]
            canvas.write(row, label + j * CELL, cell, colour, paper, bold=best)
    return canvas


def _badness(column: np.ndarray[tuple[int, ...], np.dtype[np.float64]], i: int) -> float:
    """Where a row lies between the best (0) and the worst (1) of a column of log errors."""
    known = column[np.isfinite(column)]
    if not np.isfinite(column[i]):
        return 1.0
    low, high = float(known.min()), float(known.max())
    return (float(column[i]) - low) / (high - low) if high > low else 0.0


def contrasting(paper: Colour) -> Colour:
    """Black or white, whichever can be read on a 24-bit colour."""
    red, green, blue = paper >> 16, paper >> 8 & 0xFF, paper & 0xFF
    light = 0.299 * red + 0.587 * green + 0.114 * blue > 140
    return blend(0x000000, 0xFFFFFF, 0.0 if light else 1.0)

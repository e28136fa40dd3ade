"""Paired differences, one a stream, in order of size: bars up where it is better, else down."""

import numpy as np

from tttui.draw.canvas import Canvas
from tttui.draw.look import Look
from tttui.model.arrays import Floats

WIDEST = 8
"""Columns of a bar at most."""


def paint(differences: Floats, size: tuple[int, int], look: Look) -> Canvas:
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

"""A row of bars as text, one character a value, on a logarithmic scale of its own."""

import math
from collections.abc import Sequence

from tttui.draw.glyphs import Glyphs

LEAST_DECADES = 1.0
"""Powers of ten that the height of a bar spans at least, so that noise does not look like news."""


INKED = ".:-=+*#@"
"""Bars without block characters: the more ink, the higher."""


def sparks(values: Sequence[float | None], glyphs: Glyphs) -> str:
    """One character a value; None (not finite) is the mark of a non-finite update.

    Zero and below, which have no logarithm, are the lowest bar.
    """
    logs = [math.log10(v) for v in values if v is not None and v > 0]
    if not logs:
        low, span = 0.0, LEAST_DECADES
    else:
        span = max(max(logs) - min(logs), LEAST_DECADES)
        low = (max(logs) + min(logs) - span) / 2
    return "".join(_bar(value, low, span, glyphs) for value in values)


def paired(values: Sequence[float | None]) -> Sequence[float | None]:
    """Half as many values, counted from the end: the geometric mean of two, None where one is."""
    odd = len(values) % 2
    pairs = zip(values[odd::2], values[odd + 1 :: 2], strict=True)
    return [*values[:odd], *(_mean(a, b) for a, b in pairs)]


def _mean(a: float | None, b: float | None) -> float | None:
    if a is None or b is None:
        return None
    return math.sqrt(a) * math.sqrt(b) if min(a, b) > 0 else max(a, b)


def _bar(value: float | None, low: float, span: float, glyphs: Glyphs) -> str:
    if value is None:
        return glyphs.status("rollback_non_finite")
    bars = glyphs.bars[1:] if glyphs.braille else INKED
    share = (math.log10(value) - low) / span if value > 0 else 0.0
    return bars[round(share * (len(bars) - 1))]

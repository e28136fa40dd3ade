"""Numbers as short texts for axes, cards and tables."""

import math

from tttui.model.numbers import choose, count, count_forms, forms, scientific, short, within

__all__ = [
    "axis",
    "choose",
    "count",
    "count_forms",
    "decade",
    "forms",
    "scientific",
    "short",
    "within",
]


def axis(value: float, step: float) -> str:
    """The label of a tick on a linear axis whose ticks are `step` (above 0) apart.

    Enough decimals to tell neighbouring ticks apart, scientific where that is shorter.
    """
    if value == 0:
        return "0"
    finest = math.floor(math.log10(abs(step)) + 1e-9)
    fixed = f"{value:.{max(0, -finest)}f}"
    if abs(value) >= 1e-3 and len(fixed) <= 7:
        return fixed
    digits = math.floor(math.log10(abs(value)) + 1e-9) - finest + 1
    return scientific(value, min(max(digits, 1), 16))


def decade(exponent: int) -> str:
    """The label of a power of ten on a logarithmic axis: 0.01, 1, 100, 1e-6."""
    return f"{10.0**exponent:g}" if -2 <= exponent <= 3 else f"1e{exponent}"

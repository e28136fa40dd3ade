"""Numbers as short texts for axes, cards and tables."""

import math


def short(value: float | None, digits: int = 3) -> str:
    """A number in few characters: `0.0123`, `12.3`, `2.5e-3`, `6.02e23`, `nan`; None is `-`.

    Fixed notation between 0.01 and 100 000 (exclusive), scientific outside, `digits`
    significant digits in both.
    """
    if value is None:
        return "-"
    if not math.isfinite(value):
        return f"{value}"
    if value == 0:
        return "0"
    size = abs(value)
    if 0.00999999 < size < 99_999.5:
        places = max(0, digits - 1 - math.floor(math.log10(size) + 1e-12))
        return f"{value:.{places}f}"
    return scientific(value, digits)


def scientific(value: float, digits: int = 2) -> str:
    """`2.5e-3`: scientific notation without padding of the exponent."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def percent(ratio: float | None) -> str:
    """A ratio as a signed percentage: 0.123 -> `+12.3 %`; None and NaN are `-`."""
    if ratio is None or math.isnan(ratio):
        return "-"
    value = ratio * 100
    if math.isinf(value):
        return f"{value:+.0f} %"
    size = abs(value)
    places = 0 if size >= 1000 else max(0, 2 - max(0, math.floor(math.log10(size or 1))))
    return f"{value:+.{min(places, 1)}f} %" if size < 1e6 else f"{value:+.1e} %"


def count(n: int) -> str:
    """A whole number with thin groups: 1 234 567."""
    return f"{n:,}".replace(",", " ")


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

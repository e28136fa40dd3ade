"""Numbers as texts that are rounded to the room there is and never cut.

A number has several texts, from the fullest to the shortest (`forms`): with fewer digits, or in
scientific notation. A place of so many cells shows the first one that fits, or a mark where none
does (`choose`), so that no part of a number is ever taken for the number.
"""

import math
import re
from collections.abc import Iterable, Sequence

Forms = Sequence[str]
"""Texts of one thing, from the fullest to the shortest."""

MARK = "…"
"""Stands where not even the shortest text fits."""

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d.]*(?: \d{3}(?!\d))*(?:e[-+]?\d+)?(?![\w])")
"""A number within a text; digits that belong to a name are none."""


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


def count(n: int) -> str:
    """A whole number with thin groups: 1 234 567."""
    return f"{n:,}".replace(",", " ")


def forms(value: float | None, digits: int = 3) -> Forms:
    """The texts of a number, from `digits` significant digits down to one."""
    if value is None or not math.isfinite(value):
        return (short(value),)
    fewer = range(digits, 0, -1)
    return shrinking(write(value, d) for d in fewer for write in (short, scientific))


def count_forms(n: int | None) -> Forms:
    """The texts of a whole number: in groups, without, in scientific notation."""
    if n is None:
        return ("-",)
    return shrinking((count(n), str(n), *(scientific(n, digits) for digits in (3, 2, 1))))


def shrinking(texts: Iterable[str]) -> Forms:
    """Those of the texts that are shorter than all before them."""
    forms: list[str] = []
    for text in texts:
        if not forms or len(text) < len(forms[-1]):
            forms.append(text)
    return tuple(forms)


def choose(texts: Forms, cells: int, mark: str = MARK) -> str:
    """The first of the texts that fits whole into so many cells; the mark where none does."""
    fitting = (text for text in texts if len(text) <= cells)
    return next(fitting, mark[: max(cells, 0)])


def within(value: float | None, cells: int, digits: int = 3, mark: str = MARK) -> str:
    """A number in at most so many cells, with fewer digits where there is little room."""
    return choose(forms(value, digits), cells, mark)


def whole_until(text: str, end: int) -> int:
    """The largest index up to `end` at which a text can end without cutting a number."""
    for number in _NUMBER.finditer(text):
        if number.start() < end < number.end():
            return number.start()
    return end


def clipped(text: str, start: int, stop: int) -> str:
    """The characters start..stop (exclusive) of a text; marks stand for numbers that are cut."""
    shown = list(text)
    for number in _NUMBER.finditer(text):
        for edge in (start, stop):
            if number.start() < edge < number.end():
                low, high = max(number.start(), start), min(number.end(), stop)
                shown[low:high] = MARK.ljust(high - low)
    return "".join(shown[start:stop])

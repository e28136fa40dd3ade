"""Ticks of an axis: round numbers, decades, whole steps."""

import math
from collections.abc import Callable, Iterable, Sequence

from tttui.draw import numbers
from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Tick:
    value: float
    label: str
    """Empty for a minor tick."""

    @property
    def major(self) -> bool:
        return bool(self.label)


def round_step(span: float, most: int) -> float:
    """The smallest 1, 2 or 5 times a power of ten that divides `span` into at most `most` parts.

    `span` must be positive and finite.
    """
    rough = span / max(most, 1)
    power = math.floor(math.log10(rough))
    for step in (1, 2, 5, 10, 20):
        # by parsing, so that 1e-5 is the nearest float to 0.00001 and labels stay clean
        size = float(f"{step}e{power}")
        if span / size <= most * (1 + 1e-9):
            return size
    return float(f"1e{power + 2}")


def linear(low: float, high: float, most: int) -> list[Tick]:
    """At most `most` + 1 labelled ticks at round numbers within low..high, ascending."""
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [Tick(low, numbers.short(low))]
    step = round_step(span, most)
    if not step or abs(low) / step > 1e15:
        return [Tick(low, numbers.short(low)), Tick(high, numbers.short(high))]
    slack = 1e-9
    start, stop = math.ceil(low / step - slack), math.floor(high / step + slack)
    return [Tick(k * step, numbers.axis(k * step, step)) for k in range(start, stop + 1)]


def logarithmic(low: float, high: float, most: int) -> list[Tick]:
    """Ticks within low..high (both positive): decades labelled, 2..9 times them as minor ticks.

    Where decades are too many, only every second, third ... is labelled and minor ticks are the
    decades between; where fewer than two fall in the range, 1, 2 and 5 are labelled, and where
    even those are fewer than two, the ticks are those of a linear axis.
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    decades = last - first + 1
    if decades < 2:
        labelled = [
            Tick(value, numbers.short(value, 1))
            for power in range(first - 1, last + 1)
            for digit in (1, 2, 5)
            if low * (1 - 1e-9) <= (value := float(f"{digit}e{power}")) <= high * (1 + 1e-9)
        ]
        if 2 <= len(labelled) <= most + 1:
            return labelled
        if len(labelled) < 2:
            return linear(low, high, most)
    needed = (decades - 1) / max(most, 1)
    every = next((n for n in (1, 2, 3, 5, 10, 20, 50, 100) if n >= needed), 200)
    ticks = []
    for power in range(first - 1, last + 1):
        digits = range(1, 10) if every == 1 else range(1, 2)
        for digit in digits:
            value = float(f"{digit}e{power}")
            if low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
                labelled_here = digit == 1 and power % every == 0
                ticks.append(Tick(value, numbers.decade(power) if labelled_here else ""))
    return ticks


def enough(
    make: Callable[[int], Sequence[Tick]],
    most: int,
    cells: int,
    cell: Callable[[float], int | None],
    ends: tuple[float, float],
) -> tuple[Tick, ...]:
    """Labelled ticks for an axis of so many cells: at least two in different cells.

    `make(n)` gives ticks for about n intervals, `cell` the cell of a value. More intervals are
    tried than `most` where these leave fewer than two labels; what has no two round numbers is
    labelled at its ends. An axis of one cell has one label.
    """
    low, high = ends
    ticks: list[Tick] = []
    for n in range(max(most, 1), max(cells, most, 1) + 1):
        ticks = [tick for tick in make(n) if tick.major and low <= tick.value <= high]
        cells_used = {cell(tick.value) for tick in ticks} - {None}
        if len(cells_used) > 1 and len({tick.label for tick in ticks}) == len(ticks):
            return tuple(ticks)
    if cells < 2 or not low < high:
        return tuple(ticks[:1])
    texts = ((numbers.short(low, d), numbers.short(high, d)) for d in range(2, 18))
    first, last = next((pair for pair in texts if pair[0] != pair[1]), ("", ""))
    return (Tick(low, first), Tick(high, last)) if first else tuple(ticks[:1])


def spread(
    low: float, high: float, most: int, cells: int, cell: Callable[[float], int | None]
) -> tuple[Tick, ...]:
    """Ticks of a linear axis as `enough` has them."""
    return enough(lambda n: linear(low, high, n), most, cells, cell, (low, high))


def narrowed(marked: Sequence[Tick], width: int) -> tuple[Tick, ...]:
    """The ticks with labels of at most `width` characters.

    Where the values themselves take too many digits, all but the lowest say by how much they
    lie above it.
    """
    if all(len(tick.label) <= width for tick in marked):
        return tuple(marked)
    base = marked[0].value
    ticks = [Tick(base, _within(base, range(17, 0, -1), width))]
    for tick in marked[1:]:
        above = _within(tick.value - base, (2, 1), width - 1)
        ticks.append(Tick(tick.value, f"+{above}" if above else ""))
    return tuple(tick for tick in ticks if tick.label)


def _within(value: float, digits: Iterable[int], width: int) -> str:
    """A number with the first count of digits that fits, which is not cut; '' where none does."""
    texts = (numbers.short(value, n) for n in digits)
    return next((text for text in texts if len(text) <= width), "")


def steps(t0: int, t1: int, width: int, gap: int = 2) -> list[Tick]:
    """Ticks at whole steps in t0..t1 whose labels, centred, keep `gap` apart on `width` columns."""
    span = t1 - t0
    if span <= 0:
        return [Tick(t0, label(t0))]
    widest = max(len(label(t0)), len(label(t1)))
    most = max(1, width // (widest + gap + 2))
    step = max(1, round(round_step(span, most)))
    start = -(-t0 // step) * step
    ticks = [Tick(t, label(t, step)) for t in range(start, t1 + 1, step)]
    return ticks or [Tick(t0, label(t0))]


def label(t: int, step: int = 1) -> str:
    """A step as the axis writes it: thousands abbreviated where the ticks allow it."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if abs(t) >= 10 * size and t % (size // 10) == 0 and step % (size // 10) == 0:
            return f"{t / size:g}{unit}"
    return str(t)


def placed(labels: Sequence[tuple[int, str]], width: int) -> list[tuple[int, str]]:
    """Start columns of labels centred on their columns, inside `width`, none overlapping.

    Labels come in ascending order; one that would touch its predecessor is left out.
    """
    out: list[tuple[int, str]] = []
    free = 0
    for column, text in labels:
        start = min(max(column - len(text) // 2, 0), width - len(text))
        if start < free or not text:
            continue
        out.append((start, text))
        free = start + len(text) + 1
    return out

"""What a chart shows: curves over the steps, lines, a band, markers; or bars; and their colours."""

import math
from collections.abc import Callable
from typing import Literal

from tttui.draw.colours import Colour
from tttui.draw.envelope import Series
from tttui.draw.marks import Marks
from tttui.draw.palette import Palette
from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass

Role = Literal["frozen", "adaptive", "third", "whatif", "plain"] | int
"""A named role, or a number into `Palette.series`."""


Style = Literal["line", "held", "stems"]
"""From sample to sample; each value held until the next one; a line from zero to every sample."""

End = Literal["", "ended", "dated"]
"""Beyond the last sample of a curve: its value still holds; it says that it has ended; the last
value with its step. The latter two have a sample of their own at every step."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One curve. Later traces are painted over earlier ones.

    Where a point of the line stands for many samples, it is their mean, over a faint band from
    their minimum to their maximum (in a plot of few rows it is that range): nothing is lost.
    """

    name: str
    series: Series
    role: Role = "adaptive"
    heavy: bool = False
    chunk: int = 0
    """Steps whose mean is one point of the line, over a band of their range; 0: those of a dot
    column, where these are many."""
    raw: Series | None = None
    """Painted faintly behind: the samples that `series` is the average of."""
    tag: str = ""
    """A character that tells the curve from others without colour: it stands at the curve's end,
    and without braille the curve consists of it."""
    alone: bool = False
    """The line is drawn without the band and the samples behind it."""
    dashed: bool = False
    """The line has gaps, through which a curve below it is seen."""
    end: End = ""
    """The reading beyond the last sample."""
    absent: Callable[[float], str] | None = None
    """Why there is no number (NaN) at a position, in few words; '' where it is one that is NaN."""
    not_numbers: Ints | None = None
    """Positions of values that are NaN and get a mark; None: of all that are."""
    style: Style = "line"
    """Held curves of a plot share their positions; they are told apart by pattern and colour."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A horizontal line; where it lies outside the scale it is named at the edge, with an arrow."""

    name: str
    value: float
    short: str = ""
    """What it is called where there is no room for its name."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A shaded range between two series."""

    name: str
    low: Series
    high: Series


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """All that a time chart shows, apart from the window and the cursor."""

    title: str = ""
    unit: str = ""
    traces: tuple[Trace, ...] = ()
    compare: tuple[int, int] | None = None
    """Traces (a, b): the area between them is tinted `better` where a is below b, else `worse`."""
    lower_is_better: bool = True
    """False: the area is tinted `better` where a is above b."""
    thresholds: tuple[Threshold, ...] = ()
    band: Band | None = None
    marks: Marks | None = None
    """Transactions, read at the cursor; a `CommitGraph` draws them."""
    robust: bool = False
    """Outliers do not widen the value axis, but are marks at its edge, counted in its label."""
    steps: bool = True
    """The axis of steps is drawn; False: the chart above has the same one."""
    from_zero: bool = False
    """The value axis reaches to zero (where it is linear), so that heights compare as values do."""
    legend: bool = False
    """Where the title row is too short for the names and values, they have rows of their own."""
    note: str = ""
    """Beside the title, for example the span of the average; else what a point of a line by
    chunks is."""
    short: str = ""
    """Instead of the title where that does not fit."""
    corner: str = ""
    """In a corner of the drawing, for example how far a computation is."""
    last: int | None = None
    """The step up to which the newest value of held curves is in force; None: for ever."""
    message: str = "no data"
    """The message inside a plot without data."""

    @property
    def held(self) -> tuple[Trace, ...]:
        """The curves that hold each value until the next one."""
        return tuple(trace for trace in self.traces if trace.style == "held")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a `BarPlot`."""

    name: str
    value: float
    """NaN where there is none."""
    text: str = ""
    """What is said of the value."""
    role: Role = "adaptive"
    status: str = ""
    """The status of the transactions that it counts: it has that one's colour and sign."""
    bad: bool = False
    """Worth a warning: in the colour of what is bad."""

    def ink(self, palette: Palette) -> Colour:
        """Its colour."""
        if self.bad:
            return palette.bad
        return palette.status(self.status) if self.status else ink(self.role, palette)


@dataclass(frozen=True, slots=True)
class BarPlot:
    """Values beside each other, by name."""

    title: str
    bars: tuple[Bar, ...]
    ends: tuple[float, float] = (0.0, 1.0)
    """The values of an empty and of a full bar; where both are above 0 the bars are logarithmic."""
    unit: str = ""
    """Of the values."""
    note: str = ""
    """How they are to be read."""
    best: int | None = None

    @property
    def log(self) -> bool:
        return self.ends[0] > 0

    def share(self, bar: Bar) -> float:
        """How much of a bar is filled, 0..1, by the size of its value."""
        size, (low, high) = abs(bar.value), self.ends
        if not size > 0:
            return 0.0
        if self.log:
            size, low, high = math.log10(size), math.log10(low), math.log10(high)
        return min(max((size - low) / ((high - low) or 1.0), 0.0), 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Values [n] >= 0 as upright bars over a numbered axis: a histogram, or one value a unit."""

    values: Floats
    labels: tuple[tuple[float, str], ...] = ()
    """Texts below the axis, at positions 0..n (the left edge of bar i is at i)."""
    top: float | None = None
    """The value of a full bar; None: the largest."""
    marked: frozenset[int] = frozenset()
    """Bars in another colour, with `!` above them."""


def ink(role: Role, palette: Palette) -> Colour:
    """The colour of a curve."""
    if isinstance(role, int):
        return palette.series[role % len(palette.series)]
    return {
        "frozen": palette.frozen,
        "adaptive": palette.adaptive,
        "third": palette.third,
        "whatif": palette.whatif,
        "plain": palette.text,
    }[role]


def faint_ink(role: Role, palette: Palette) -> Colour:
    """The colour of a curve's samples behind its average."""
    named = {
        "frozen": palette.frozen_raw,
        "adaptive": palette.adaptive_raw,
        "third": palette.third_raw,
        "whatif": palette.faint,
        "plain": palette.faint,
    }
    return palette.faint if isinstance(role, int) else named[role]


def tint(role: Role, palette: Palette) -> Colour:
    """What is behind the range of a curve's samples."""
    return palette.adaptive_tint if role == "adaptive" else palette.range_tint


def gutter(width: int) -> int:
    """Columns left of the axis. They depend on the width alone, so that time views line up."""
    return 9 if width >= 60 else 7 if width >= 30 else 6

"""Error curves as the smoothing key has them: as recorded, or behind their averages."""

from tttui.draw.envelope import Series
from tttui.draw.plot import End, Role, Trace
from tttui.draw.smoothing import SPAN, exponential


def curve(
    name: str,
    series: Series,
    role: Role,
    smooth: bool,
    heavy: bool = False,
    end: End = "ended",
    chunk: int = 0,
) -> Trace:
    """The series (by chunks of so many steps, if any), or its exponential average with the series
    itself still visible behind it.

    Curves of one chart are averaged alike, or not at all: only then do they compare.
    """
    if not smooth:
        return Trace(name, series, role, heavy, end=end, chunk=chunk)
    average = Series(series.t, exponential(series.y, SPAN))
    return Trace(name, average, role, heavy, raw=series, end=end)


def span_note(smooth: bool) -> str:
    """What the averages are, said beside a chart that has them."""
    return f"average, span {SPAN}" if smooth else ""

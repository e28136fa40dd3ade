"""Error curves as the smoothing key has them: as recorded, or behind their averages."""

from tttui.draw.envelope import Series
from tttui.draw.plot import Role, Trace
from tttui.draw.smoothing import SPAN, exponential


def curve(name: str, series: Series, role: Role, smooth: bool, heavy: bool = False) -> Trace:
    """The series, or its exponential average with the series itself still visible behind it."""
    if not smooth:
        return Trace(name, series, role, heavy)
    return Trace(name, Series(series.t, exponential(series.y, SPAN)), role, heavy, series)


def span_note(smooth: bool) -> str:
    """What the averages are, said beside a chart that has them."""
    return f"average, span {SPAN}" if smooth else ""

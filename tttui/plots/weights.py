"""What is drawn of the weights: over the steps, as maps, their spectra, what moved, decays."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.heat import MapPlot, Pyramid
from tttui.draw.numbers import short
from tttui.draw.plot import Bar, BarPlot, Bars, Plot, Threshold, Trace
from tttui.model.arrays import Floats, Weights
from tttui.model.dataclass import dataclass
from tttui.model.spectrum import WARN_FACTOR, Spectrum, spectrum, too_large
from tttui.model.statistics import Statistics
from tttui.model.tensor_axes import AxisChange
from tttui.model.weights import Aspect, ShownWeights, WeightsInForce
from tttui.tasks.pointmass.stability import Stability

MEASURES = {
    "change": "change since the start, %",
    "fro": "Frobenius norm",
    "max_abs": "largest |w|",
    "mean": "mean",
    "std": "standard deviation",
    "condition": "condition number",
    "effective_rank": "effective rank",
}

SHORT = {
    "change": "change %",
    "fro": "|W|",
    "max_abs": "max |w|",
    "mean": "mean",
    "std": "std",
    "condition": "cond",
    "effective_rank": "rank",
}
"""The same for narrow charts."""

TELLING = ("change", "condition")
"""The charts that tell how far the statistics are: one of each region."""


def weight_plot(measure: str, statistics: Statistics, last: int, why: str = "") -> Plot:
    """One figure of every matrix, each value held until the next snapshot and the newest one up
    to step `last`; `why` there is none."""
    names = statistics.matrices
    if measure == "change" and any(
        len(statistics.t) and _unchanging(statistics, name) for name in names
    ):
        measure = "fro"  # of what transactions recorded, or of weights that began as zeros
    curves = [statistics.column(name, measure) for name in names]
    if measure == "change":
        starts = [statistics.column(name, "fro")[:1] for name in names]
        curves = [100 * y / start for y, start in zip(curves, starts, strict=True)]
    lines = []
    for name, y in zip(names, curves, strict=True):
        if measure == "condition" and len(y) and (y > WARN_FACTOR * y[0]).any():
            lines.append(Threshold(f"{name}: {WARN_FACTOR:g} x start", WARN_FACTOR * float(y[0])))
    message = why or _pending(measure, statistics)
    t = statistics.t
    if message and not any(np.isfinite(y).any() for y in curves):
        t, curves = t[:0], [y[:0] for y in curves]
    progress = (
        f"statistics: {statistics.progress:.0%}" if statistics.progress < 1 and not why else ""
    )
    return Plot(
        MEASURES[measure],
        short=SHORT[measure],
        traces=tuple(
            Trace(name, Series(t, y), i, style="held")
            for i, (name, y) in enumerate(zip(names, curves, strict=True))
        ),
        thresholds=tuple(lines),
        last=last,
        message=message or "no finite values in view",
        corner=progress if measure in (*TELLING, "fro") and len(statistics.t) else "",
    )


def _unchanging(statistics: Statistics, matrix: str) -> bool:
    """Whether the change of this matrix has no meaning relative to its norm."""
    start = float(statistics.column(matrix, "fro")[0])
    return not start or bool(np.isnan(statistics.column(matrix, "change")).all())


def _pending(measure: str, statistics: Statistics) -> str:
    """Why there can be no value; '' if there may be some."""
    history = statistics.history
    if not len(statistics.t):
        if history is None:
            return "no snapshots yet" if statistics.progress == 1 else "working out ..."
        return f"statistics: {statistics.progress:.0%}"
    if history is None:
        return "not recorded of this parameter"
    if measure in ("condition", "effective_rank"):
        shapes = [
            W.shape[1:] for k in statistics.matrices if (W := history.weights.get(k)) is not None
        ]
        if shapes and all(too_large(*shape) for shape in shapes):
            return "too large for singular values here"
    return ""


LARGEST = 10
"""Singular values that are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumOf:
    """The spectrum of one matrix, or why there is none."""

    name: str
    shape: tuple[int, int]
    spectrum: Spectrum | None
    growth: float | None = None
    """Condition number over that of the start, where both are known."""

    def plot(self, i: int) -> BarPlot:
        """Its largest values as bars, in the colour of matrix i."""
        values = () if self.spectrum is None else self.spectrum.values[:LARGEST].tolist()
        shown = tuple(Bar(str(k), value, short(value), i) for k, value in enumerate(values, 1))
        return BarPlot(self.name, shown, (0.0, (values[0] if values else 0.0) or 1.0))

    @property
    def warns(self) -> bool:
        return self.growth is not None and self.growth > WARN_FACTOR


def spectra_of(matrices: Weights, begun: Mapping[str, float]) -> tuple[SpectrumOf, ...]:
    """Of every matrix, with the growth of its condition number since the start."""
    found = []
    for name, matrix in matrices.items():
        now, growth = spectrum(matrix), None
        if now is not None and name in begun:
            growth = now.condition / begun[name]
        found.append(SpectrumOf(name, (matrix.shape[0], matrix.shape[1]), now, growth))
    return tuple(found)


def conditions(start: WeightsInForce | None) -> dict[str, float]:
    """The condition numbers of the weights at the start, where they are finite."""
    found = {}
    for name, matrix in (start.matrices if start is not None else {}).items():
        shown = spectrum(matrix)
        if shown is not None and np.isfinite(shown.condition):
            found[name] = shown.condition
    return found


def moved_plot(parts: Sequence[AxisChange], matrix: str, axis: int, i: int) -> BarPlot:
    """The rows (axis 0) or columns of matrix i by how much they changed, largest first."""
    shown = tuple(Bar(part.phrase, part.change, part.percent, i) for part in parts)
    top = (parts[0].change if parts else 0.0) or 1.0
    return BarPlot(f"{matrix}, {'rows' if axis == 0 else 'columns'}", shown, (0.0, top))


MAP_LIMITS: Mapping[Aspect, str] = MappingProxyType({"value": "max_abs", "start": "max_change"})
"""The figure whose largest value in the whole history is the scale of a map."""


def weight_map(
    name: str,
    shown: ShownWeights,
    pyramid: Pyramid | None,
    statistics: Statistics,
    start: Floats | None = None,
    *,
    roles: bool = True,
) -> MapPlot:
    """A matrix of what is shown, on one scale for the whole history where that is known, so that
    colours mean the same while time passes."""
    measure = MAP_LIMITS.get(shown.aspect)
    limit = None if measure is None else statistics.largest(name, measure)
    return MapPlot(name, pyramid, limit, start, roles, shown.why_not)


BINS, FINE_BINS = 10, 20
"""Bins of the histogram of the decays, over 0..1, and of one of many units."""

MANY_UNITS = 100
"""Units from which fine bins are no comb of single units."""


def decay_histogram(found: Stability) -> tuple[Bars, str]:
    """How many units of the state have which decay, and what is to be said of them."""
    inside = np.delete(found.decays, found.broken)
    bins = FINE_BINS if len(inside) >= MANY_UNITS else BINS
    counts, _ = np.histogram(inside, bins=bins, range=(0.0, 1.0))
    labels = tuple((bins * x, f"{x:g}") for x in (0.0, 0.25, 0.5, 0.75, 1.0))
    note = f"{len(found.decays)} units, all inside (0, 1)"
    if not found.stable:
        note = f"! {len(found.broken)} of {len(found.decays)} units are not inside (0, 1)"
    marked = frozenset({bins}) if not found.stable else frozenset[int]()
    values = np.append(counts, len(found.broken)) if len(found.broken) else counts
    return Bars(values.astype(np.float64), labels, marked=marked), note

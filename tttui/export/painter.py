"""Charts described for cells (`draw.plot`), painted by matplotlib."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes

from tttui.draw.envelope import Series
from tttui.draw.marks import Marks
from tttui.draw.palette import Palette
from tttui.draw.plot import Plot, Threshold, Trace, faint_ink
from tttui.export import look
from tttui.model.arrays import Bools, Floats, Ints

FAR = 10.0
"""A threshold farther from the values than by this factor is named at the edge, with an arrow."""

Span = tuple[int, int]
"""The first and the last step that are drawn."""

NO_WORDS: Mapping[str, str] = MappingProxyType({})


def paint(
    axes: Axes,
    plot: Plot,
    span: Span,
    palette: Palette,
    *,
    log: bool = False,
    words: Mapping[str, str] = NO_WORDS,
    dots: bool = False,
) -> None:
    """Paint all parts of the plot but its title and axis range; outliers are drawn in place, too.

    `words`: the names in the legend, where they differ from those of the traces. `dots`: every
    sample has a dot.
    """
    if plot.band is not None:
        at, low, high = _together(plot.band.low, plot.band.high, span)
        colour, name = look.hexed(palette.band_tint), words.get(plot.band.name, plot.band.name)
        axes.fill_between(at, low, high, color=colour, lw=0, label=name, zorder=1)
    if not plot.traces:
        place, grey = axes.transAxes, look.hexed(palette.muted)
        axes.text(0.5, 0.5, plot.message, ha="center", va="center", transform=place, color=grey)
    for k, trace in enumerate(plot.traces):
        name = words.get(trace.name, trace.name)
        if trace.style == "held":
            pattern = look.PATTERNS[k % len(look.PATTERNS)]
            _stairs(axes, trace, span, name, palette, plot.last, pattern)
        elif trace.style == "stems":
            _stems(axes, trace, span, name, palette)
        else:
            _line(axes, trace, span, name, palette, dots=dots)
    if plot.compare is not None:
        _tint(axes, plot, span, palette)
    values = [_inside(trace.series, span)[1] for trace in plot.traces]
    known = np.concatenate([*values, np.empty(0)])
    known = known[np.isfinite(known) & (known > 0)]
    if log and len(known):
        look.log_scale(axes)
    for line in plot.thresholds if len(known) else ():
        _threshold(axes, line, known, palette)
    if plot.marks is not None:
        _marks(axes, plot.marks, span, palette)


def _inside(series: Series, span: Span) -> tuple[Ints | Floats, Floats]:
    """The samples of a series within the span."""
    part = slice(int(series.index(span[0])), int(series.index(span[1], after=True)))
    return series.t[part], series.y[part]


def _line(axes: Axes, trace: Trace, span: Span, name: str, palette: Palette, *, dots: bool) -> None:
    """A curve, with the samples that it is the average of behind it."""
    if trace.raw is not None and not trace.alone:
        faint = look.hexed(faint_ink(trace.role, palette))
        look.curve(axes, *_inside(trace.raw, span), faint, "", width=0.4, order=1)
    t, y = _inside(trace.series, span)
    missing = t[np.isnan(y)] if trace.not_numbers is None else trace.not_numbers
    look.curve(
        axes,
        t,
        y,
        look.role_colour(trace.role, palette),
        name,
        width=1.0 if trace.heavy else 0.7,
        order=3 if trace.heavy else 2,
        dashed=trace.dashed,
        dots=dots,
        missing=missing[(missing >= span[0]) & (missing <= span[1])],
    )


def _stairs(
    axes: Axes,
    trace: Trace,
    span: Span,
    name: str,
    palette: Palette,
    last: int | None,
    pattern: str,
) -> None:
    """Each value held until the next one, the newest up to step `last`."""
    before = trace.series.at(span[0])
    first = span[0] if before is None else int(before[0])
    end = span[1] if last is None else min(span[1], last)
    t, y = _inside(trace.series, (first, end))
    if not len(t):
        return
    t, colour = np.maximum(t, span[0]), look.role_colour(trace.role, palette)
    look.not_numbers(axes, t[np.isnan(y)], colour)
    t, y = np.append(t, end), np.append(y, y[-1])
    y = np.where(np.isfinite(y), y, np.nan)
    axes.plot(t, y, color=colour, ls=pattern, label=name, drawstyle="steps-post")


def _stems(axes: Axes, trace: Trace, span: Span, name: str, palette: Palette) -> None:
    """A line from zero to every sample; of many, to the extremes of stretches."""
    t, y = _inside(trace.series, span)
    at, low, high = t.astype(np.float64), np.minimum(y, 0.0), np.maximum(y, 0.0)
    if len(t) > look.MOST:
        edges = look.stretches(*span)
        envelope = Series(t, y).columns(edges)
        at = (edges[1:] + edges[:-1]) / 2
        low, high = np.fmin(envelope.low, 0.0), np.fmax(envelope.high, 0.0)
    colour = look.role_colour(trace.role, palette)
    axes.vlines(at, low, high, color=colour, lw=0.5, label=name, zorder=1.5)


def _tint(axes: Axes, plot: Plot, span: Span, palette: Palette) -> None:
    """The area between the two curves that are compared."""
    assert plot.compare is not None
    ours, theirs = (plot.traces[k].series for k in plot.compare)
    at, a, b = _together(ours, theirs, span)
    with np.errstate(invalid="ignore"):
        better: Bools = (a < b) if plot.lower_is_better else (a > b)
    known = np.isfinite(a) & np.isfinite(b)
    for where, tint, hatch in (
        (better, palette.better_tint, None), (known & ~better, palette.worse_tint, "////"),
    ):  # fmt: skip
        axes.fill_between(
            at, b, a, where=list(where), facecolor=look.hexed(tint), hatch=hatch, lw=0, zorder=1,
            edgecolor=look.hexed(palette.ground),
        )  # fmt: skip


def _together(a: Series, b: Series, span: Span) -> tuple[Floats, Floats, Floats]:
    """Positions [k] and the values of both series there: at the samples of a, or means of
    stretches where one of the two is long."""
    parts = [_inside(series, span) for series in (a, b)]
    at, edges = parts[0][0].astype(np.float64), None
    if max(len(t) for t, _ in parts) > look.MOST:
        edges = look.stretches(*span)
        at = (edges[1:] + edges[:-1]) / 2
    values = []
    for t, y in parts:
        y = np.where(np.isfinite(y), y, np.nan)
        if edges is not None and len(t) > look.MOST:
            values.append(Series(t, y).columns(edges).mean)
        elif len(t):
            values.append(np.interp(at, t, y, left=np.nan, right=np.nan))
        else:
            values.append(np.full(len(at), np.nan))
    return at, values[0], values[1]


def _threshold(axes: Axes, line: Threshold, values: Floats, palette: Palette) -> None:
    """A line with its name; one far from the values [n] is named with an arrow."""
    colour = look.hexed(palette.threshold)
    if values.min() / FAR <= line.value <= values.max() * FAR:
        axes.axhline(line.value, color=colour, ls="--", lw=0.8, label=line.name)
        return
    above = line.value > values.max()
    text, place = f"{'↑' if above else '↓'} {line.name}", (0.01, 0.95 if above else 0.08)
    axes.text(*place, text, transform=axes.transAxes, color=colour, va="top")


def _marks(axes: Axes, marks: Marks, span: Span, palette: Palette) -> None:
    """The transactions at the lower edge, by how they ended."""
    inside = (marks.t >= span[0]) & (marks.t <= span[1])
    if marks.shown is not None:
        inside &= marks.shown
    for k in np.unique(marks.status[inside]).tolist():
        status, t = marks.statuses[k], marks.t[inside & (marks.status == k)]
        axes.plot(
            t,
            np.full(len(t), 0.02),
            marker=look.status_marker(status),
            ls="",
            color=look.hexed(palette.status(status)),
            ms=3,
            transform=axes.get_xaxis_transform(),
            label=look.status_label(status, len(t)),
            zorder=4,
        )

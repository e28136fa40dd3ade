"""Paths in the plane, matrices and bars as they are described for cells, painted on paper."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from tttui.draw.heat import MapPlot
from tttui.draw.palette import Palette
from tttui.draw.path import extent, thinned
from tttui.draw.plot import BarPlot, Bars
from tttui.draw.tracks import Scene, Track, arrow_rows, time_stops
from tttui.export import look
from tttui.export.painter import Span
from tttui.model.arrays import Floats, Ints
from tttui.model.tensor_axes import INPUTS

SIGNED = 4096
"""Elements of a matrix up to which negative ones carry a minus."""

MARGIN = 0.04
"""Of the plane's size, around the paths."""

FORCE = 8.0
"""Actions of this size are as long as the plane is wide."""


def scene(figure: Figure, axes: Axes, shown: Scene, span: Span, at: int, palette: Palette) -> None:
    """The paths over the steps of a span: where they begin, where they are at step `at`, where
    they head, and the action there."""
    tracks = [track.window(*span) for track in shown.tracks]
    for k, track in enumerate(tracks):
        if track.role is None:
            _by_time(figure, axes, track, span, palette)
        else:
            _path(axes, track, k, palette)
    _around(axes, tracks)
    axes.set_xlabel("x (position)")
    axes.set_ylabel("y (position)")
    if shown.note:
        axes.text(0.01, 0.02, shown.note, transform=axes.transAxes, color=look.hexed(palette.muted))
    text, ground = look.hexed(palette.text), look.hexed(palette.ground)
    truth = tracks[0]
    finite = np.flatnonzero(np.isfinite(truth.x) & np.isfinite(truth.y))
    if not len(finite):
        return
    first = int(finite[0])
    start: dict[str, Any] = {"mfc": ground, "mec": text, "ms": 5, "zorder": 5, "ls": ""}
    axes.plot(
        truth.x[first], truth.y[first], "o", label=f"from step {int(truth.t[first])}", **start
    )
    for track in tracks[1:]:
        i = _newest(track, at)
        if i is not None:
            colour = text if track.role is None else look.role_colour(track.role, palette)
            axes.plot(track.x[i], track.y[i], "o", mfc=ground, mec=colour, ms=4, zorder=5)
    here = _newest(truth, at)
    here = first if here is None else here
    axes.plot(
        truth.x[here], truth.y[here], "o", color=text, ms=5, label=f"at step {int(truth.t[here])}"
    )
    _heads(axes, shown, truth, palette)
    _force(axes, shown, truth, here, palette)
    look.legend_above(axes, 4)


def _newest(track: Track, at: int) -> int | None:
    """The row of the newest position at or before a step."""
    i = track.index(at)
    known = np.flatnonzero(np.isfinite(track.x[: 1 + (i or 0)] + track.y[: 1 + (i or 0)]))
    return int(known[-1]) if i is not None and len(known) else None


def _points(track: Track) -> tuple[Ints, Floats, Floats]:
    """Steps and positions; NaN where the line breaks, and of a long path what keeps its shape."""
    known = np.isfinite(track.x) & np.isfinite(track.y)
    t, x, y = track.t, np.where(known, track.x, np.nan), np.where(known, track.y, np.nan)
    kept = thinned(x, y)
    return (t, x, y) if kept is None else (t[kept], x[kept], y[kept])


def _by_time(figure: Figure, axes: Axes, track: Track, span: Span, palette: Palette) -> None:
    t, x, y = _points(track)
    points = np.stack([x, y], axis=-1)
    segments = np.stack([points[:-1], points[1:]], axis=1)
    good = np.isfinite(segments).all(axis=(1, 2))
    hues = LinearSegmentedColormap.from_list("time", list(map(look.hexed, time_stops(palette))))
    lines = LineCollection(list(segments[good]), cmap=hues, linewidths=1.1, capstyle="round")
    lines.set_array(t[1:][good].astype(np.float64))
    lines.set_clim(*span)
    axes.add_collection(lines)
    if good.any():
        figure.colorbar(lines, ax=axes, label=f"{track.name}, by step", shrink=0.8)


def _path(axes: Axes, track: Track, k: int, palette: Palette) -> None:
    """A path in a colour of its own; those beside the true one are dashed."""
    assert track.role is not None
    _, x, y = _points(track)
    dash: Any = "-" if k == 0 else "--" if track.dash is None else (0, track.dash)
    colour = look.role_colour(track.role, palette)
    axes.plot(x, y, ls=dash, color=colour, lw=1.0, label=track.name, zorder=2 + 0.1 * k)


def _around(axes: Axes, tracks: list[Track]) -> None:
    found = [e for track in tracks if (e := extent(track.x, track.y)) is not None]
    if found:
        low, high = np.min(found, axis=0), np.max(found, axis=0)
        pad = MARGIN * max(high[1] - low[0], high[3] - low[2], 1e-9)
        axes.set_xlim(low[0] - pad, high[1] + pad)
        axes.set_ylim(low[2] - pad, high[3] + pad)
    axes.set_aspect("equal", adjustable="datalim")


def _heads(axes: Axes, shown: Scene, truth: Track, palette: Palette) -> None:
    """The direction of travel at steps spread evenly."""
    if shown.v is None:
        return
    rows = np.array(arrow_rows(len(truth.t)), dtype=np.int64)
    v = shown.v[_offset(shown, truth) + rows].astype(np.float64)
    speed = np.hypot(v[:, 0], v[:, 1])
    moving = np.isfinite(speed) & (speed > 0) & np.isfinite(truth.x[rows] + truth.y[rows])
    rows, unit = rows[moving], v[moving] / speed[moving, None]
    colour = look.hexed(palette.muted)
    axes.quiver(
        truth.x[rows], truth.y[rows], unit[:, 0], unit[:, 1], color=colour, width=0.003,
        headwidth=4, scale=45, pivot="mid", zorder=3,
    )  # fmt: skip
    axes.plot([], [], ">", color=colour, ms=4, label="direction of travel")


def _force(axes: Axes, shown: Scene, truth: Track, here: int, palette: Palette) -> None:
    if shown.a is None:
        return
    a = shown.a[_offset(shown, truth) + here].astype(np.float64)
    size = float(np.hypot(*a))
    if np.isfinite(size) and size > 0:
        colour = look.hexed(palette.warn)
        place = (truth.x[here], truth.y[here])
        axes.quiver(*place, a[0], a[1], color=colour, width=0.005, scale=FORCE, zorder=4)
        axes.plot([], [], "^-", color=colour, ms=4, label=f"action there, |a| = {size:.2g}")


def _offset(shown: Scene, truth: Track) -> int:
    """The row of the whole first track at which the drawn part begins."""
    return int(np.searchsorted(shown.tracks[0].t, truth.t[0])) if len(truth.t) else 0


def matrix(figure: Figure, axes: Axes, shown: MapPlot, palette: Palette) -> None:
    """A matrix as colours over its rows and columns, with a scale."""
    W = np.empty((0, 0)) if shown.pyramid is None else shown.pyramid.levels[0]
    values = np.ma.masked_invalid(W.astype(np.float64))
    limit = shown.limit or (shown.pyramid.limit if shown.pyramid is not None else 0.0) or 1.0
    image = axes.imshow(
        values, cmap=look.signed(palette), vmin=-limit, vmax=limit, aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    _minus(axes, W, limit, palette)
    for k, side, most in ((0, axes.yaxis, 8), (1, axes.xaxis, 6)):
        n = W.shape[k]
        side.set_major_locator(MaxNLocator(most, integer=True))
        if n <= len(INPUTS) and shown.roles:
            side.set_ticks(range(n), [shown.part(k, i, n, short=True) for i in range(n)])
        side.set_label_text(shown.kinds[k])
    axes.set_title(f"{shown.name}  {W.shape[0]} x {W.shape[1]}")
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, shrink=0.9)


def _minus(axes: Axes, W: Floats, limit: float, palette: Palette) -> None:
    """A minus on the elements of a small matrix that are negative: hue alone would not tell."""
    if W.size > SIGNED:
        return
    rows, columns = np.nonzero(W < 0)
    pale = np.abs(W[rows, columns]) < 0.6 * limit
    colours = np.where(pale, look.hexed(palette.text), look.hexed(palette.ground))
    axes.scatter(columns, rows, s=5, marker="_", c=list(colours), lw=0.5)


def bars(
    axes: Axes, shown: BarPlot, palette: Palette, *, room: int = 0, counts: bool = False
) -> None:
    """A bar a name with what is said of its value; space for at least `room` of them."""
    at = range(len(shown.bars))
    low, high = shown.ends
    ends = [low + shown.share(bar) * (high - low) for bar in shown.bars]
    if shown.log:
        ends = [low * (high / low) ** shown.share(bar) for bar in shown.bars]
        look.log_scale(axes, across=True)
    inks = [look.hexed(bar.ink(palette)) for bar in shown.bars]
    drawn = axes.barh(at, [end - low for end in ends], left=low, color=inks)
    texts = [f"{'* ' * (shown.best == i)}{bar.text}" for i, bar in enumerate(shown.bars)]
    if counts:
        texts = [f"{bar.value:g} ({bar.text})" for bar in shown.bars]
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        axes.xaxis.set_major_locator(LogLocator() if shown.log else MaxNLocator(4))
    axes.bar_label(drawn, texts, padding=2)
    axes.set_yticks(at, [bar.name for bar in shown.bars])
    axes.set_ylim(max(len(shown.bars), room) - 0.5, -0.5)
    far = 1.25 + 0.02 * max(map(len, texts), default=0)
    axes.set_xlim(low, low * (high / low) ** far if shown.log else high * far)
    axes.set_title(shown.title)
    axes.set_xlabel(", ".join(filter(None, (shown.unit, shown.note))))
    axes.grid(visible=False, axis="y")


def upright(axes: Axes, shown: Bars, palette: Palette) -> None:
    """Bars over a numbered axis; those that are marked have a `!`."""
    n = len(shown.values)
    inks = [look.hexed(palette.bad if i in shown.marked else palette.accent) for i in range(n)]
    axes.bar(np.arange(n), shown.values, 0.9, align="edge", color=inks)
    for i in shown.marked:
        axes.text(i + 0.45, float(shown.values[i]), "!", ha="center", color=inks[i], weight="bold")
    axes.set_xticks([x for x, _ in shown.labels], [text for _, text in shown.labels])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def columns(axes: Axes, shown: BarPlot, palette: Palette) -> None:
    """The same as `bars`, upright and by number."""
    colours = [look.hexed(bar.ink(palette)) for bar in shown.bars]
    axes.bar(
        [int(bar.name) for bar in shown.bars], [bar.value for bar in shown.bars], color=colours
    )
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))

"""Figures of one moment or of space: the path, the weights, their spectrum."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tttui.draw.path import extent, thinned
from tttui.export import ghost as ghosts
from tttui.export import look, over_time, tables, weight_tables
from tttui.export.request import ExportRequest
from tttui.model.arrays import PLASTIC, Floats
from tttui.model.spectrum import spectrum
from tttui.model.tensor_axes import INPUTS, ROLES, part_name
from tttui.model.weights import TITLES

ARROWS = 16
"""Velocity arrows along a path."""

SIGNED = 4096
"""Elements of a matrix up to which negative ones carry a minus."""

LARGEST_PARAMETERS = 24
"""Parameters in the figure of a model."""

LARGEST = 10
"""Singular values shown for each matrix."""


def trajectory(request: ExportRequest) -> Figure:
    motion = request.motion()
    figure = look.figure(4.6, f"{request.name}: trajectory")
    axes = figure.subplots()
    x, y = motion.z[:, 0].astype(np.float64), motion.z[:, 1].astype(np.float64)
    x, y = np.where(np.isfinite(x), x, np.nan), np.where(np.isfinite(y), y, np.nan)
    t = motion.t
    chosen = thinned(x, y)
    if chosen is not None:
        x, y, t = x[chosen], y[chosen], t[chosen]
    points = np.stack([x, y], axis=-1)
    segments = np.stack([points[:-1], points[1:]], axis=1)
    good = np.isfinite(segments).all(axis=(1, 2))
    hues = LinearSegmentedColormap.from_list("time", list(look.TIME))
    lines = LineCollection(list(segments[good]), cmap=hues, linewidths=1.1, capstyle="round")
    lines.set_array(t[1:][good].astype(np.float64))
    axes.add_collection(lines)
    if good.any():
        figure.colorbar(lines, ax=axes, label="step", shrink=0.8)
    around = extent(x, y)
    if around is not None:
        pad = 0.04 * max(around[1] - around[0], around[3] - around[2], 1e-9)
        axes.set_xlim(around[0] - pad, around[1] + pad)
        axes.set_ylim(around[2] - pad, around[3] + pad)
    axes.set_aspect("equal", adjustable="datalim")
    _arrows(request, axes)
    axes.set_xlabel("x (position)")
    axes.set_ylabel("y (position)")
    return figure


def ghost(request: ExportRequest) -> Figure:
    followed = ghosts.ghost_of(request)
    figure = look.figure(
        5.4, f"{request.name}: the same actions with friction mu = {followed.mu:g}"
    )
    plane, over = figure.subplots(2, 1, height_ratios=(2.6, 1))
    for points, name, colour, dash in (
        (followed.true, "true path", look.ADAPTIVE, "-"),
        (followed.path, f"ghost, mu = {followed.mu:g}", look.THIRD, "--"),
    ):
        x, y = (np.where(np.isfinite(points[:, k]), points[:, k], np.nan) for k in (0, 1))
        chosen = thinned(x, y)
        if chosen is not None:
            x, y = x[chosen], y[chosen]
        plane.plot(x, y, dash, color=colour, lw=1.0, label=name)
        plane.plot(x[-1], y[-1], "o", color=colour, ms=4)
    plane.plot(
        *followed.true[0], "o", mfc="white", mec="black", ms=5, label=f"step {followed.t[0]}"
    )
    plane.set_aspect("equal", adjustable="datalim")
    plane.set_xlabel("x (position)")
    plane.set_ylabel("y (position)")
    plane.legend(loc="best")
    look.curve(over, followed.t, followed.distance, look.THIRD, "distance")
    over.set_ylabel("distance")
    over.set_ylim(bottom=0.0)
    span = (int(followed.t[0]), int(followed.t[-1]))
    look.step_axis(over, span, request.data.interventions)
    return figure


def _arrows(request: ExportRequest, axes: Axes) -> None:
    """Velocities along the path, start and current position, and the action there."""
    motion = request.motion()
    z, n = motion.z.astype(np.float64), len(motion)
    finite = np.flatnonzero(np.isfinite(z).all(axis=1))
    if not len(finite):
        return
    at = finite[:: max(len(finite) // ARROWS, 1)]
    speed = np.hypot(z[at, 2], z[at, 3])
    moving = at[speed > 0]
    unit = z[moving, 2:] / np.hypot(z[moving, 2], z[moving, 3])[:, None]
    axes.quiver(
        z[moving, 0], z[moving, 1], unit[:, 0], unit[:, 1], color="#424a53", width=0.003,
        headwidth=4, scale=45, pivot="mid", zorder=3, label="direction of travel",
    )  # fmt: skip
    first = finite[0]
    axes.plot(z[first, 0], z[first, 1], "o", mfc="white", mec="black", ms=5, label="first step")
    here = int(np.searchsorted(motion.t, request.at, side="right")) - 1
    here = int(finite[max(int(np.searchsorted(finite, min(max(here, 0), n - 1), "right")) - 1, 0)])
    axes.plot(z[here, 0], z[here, 1], "o", color="black", ms=5, label=f"step {motion.t[here]}")
    a = motion.a[here].astype(np.float64)
    if np.isfinite(a).all() and np.hypot(*a) > 0:
        axes.quiver(
            z[here, 0], z[here, 1], a[0], a[1], color=look.THIRD, width=0.005, scale=8,
            zorder=4, label=f"action there, |a| = {np.hypot(*a):.2g}",
        )  # fmt: skip
    axes.legend(loc="best")


def weights(request: ExportRequest) -> Figure:
    compared = weight_tables.compared_at(request)
    matrices = compared.matrices
    what = TITLES[compared.aspect] if compared.is_change else "plastic weights"
    title = f"{request.name}: {what} at step {request.at} ({compared.says})"
    figure = look.figure(3.4, title)
    ratios = [min(max(W.shape[1] / max(W.shape[0], 1), 0.7), 1.6) for W in matrices.values()]
    axes = figure.subplots(1, len(matrices), width_ratios=ratios, squeeze=False)[0]
    signed = LinearSegmentedColormap.from_list("signed", list(look.DIVERGING))
    roles = ROLES if request.matrices is PLASTIC else {}
    hues = signed.with_extremes(bad=look.MISSING)
    for panel, (name, W) in zip(axes, matrices.items(), strict=True):
        shown = np.ma.masked_invalid(W.astype(np.float64))
        limit = float(np.abs(shown).max()) if shown.count() else 1.0
        limit = limit or 1.0
        image = panel.imshow(
            shown, cmap=hues, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
        )
        _minus(panel, W, limit)
        for axis, side, most in ((0, panel.yaxis, 8), (1, panel.xaxis, 6)):
            n, kind = W.shape[axis], roles.get(name, ("row", "column"))[axis]
            side.set_major_locator(MaxNLocator(most, integer=True))
            if n <= len(INPUTS) and name in roles:
                side.set_ticks(
                    range(n), [part_name(name, axis, i, n, short=True) for i in range(n)]
                )
            side.set_label_text(kind)
        panel.set_title(f"{name}  {W.shape[0]} x {W.shape[1]}")
        panel.grid(visible=False)
        figure.colorbar(image, ax=panel, shrink=0.9)
    return figure


def _minus(panel: Axes, W: Floats, limit: float) -> None:
    """A minus on the elements of a small matrix that are negative: hue alone would not tell."""
    if W.size > SIGNED:
        return
    rows, columns = np.nonzero(W < 0)
    pale = np.abs(W[rows, columns]) < 0.6 * limit
    ink = np.where(pale, "#24292f", "#ffffff")
    panel.scatter(columns, rows, s=5, marker="_", c=list(ink), lw=0.5)


def moved(request: ExportRequest) -> Figure:
    of, parts_of = weight_tables.movement_of(request)
    figure = look.figure(4.6, f"{request.name}: what moved at step {request.at}: {of}")
    shown = [(key, parts[:LARGEST]) for key, parts in parts_of.items() if parts]
    axes = figure.subplots(2, -(-len(shown) // 2), squeeze=False).T.ravel()
    colours = dict(zip(request.matrices, look.SERIES, strict=False))
    for panel, ((name, axis), parts) in zip(axes, shown, strict=False):
        at = range(len(parts))
        drawn = panel.barh(at, [part.change for part in parts], color=colours.get(name))
        panel.bar_label(drawn, [part.percent for part in parts], padding=2)
        panel.set_yticks(at, [part.phrase for part in parts])
        panel.set_ylim(max(len(parts), 4) - 0.5, -0.5)
        panel.margins(x=0.15)
        panel.set_title(f"{name}, {'rows' if axis == 0 else 'columns'}")
        panel.set_xlabel("|change|")
        panel.grid(visible=False, axis="y")
    return figure


def spectrum_figure(request: ExportRequest) -> Figure:
    matrices, source = weight_tables.matrices_at(request)
    recorded = request.data.history is not None and len(request.data.history) > 0
    title = f"{request.name}: singular values at step {request.at} ({source})"
    figure = look.figure(4.2 if recorded else 2.4, title)
    grid = figure.add_gridspec(2 if recorded else 1, max(6, 2 * len(matrices)))
    for k, (name, W) in enumerate(matrices.items()):
        panel = figure.add_subplot(grid[0, 2 * k : 2 * k + 2])
        singular = spectrum(W)
        panel.set_title(name)
        if singular is None or not np.isfinite(singular.values).all():
            panel.text(0.5, 0.5, "too large" if singular is None else "not finite", ha="center")
            continue
        values = singular.values[:LARGEST]
        panel.bar(range(1, len(values) + 1), values, color=look.SERIES[k % len(look.SERIES)])
        sizes = f"condition {singular.condition:.3g}, effective rank {singular.effective_rank:.1f}"
        panel.set_title(f"{name}\n{sizes}", fontsize=7)
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panel.set_xlabel("singular value")
    if recorded:
        statistics, _ = weight_tables.statistics_of(request)
        for k, measure in enumerate(("condition", "effective_rank")):
            panel = figure.add_subplot(grid[1, 3 * k : 3 * k + 3])
            over_time.weight_curves(panel, request, statistics, measure)
            look.step_axis(panel, request.span, request.data.interventions)
            panel.legend(loc="best")
    return figure


def _modules(request: ExportRequest) -> Figure:
    """The largest parameters of any model, those that learn apart from the frozen ones."""
    rows = sorted(tables.modules_of(request), key=lambda row: -row.size)[:LARGEST_PARAMETERS]
    figure = look.figure(0.9 + 0.22 * len(rows), f"{request.name}: where the parameters are")
    axes = figure.subplots()
    inks = [look.ADAPTIVE if row.plastic else look.BASELINE for row in rows]
    drawn = axes.barh(range(len(rows)), [row.size for row in rows], color=inks)
    words = ["learns" if row.plastic else "frozen" for row in rows]
    axes.bar_label(drawn, words, padding=2)
    axes.set_yticks(range(len(rows)), [f"{row.path}.{row.name}".lstrip(".") for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.15)
    axes.set_xlabel("elements")
    axes.grid(visible=False, axis="y")
    return figure


def architecture(request: ExportRequest) -> Figure:
    if not request.data.meta.is_point_mass:
        return _modules(request)
    decays = tables.decays_of(request)
    lives = tables.half_lives(decays)
    figure = look.figure(2.6, f"{request.name}: memory of the state, and the parameters")
    left, middle, right = figure.subplots(1, 3)
    left.hist(decays, np.linspace(0, 1, 21), color=look.ADAPTIVE)
    left.set_xlabel("decay exp(-softplus(a_raw) dt)")
    left.set_ylabel("units of the state")
    left.yaxis.set_major_locator(MaxNLocator(integer=True))
    middle.plot(np.sort(lives[np.isfinite(lives)]), ".-", color=look.ADAPTIVE, ms=3, lw=0.7)
    middle.set_xlabel("unit, by half-life")
    middle.set_ylabel("half-life (steps)")
    matrices, _ = weight_tables.matrices_at(request)
    sizes = {name: W.size for name, W in matrices.items()} | {"a_raw (frozen)": len(decays)}
    colours = [*look.SERIES[: len(matrices)], look.BASELINE]
    drawn = right.barh(range(len(sizes)), list(sizes.values()), color=colours)
    right.bar_label(drawn, padding=2)
    right.set_yticks(range(len(sizes)), list(sizes))
    right.set_ylim(len(sizes) - 0.5, -0.5)
    right.margins(x=0.2)
    right.set_xlabel("parameters")
    right.grid(visible=False, axis="y")
    return figure

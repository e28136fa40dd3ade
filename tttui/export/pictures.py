"""Figures of one moment or of space: paths, the weights, their spectrum, the model."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from tttui.draw.heat import Pyramid
from tttui.draw.plot import Bar, BarPlot
from tttui.draw.tracks import Scene
from tttui.export import ghost as ghosts
from tttui.export import look, over_time, painter, planes, tables, weight_tables
from tttui.export.request import ExportRequest
from tttui.model.arrays import PLASTIC
from tttui.model.errors import TttuiError
from tttui.model.numbers import short
from tttui.model.weights import TITLES, weights_at_start
from tttui.plots import paths
from tttui.plots.motion import motion_of
from tttui.plots.weights import conditions, decay_histogram, moved_plot, spectra_of, weight_map
from tttui.tasks.pointmass.hidden import world_of
from tttui.tasks.pointmass.stability import stability

LARGEST_PARAMETERS = 24
"""Parameters in the figure of a model."""

LARGEST = 10
"""Rows and columns shown of each matrix."""


def trajectory(request: ExportRequest) -> Figure:
    return _plane(request, "trajectory", paths.path_scene(motion_of(request.motion())))


def predictions(request: ExportRequest) -> Figure:
    """Where both models expected the path, as far beside it as can be seen."""
    scene = paths.prediction_scene(motion_of(request.motion()), request.span)
    if len(scene.tracks) == 1:
        raise TttuiError(f"{request.name}: no predictions to export: only errors are recorded")
    return _plane(request, "where both models expected the path", scene)


def _plane(request: ExportRequest, title: str, scene: Scene) -> Figure:
    figure = look.figure(4.6, f"{request.name}: {title}")
    palette = look.colours_of(request)
    planes.scene(figure, figure.subplots(), scene, request.span, request.at, palette)
    return figure


def ghost(request: ExportRequest) -> Figure:
    palette, followed = look.colours_of(request), paths.drawn(ghosts.ghost_of(request))
    title = f"the same actions with friction mu = {followed.found.mu:g}"
    figure = look.figure(5.6, f"{request.name}: {title}")
    plane, over = figure.subplots(2, 1, height_ratios=(2.6, 1))
    scene = paths.ghost_scene(motion_of(request.motion()), followed, request.span[1])
    planes.scene(figure, plane, scene, request.span, request.at, palette)
    painter.paint(over, paths.distance_plot(followed), request.span, palette)
    over.set_ylabel("distance")
    over.set_ylim(bottom=0.0)
    look.step_axis(over, request.span, palette, request.data.interventions)
    return figure


def weights(request: ExportRequest) -> Figure:
    compared = weight_tables.compared_at(request)
    matrices, roles = compared.matrices, request.matrices is PLASTIC
    what = TITLES[compared.aspect] if compared.is_change else "plastic weights"
    title = f"{request.name}: {what} at step {request.at} ({compared.says})"
    figure = look.figure(3.4, title)
    ratios = [min(max(W.shape[1] / max(W.shape[0], 1), 0.7), 1.6) for W in matrices.values()]
    axes = figure.subplots(1, len(matrices), width_ratios=ratios, squeeze=False)[0]
    scales, palette = weight_tables.scales_of(request), look.colours_of(request)
    for panel, (name, W) in zip(axes, matrices.items(), strict=True):
        shown = weight_map(name, compared, Pyramid(W), scales, roles=roles)
        planes.matrix(figure, panel, shown, palette)
    return figure


def moved(request: ExportRequest) -> Figure:
    of, parts_of = weight_tables.movement_of(request)
    figure = look.figure(4.6, f"{request.name}: what moved at step {request.at}: {of}")
    shown = [(key, parts[:LARGEST]) for key, parts in parts_of.items() if parts]
    axes = figure.subplots(2, -(-len(shown) // 2), squeeze=False).T.ravel()
    palette = look.colours_of(request)
    for panel, ((name, axis), parts) in zip(axes, shown, strict=False):
        plot = moved_plot(parts, name, axis, request.matrices.index(name))
        planes.bars(panel, replace(plot, unit="|change|"), palette, room=4)
    return figure


def spectrum_figure(request: ExportRequest) -> Figure:
    matrices, source = weight_tables.matrices_at(request)
    recorded = request.data.history is not None and len(request.data.history) > 0
    title = f"{request.name}: singular values at step {request.at} ({source})"
    figure = look.figure(4.2 if recorded else 2.4, title)
    grid = figure.add_gridspec(2 if recorded else 1, max(6, 2 * len(matrices)))
    palette, begun = look.colours_of(request), weights_at_start(request.data, request.matrices)
    for k, singular in enumerate(spectra_of(matrices, conditions(begun))):
        panel, spectrum = figure.add_subplot(grid[0, 2 * k : 2 * k + 2]), singular.spectrum
        panel.set_title(singular.name)
        if spectrum is None or not np.isfinite(spectrum.values).all():
            why = "too large" if spectrum is None else "not finite"
            panel.text(0.5, 0.5, why, ha="center", transform=panel.transAxes)
            continue
        planes.columns(panel, singular.plot(k), palette)
        condition = f"condition {short(spectrum.condition)}"
        if singular.warns and singular.growth is not None:
            condition = f"! {condition}, {short(singular.growth, 2)} x its start"
        rank = f"effective rank {spectrum.effective_rank:.2f} of {len(spectrum.values)}"
        panel.set_title(f"{singular.name}\n{condition}\n{rank}", fontsize=7)
        panel.set_xlabel("singular value")
    if recorded:
        statistics, _ = weight_tables.statistics_of(request)
        for k, measure in enumerate(("condition", "effective_rank")):
            panel = figure.add_subplot(grid[1, 3 * k : 3 * k + 3])
            over_time.weight_curves(panel, request, statistics, measure)
            look.step_axis(panel, request.span, palette, request.data.interventions)
            panel.legend(loc="best")
    return figure


def _modules(request: ExportRequest) -> Figure:
    """The largest parameters of any model, those that learn apart from the frozen ones."""
    rows = sorted(tables.modules_of(request), key=lambda row: -row.size)[:LARGEST_PARAMETERS]
    figure = look.figure(0.9 + 0.22 * len(rows), f"{request.name}: where the parameters are")
    shown = tuple(
        Bar(
            f"{row.path}.{row.name}".lstrip("."),
            row.size,
            "learns" if row.plastic else "frozen",
            "adaptive" if row.plastic else "frozen",
        )
        for row in rows
    )
    plot = BarPlot("", shown, (0.0, max((bar.value for bar in shown), default=1.0)), "elements")
    planes.bars(figure.subplots(), plot, look.colours_of(request))
    return figure


def architecture(request: ExportRequest) -> Figure:
    if not request.data.meta.is_point_mass:
        return _modules(request)
    decays, palette = tables.decays_of(request), look.colours_of(request)
    base = request.data.base or {}
    stable = stability(base["a_raw"], world_of(request.data).dt)
    figure = look.figure(2.6, f"{request.name}: memory of the state, and the parameters")
    left, middle, right = figure.subplots(1, 3)
    histogram, note = decay_histogram(stable)
    planes.upright(left, histogram, palette)
    left.set_title(note, fontsize=7.5)
    left.set_xlabel("decay exp(-softplus(a_raw) dt)")
    left.set_ylabel("units of the state")
    blue = look.role_colour("adaptive", palette)
    middle.plot(stable.half_lives, ".-", color=blue, ms=3, lw=0.7)
    middle.set_xlabel("unit, by half-life")
    middle.set_ylabel("half-life (steps)")
    matrices, _ = weight_tables.matrices_at(request)
    shown = [Bar(name, W.size, str(W.size), k) for k, (name, W) in enumerate(matrices.items())]
    shown.append(Bar("a_raw (frozen)", len(decays), str(len(decays)), "frozen"))
    plot = BarPlot("", tuple(shown), (0.0, max(bar.value for bar in shown)), "parameters")
    planes.bars(right, plot, palette)
    return figure

"""Figures over the steps: errors, state, transactions, gates, implied friction, statistics."""

from dataclasses import replace
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tttui.draw import outcome_bars
from tttui.draw.axis import TimeAxis
from tttui.draw.envelope import Series
from tttui.draw.look import Look
from tttui.draw.marks import Marks
from tttui.export import look, painter, planes, tables, weight_tables
from tttui.export.request import ExportRequest
from tttui.model.errors import TttuiError
from tttui.model.statistics import Statistics
from tttui.model.transactions import COMMIT
from tttui.plots.errors import error_plot, losses_of
from tttui.plots.gates import gate_plots
from tttui.plots.learned import learned_quantity
from tttui.plots.motion import ACTIONS, motion_of, series_plot, state_plots
from tttui.plots.weights import weight_plot
from tttui.tasks.pointmass.hidden import (
    CompleteWeights,
    implied,
    in_force,
    mu_at,
    mu_column,
    world_of,
)
from tttui.tasks.pointmass.identify import MU_GRID

BINS = 80
"""Bins of the transactions over time, at most half as many."""

BESIDE = 18
"""Characters of a line beside the plot of a series."""


def mse(request: ExportRequest) -> Figure:
    data, loss = request.data, request.data.meta.loss
    title = (
        "one-step prediction error" if data.meta.is_point_mass else f"{loss.name} of both models"
    )
    figure = look.figure(2.9, f"{request.name}: {title}")
    axes = figure.subplots()
    plot = error_plot(data, losses_of(data), smooth=False)
    if plot.marks is not None and len(data.transactions):
        plot = replace(plot, marks=replace(plot.marks, shown=request.transactions()[1]))
    words = {"no update": "session, no update"}
    palette = look.colours_of(request)
    painter.paint(axes, plot, request.span, palette, log=request.log, words=words)
    axes.set_ylabel(look.loss_axis(loss))
    look.step_axis(axes, request.span, palette, data.interventions)
    figure.legend(loc="outside lower left", ncols=4)
    return figure


def transactions(request: ExportRequest) -> Figure:
    events, inside = request.transactions()
    counts = tables.counts(request)
    figure = look.figure(1.2 + 0.28 * len(counts), f"{request.name}: update transactions")
    axes, palette = figure.subplots(), look.colours_of(request)
    outcome, names = events.outcomes()
    committed = events.t[inside & (outcome == COMMIT)]
    if len(committed):
        green = look.hexed(palette.status("commit"))
        axes.plot(committed, np.zeros(len(committed)), color=green, lw=1.2)
    for lane, status in enumerate(counts):
        t = events.t[inside & (outcome == names.index(status))]
        colour = look.hexed(palette.status(status))
        marker = look.status_marker(status)
        axes.plot(t, np.full(len(t), lane), marker=marker, ls="", color=colour, ms=4.5)
        if status != "commit" and len(t) <= look.MOST:
            axes.vlines(t, 0, lane, color=colour, lw=0.5, alpha=0.6)
    axes.set_yticks(range(len(counts)), [look.status_label(s, n) for s, n in counts.items()])
    axes.set_ylim(len(counts) - 0.5, -0.5)
    look.step_axis(axes, request.span, palette, request.data.interventions)
    return figure


def reasons(request: ExportRequest) -> Figure:
    events, inside = request.transactions()
    outcome, names = events.outcomes()
    marks = Marks(events.t[inside], outcome[inside], names)
    palette = look.colours_of(request)
    figure = look.figure(2.6, f"{request.name}: how transactions ended")
    kinds, when = figure.subplots(1, 2, width_ratios=(1, 1.4))
    plot = outcome_bars.outcome_plot(marks, Look(palette).with_statuses((), events.reasons))
    planes.bars(kinds, plot, palette, room=3, counts=True)
    axis = TimeAxis(*request.span, BINS)
    bins = outcome_bars.binned(marks, axis)
    edges = axis.edges()[:: 2 * bins.width]
    edges = np.append(edges[: len(bins.counts)], axis.edges()[-1])
    bottom = np.zeros(len(bins.counts))
    for kind in outcome_bars.stack_order(marks):
        high = bins.counts[:, kind]
        colour = look.hexed(palette.status(names[kind]))
        when.bar(edges[:-1], high, 0.9 * np.diff(edges), bottom, align="edge", color=colour)
        bottom += high
    when.set_title("transactions over time")
    when.set_ylabel("transactions in a bin")
    when.yaxis.set_major_locator(MaxNLocator(integer=True))
    look.step_axis(when, request.span, palette, request.data.interventions)
    return figure


def state(request: ExportRequest) -> Figure:
    """x, y, vx and vy above one another, with the actions that push the velocities."""
    plots = state_plots(motion_of(request.motion()))
    palette = look.colours_of(request)
    figure, axes = _stacked(request, 5.8, "observed state and actions", len(plots))
    words = {name: f"action {name} (acceleration)" for name in ACTIONS}
    for panel, plot in zip(axes, plots, strict=True):
        painter.paint(panel, plot, request.span, palette, words=words)
        panel.set_ylabel(f"{plot.title} ({plot.unit})")
        if len(plot.traces) > 1:
            look.legend_above(panel, 2)
    return figure


def series(request: ExportRequest) -> Figure:
    """Every recorded series above the other, with the unit that it has."""
    table = request.recorded()
    names, palette = table.names[: tables.MOST_DRAWN], look.colours_of(request)
    figure, axes = _stacked(request, 0.8 + 1.1 * len(names), "recorded series", len(names))
    for panel, name in zip(axes, names, strict=True):
        plot = series_plot(request.data, name, Series(*table.of(name)))
        painter.paint(panel, plot, request.span, palette)
        panel.set_ylabel(fill(plot.title, BESIDE))
    return figure


def gates(request: ExportRequest) -> Figure:
    """Measured values of the gates, with their limits."""
    events, inside = request.transactions()
    data, meta = request.data, request.data.meta
    if not inside.all():
        data = replace(data, transactions=events.only(inside))
    loss = "loss (MSE)" if meta.is_point_mass else f"loss ({meta.loss.label})"
    titles = {"grad_norm": "gradient norm", "loss": loss, "max |h|": "largest |h|"}
    words = {"pre": "before", "post": "after"}
    plots = gate_plots(data, "")
    palette = look.colours_of(request)
    figure, axes = _stacked(request, 4.6, "what the gates saw", len(plots))
    for panel, (plot, log) in zip(axes, plots, strict=True):
        painter.paint(panel, plot, request.span, palette, log=log, words=words, dots=True)
        panel.set_ylabel(titles.get(plot.title, plot.title))
        if plot.traces:
            look.legend_above(panel, 4)
    return figure


def _stacked(
    request: ExportRequest, height: float, title: str, n: int
) -> tuple[Figure, list[Axes]]:
    """A figure of n plots above one another, which share their axis of steps."""
    figure = look.figure(height, f"{request.name}: {title}")
    axes = look.panels(figure, n)
    palette, changes = look.colours_of(request), request.data.interventions
    look.step_axis(axes[-1], request.span, palette, changes, axes[:-1])
    return figure, axes


def mu(request: ExportRequest) -> Figure:
    """The friction that the weights imply, over the steps and by world."""
    data, trajectory = request.data, request.trajectory
    weights = in_force(data, request.at)
    implied_at = implied(weights, world_of(data)) if isinstance(weights, CompleteWeights) else None
    column = None if trajectory is None else mu_column(data, trajectory)
    true = None
    if trajectory is not None and column is not None:
        true = Series(trajectory.t, column)
    plot = learned_quantity(data, None if implied_at is None else (request.at, implied_at.mu), true)
    if not plot.traces and isinstance(weights, str):
        raise TttuiError(f"{request.name}: no implied mu to export: {weights}")
    figure = look.figure(2.6, f"{request.name}: hidden friction read out of the weights")
    over, by = figure.subplots(1, 2, width_ratios=(1.4, 1))
    palette = look.colours_of(request)
    painter.paint(over, plot, request.span, palette, words={"implied": "implied by the weights"})
    over.set_ylabel("friction mu")
    look.step_axis(over, request.span, palette, data.interventions)
    if plot.traces:
        over.legend(loc="best")
    truth = mu_at(data, trajectory, request.at)
    if implied_at is not None and isinstance(weights, CompleteWeights):
        colour, third = (look.role_colour(role, palette) for role in ("adaptive", "third"))
        by.plot(MU_GRID, implied_at.curve, color=colour, label=weights.name)
        if truth is not None:
            by.axvline(truth, color=third, lw=0.8, label=f"true {truth:.4f}")
        if np.isfinite(implied_at.mu):
            label = f"implied {implied_at.mu:.4f}"
            by.axvline(implied_at.mu, color=colour, ls="--", lw=0.8, label=label)
        look.logarithmic(by, implied_at.curve)
        by.legend(loc="best")
    by.set_xlabel("friction mu of a test world")
    by.set_ylabel("mean squared error")
    return figure


def weight_statistics(request: ExportRequest) -> Figure:
    """Norm, largest value, mean and standard deviation of the weights over the snapshots."""
    statistics, _ = weight_tables.statistics_of(request)
    figure = look.figure(4.0, f"{request.name}: plastic weights over the snapshots")
    axes = figure.subplots(2, 2, sharex=True)
    for panel, measure in zip(axes.flat, weight_tables.STATISTICS, strict=True):
        weight_curves(panel, request, statistics, measure)
    palette = look.colours_of(request)
    for panel, above in zip(axes[-1], axes[0], strict=True):
        look.step_axis(panel, request.span, palette, request.data.interventions, [above])
    axes[0, 0].legend(loc="best", ncols=3)
    return figure


def weight_curves(axes: Axes, request: ExportRequest, statistics: Statistics, measure: str) -> None:
    """One figure of the matrices over the snapshots, with its name."""
    plot = weight_plot(measure, statistics, request.last)
    palette = look.colours_of(request)
    painter.paint(axes, plot, request.span, palette, log=measure == "condition")
    axes.set_ylabel(plot.title)

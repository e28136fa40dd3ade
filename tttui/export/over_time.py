"""Figures over the steps: errors, state, transactions, gates, implied friction, statistics."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tttui.draw.envelope import Series
from tttui.export import look, painter, tables, weight_tables
from tttui.export.request import Request
from tttui.model.arrays import Floats
from tttui.model.transactions import COMMIT
from tttui.plots.errors import error_plot, losses_of
from tttui.plots.gates import gate_plots, limit_curve, limit_line, tolerance
from tttui.tasks.pointmass.hidden import Snapshot, implied, in_force, mu_column
from tttui.tasks.pointmass.identify import MU_GRID

BINS = 40
"""Bins of the transactions over time."""

MEASURES = {
    "fro": "Frobenius norm",
    "max_abs": "largest |value|",
    "mean": "mean",
    "std": "standard deviation",
}


def mse(request: Request) -> Figure:
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
    painter.paint(axes, plot, request.span, log=request.log, words=words)
    axes.set_ylabel(look.loss_axis(loss))
    look.step_axis(axes, request.span, data.interventions)
    figure.legend(loc="outside lower left", ncols=4)
    return figure


def state(request: Request) -> Figure:
    motion = request.motion()
    figure = look.figure(5.8, f"{request.name}: observed state and actions")
    axes = look.panels(figure, 4)
    units = ("position", "position", "velocity", "velocity")
    for k, (name, unit) in enumerate(zip(tables.STATE, units, strict=True)):
        if k >= 2:
            push = motion.a[:, k - 2].astype(np.float64)
            at: Floats = motion.t.astype(np.float64)
            stems: Floats = push
            if len(push) > look.MOST:
                edges = look.stretches(at[0], at[-1])
                at, stems = (edges[1:] + edges[:-1]) / 2, Series(at, push).columns(edges).mean
            label = f"action a{name[1]} (acceleration)"
            axes[k].vlines(at, 0.0, stems, color=look.THIRD, lw=0.5, label=label)
        look.curve(axes[k], motion.t, motion.z[:, k].astype(np.float64), look.ADAPTIVE, name)
        axes[k].set_ylabel(f"{name} ({unit})")
        if k >= 2:
            look.legend_above(axes[k], 2)
    look.step_axis(axes[-1], request.span, request.data.interventions, axes[:-1])
    return figure


def series(request: Request) -> Figure:
    """Every recorded series above the other, with the unit that it has."""
    table = request.recorded()
    names = table.names[: tables.MOST_DRAWN]
    figure = look.figure(0.8 + 1.1 * len(names), f"{request.name}: recorded series")
    axes = look.panels(figure, len(names))
    for k, (panel, name) in enumerate(zip(axes, names, strict=True)):
        t, y = table.of(name)
        part = request.rows(t)
        look.curve(panel, t[part], y[part], look.SERIES[k % len(look.SERIES)], name)
        unit = request.data.meta.schema.units.get(name, "")
        panel.set_ylabel(f"{name} ({unit})" if unit else name)
    look.step_axis(axes[-1], request.span, request.data.interventions, axes[:-1])
    return figure


def transactions(request: Request) -> Figure:
    events, inside = request.transactions()
    found = tables.counts(request)
    figure = look.figure(1.2 + 0.28 * len(found), f"{request.name}: update transactions")
    axes = figure.subplots()
    outcome, names = events.outcomes()
    committed = events.t[inside & (outcome == COMMIT)]
    if len(committed):
        axes.plot(committed, np.zeros(len(committed)), color=look.status_colour("commit"), lw=1.2)
    for lane, status in enumerate(found):
        t = events.t[inside & (outcome == names.index(status))]
        colour = look.status_colour(status)
        marker = look.status_marker(status)
        axes.plot(t, np.full(len(t), lane), marker=marker, ls="", color=colour, ms=4.5)
        if status != "commit" and len(t) <= look.MOST:
            axes.vlines(t, 0, lane, color=colour, lw=0.5, alpha=0.6)
    axes.set_yticks(range(len(found)), [look.status_label(s, n) for s, n in found.items()])
    axes.set_ylim(len(found) - 0.5, -0.5)
    look.step_axis(axes, request.span, request.data.interventions)
    return figure


def gates(request: Request) -> Figure:
    events, inside = request.transactions()
    figure = look.figure(4.6, f"{request.name}: what the gates saw")
    axes = look.panels(figure, 3)
    data, meta = request.data, request.data.meta
    if not inside.all():
        data = replace(data, transactions=events.only(inside))
    loss = "loss (MSE)" if meta.is_point_mass else f"loss ({meta.loss.label})"
    titles = {"grad_norm": "gradient norm", "loss": loss, "max |h|": "largest |h|"}
    words = {"pre": "before", "post": "after"}
    plots = gate_plots(data, "")
    if not meta.is_point_mass:  # on paper there is room for the limits of any model
        (norm, norm_log), (losses, losses_log), own = plots
        key = "grad_norm_max"
        traces = (*limit_curve(data, key), *norm.traces)
        norm = replace(norm, traces=traces, thresholds=limit_line(data, key))
        plots = [(norm, norm_log), (replace(losses, band=tolerance(data)), losses_log), own]
    for panel, (plot, log) in zip(axes, plots, strict=True):
        painter.paint(panel, plot, request.span, log=log, words=words, dots=True)
        panel.set_ylabel(titles.get(plot.title, plot.title))
        if plot.traces:
            look.legend_above(panel, 4)
    look.step_axis(axes[-1], request.span, data.interventions, axes[:-1])
    return figure


def reasons(request: Request) -> Figure:
    found = tables.counts(request)
    events, inside = request.transactions()
    figure = look.figure(2.6, f"{request.name}: how transactions ended")
    bars, when = figure.subplots(1, 2, width_ratios=(1, 1.4))
    outcome, outcomes = events.outcomes()
    names, numbers = list(found), list(found.values())
    colours = [look.status_colour(name) for name in names]
    drawn = bars.barh(range(len(names)), numbers, color=colours)
    bars.bar_label(drawn, padding=2)
    bars.set_yticks(range(len(names)), [look.status_words(name) for name in names])
    bars.set_ylim(max(len(names), 3) - 0.5, -0.5)
    bars.set_xlabel("transactions")
    bars.xaxis.set_major_locator(MaxNLocator(integer=True))
    bars.grid(visible=False, axis="y")
    edges = np.linspace(request.span[0], request.span[1] + 1, BINS + 1)
    bottom = np.zeros(BINS)
    for name, colour in zip(names, colours, strict=True):
        of_this = inside & (outcome == outcomes.index(name))
        high, _ = np.histogram(events.t[of_this], edges)
        width = float(edges[1] - edges[0])
        when.bar(edges[:-1], high, width, bottom, align="edge", color=colour, label=name)
        bottom += high
    when.set_ylabel("transactions in a bin")
    when.yaxis.set_major_locator(MaxNLocator(integer=True))
    look.step_axis(when, request.span, request.data.interventions)
    return figure


def mu(request: Request) -> Figure:
    t, found, truth = tables.implied_over_time(request)
    figure = look.figure(2.6, f"{request.name}: hidden friction read out of the weights")
    over, by = figure.subplots(1, 2, width_ratios=(1.4, 1))
    over.plot(t, found, ".-", color=look.ADAPTIVE, lw=0.8, ms=3, label="implied by the weights")
    known = [(at, value) for at, value in zip(t, truth, strict=True) if value is not None]
    column = None if request.trajectory is None else mu_column(request.data, request.trajectory)
    if column is not None and request.trajectory is not None:
        part = request.rows(request.trajectory.t)
        over.step(
            request.trajectory.t[part], column[part], where="post", color=look.THIRD, label="true"
        )
    elif known:
        over.axhline(known[-1][1], color=look.THIRD, label="true")
    over.set_ylabel("friction mu")
    look.step_axis(over, request.span, request.data.interventions)
    over.legend(loc="best")
    held = in_force(request.data, request.at)
    if isinstance(held, Snapshot):
        result = implied(held, request.data.meta.world)
        by.plot(MU_GRID, result.curve, color=look.ADAPTIVE, label=held.name)
        if known:
            by.axvline(known[-1][1], color=look.THIRD, lw=0.8, label=f"true {known[-1][1]:.4f}")
        if np.isfinite(result.mu):
            by.axvline(
                result.mu, color=look.ADAPTIVE, ls="--", lw=0.8, label=f"implied {result.mu:.4f}"
            )
        look.logarithmic(by, result.curve)
        by.legend(loc="best")
    by.set_xlabel("friction mu of a test world")
    by.set_ylabel("mean squared error")
    return figure


def weight_statistics(request: Request) -> Figure:
    statistics, _ = weight_tables.statistics_of(request)
    figure = look.figure(4.0, f"{request.name}: plastic weights over the snapshots")
    axes = figure.subplots(2, 2, sharex=True)
    for panel, (measure, title) in zip(axes.flat, MEASURES.items(), strict=True):
        look.stairs(panel, statistics, measure, request.span)
        panel.set_ylabel(title)
    for panel, above in zip(axes[-1], axes[0], strict=True):
        look.step_axis(panel, request.span, request.data.interventions, [above])
    axes[0, 0].legend(loc="best", ncols=3)
    return figure

"""Figures of several sessions: their errors side by side, and the transfer matrix."""

from dataclasses import replace
from textwrap import wrap

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from tttui.draw import transfermap
from tttui.draw.sidebyside import barred, metric_plot
from tttui.export import look, painter, planes
from tttui.export.request import ExportRequest
from tttui.model.compare import SCALED_LOSS, Comparison, Metric, loss_scales, losses_differ
from tttui.model.text import visible
from tttui.model.transfer import BASE, transfer_sentence
from tttui.plots.compared import compared_errors

BESIDE = 2
"""Numbers whose bars stand beside each other."""

LINE = 120
"""Characters of a line of text below a figure."""


def comparison(request: ExportRequest) -> Figure:
    """The errors over the steps, and below them the numbers of every session as bars."""
    compared = request.compared
    assert compared is not None
    palette = look.colours_of(request)
    mixed = losses_differ(compared.sessions)
    axis = SCALED_LOSS if mixed else look.loss_axis(compared.sessions[0].meta.loss)
    plot = compared_errors(compared, smooth=False)
    shown = [metric_plot(compared.names, metric) for metric in barred(_scaled(compared))]
    rows = -(-len(shown) // BESIDE)
    below = 0.5 + 0.2 * len(compared.names)
    title = "Sessions compared: " + ", ".join(compared.names)
    figure = look.figure(3.0 + below * rows, title)
    heights = (2.4, *[below] * rows)
    grid = figure.add_gridspec(1 + rows, BESIDE, height_ratios=heights)
    curves = figure.add_subplot(grid[0, :])
    drawn = [trace.series.t for trace in plot.traces]
    span = (min(int(t[0]) for t in drawn), max(int(t[-1]) for t in drawn)) if drawn else (0, 0)
    painter.paint(curves, plot, span, palette, log=request.log)
    curves.set_ylabel(axis)
    look.step_axis(curves, span, palette)
    if drawn:
        curves.legend(loc="best", ncols=2)
    for k, bars in enumerate(shown):
        planes.bars(figure.add_subplot(grid[1 + k // BESIDE, k % BESIDE]), bars, palette)
    if compared.warnings:
        red = look.hexed(palette.threshold)
        lines = [line for text in compared.warnings for line in wrap(f"! {text}", LINE)]
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7, color=red)
    return figure


def _scaled(compared: Comparison) -> list[Metric]:
    """The numbers; final losses of different units as parts of the frozen model's mean."""
    if not losses_differ(compared.sessions):
        return list(compared.metrics)
    scales, metrics = loss_scales(compared.sessions), []
    for metric in compared.metrics:
        if metric.units:
            pairs = zip(metric.values, scales, strict=True)
            values = tuple(None if v is None or not by else v / by for v, by in pairs)
            metric = replace(metric, values=values, units=(), unit=SCALED_LOSS)
        metrics.append(metric)
    return metrics


def transfer(request: ExportRequest) -> Figure:
    """Errors as numbers, their ratio to the frozen base of the same world as colour."""
    tested, names = request.tested()
    labels = [f"{visible(name)}\n{world}" for name, world in zip(names, tested.worlds, strict=True)]
    n, palette = len(names), look.colours_of(request)
    ratios = np.vstack([np.ones(n), tested.ratios])
    errors = np.vstack([tested.base, tested.errors])
    figure = look.figure(2.2 + 0.45 * (n + 1), "Frozen weights of each session in each world")
    axes = figure.subplots()
    most = transfermap.full_colour(tested)
    shown = np.ma.masked_invalid(np.where(ratios > 0, ratios, 1 / most))
    image = axes.imshow(
        shown, cmap=look.signed(palette), norm=LogNorm(1 / most, most), aspect="auto"
    )
    for j, winner in enumerate(tested.winners):
        for i in range(n + 1):
            row = BASE if i == 0 else i - 1
            paper = transfermap.paper(float(ratios[i, j]), most, palette)
            ink = palette.text if paper is None else transfermap.contrasting(paper)
            best = row == winner
            text = f"{errors[i, j]:.3g}{'*' * best}"
            text = f"[{text}]" if i == j + 1 else text
            weight = "bold" if best else "normal"
            colour = look.hexed(ink)
            axes.text(j, i, text, ha="center", va="center", color=colour, weight=weight)
    axes.set_xticks(range(n), labels)
    axes.set_yticks(range(n + 1), ["frozen base", *labels])
    axes.set_xlabel("in the world of")
    axes.set_ylabel("weights of")
    axes.grid(visible=False)
    scale = figure.colorbar(image, ax=axes, label="error / frozen base's in that world")
    scale.minorticks_off()
    look.powers_of_ten(scale.ax.yaxis)
    assert request.compared is not None
    texts = [transfer_sentence(tested, request.compared.names)]
    texts += [f"Left out: {reason}." for reason in tested.missing]
    texts.append(transfermap.note(tested, 0, palette))
    lines = [line for text in texts for line in wrap(text, LINE)]
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7)
    return figure

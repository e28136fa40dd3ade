"""Figures of several sessions: their errors side by side, and the transfer matrix."""

from textwrap import wrap

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from tttui.export import look, painter
from tttui.export.request import ExportRequest
from tttui.model.arrays import Floats
from tttui.model.compare import SCALED_LOSS, loss_scales, losses_differ
from tttui.model.schema import Loss
from tttui.model.transfer import BASE, transfer_sentence
from tttui.plots.compared import compared_errors

LINE = 120
"""Characters of a line of text below a figure."""


def comparison(request: ExportRequest) -> Figure:
    compared = request.compared
    assert compared is not None
    figure = look.figure(4.8, "Sessions compared: " + ", ".join(compared.names))
    curves, bars = figure.subplots(2, 1, height_ratios=(1.6, 1))
    mixed, scales = losses_differ(compared.sessions), loss_scales(compared.sessions)
    loss = Loss("loss") if mixed else compared.sessions[0].meta.loss
    name, axis = loss.name, SCALED_LOSS if mixed else look.loss_axis(loss)
    plot = compared_errors(compared, smooth=False)
    drawn = [trace.series.t for trace in plot.traces]
    span = (min(int(t[0]) for t in drawn), max(int(t[-1]) for t in drawn)) if drawn else (0, 0)
    painter.paint(curves, plot, span, log=request.log)
    curves.set_ylabel(axis)
    look.step_axis(curves, span)
    if drawn:
        curves.legend(loc="best", ncols=2)
    shown = [m for m in compared.metrics if m.name in (f"frozen {name}", f"adaptive {name}")]
    at, every = np.arange(len(compared.names)), list[Floats]()
    for k, metric in enumerate(shown):
        pairs = zip(metric.values, scales, strict=True)
        values = np.array([np.nan if v is None or by is None else v / by for v, by in pairs])
        every.append(values)
        colour = look.BASELINE if metric.name.startswith("frozen") else look.ADAPTIVE
        bars.bar(at + 0.4 * k - 0.2, values, 0.38, color=colour, label=f"{metric.name}, last 100")
    if request.log:
        look.logarithmic(bars, *every)
    bars.set_xticks(at, list(compared.names))
    bars.set_ylabel(axis)
    bars.grid(visible=False, axis="x")
    bars.legend(loc="best")
    if compared.warnings:
        lines = [line for text in compared.warnings for line in wrap(f"! {text}", LINE)]
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7, color=look.THRESHOLD)
    return figure


def transfer(request: ExportRequest) -> Figure:
    """Errors as numbers, their ratio to the frozen base of the same world as colour."""
    assert request.compared is not None
    tested = request.compared.transfer
    assert tested is not None
    names = [request.compared.names[i] for i in tested.sessions]
    labels = [f"{name}\nmu {mu:.4g}" for name, mu in zip(names, tested.mus, strict=True)]
    n = len(names)
    ratios = np.vstack([np.ones(n), tested.ratios])
    errors = np.vstack([tested.base, tested.errors])
    figure = look.figure(1.8 + 0.45 * (n + 1), "Frozen weights of each session in each world")
    axes = figure.subplots()
    known = ratios[np.isfinite(ratios) & (ratios > 0)]
    most = float(max(10.0, known.max(initial=1.0), 1 / known.min(initial=1.0)))
    signed = LinearSegmentedColormap.from_list("signed", list(look.DIVERGING))
    hues = signed.with_extremes(bad=look.MISSING)
    shown = np.ma.masked_invalid(np.where(ratios > 0, ratios, 1 / most))
    image = axes.imshow(shown, cmap=hues, norm=LogNorm(1 / most, most), aspect="auto")
    for j, winner in enumerate(tested.winners):
        for i in range(n + 1):
            row = BASE if i == 0 else i - 1
            strong = abs(np.log(ratios[i, j])) > 0.6 * np.log(most)
            text = f"{errors[i, j]:.3g}" + ("*" if row == winner else "")
            axes.text(
                j,
                i,
                text,
                ha="center",
                va="center",
                color="white" if strong else "black",
                weight="bold" if row == winner else "normal",
            )
    axes.set_xticks(range(n), labels)
    axes.set_yticks(range(n + 1), ["frozen base", *labels])
    axes.set_xlabel("in the world of")
    axes.set_ylabel("weights of")
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, label="error / frozen base's in that world")
    texts = [transfer_sentence(tested, request.compared.names)]
    texts += [f"Left out: {reason}." for reason in tested.missing]
    lines = [line for text in texts for line in wrap(text, LINE)]
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7)
    return figure

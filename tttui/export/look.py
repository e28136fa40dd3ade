"""How figures look on paper: one set of sizes, fonts and colours for all of them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, LogFormatterSciNotation

from tttui.draw.colours import Colour, blend
from tttui.draw.curves import lone
from tttui.draw.envelope import Series
from tttui.draw.palette import PALETTES, Palette
from tttui.draw.plot import Role, ink
from tttui.draw.reading import status_words as status_words
from tttui.export.request import ExportRequest
from tttui.model.arrays import Floats, Ints
from tttui.model.schema import Loss
from tttui.model.text import visible_lines
from tttui.model.transactions import STATUSES, UNDONE

WIDE = 6.75
"""Inches: the width of two columns of a journal's page."""

DPI = 200

MOST = 4000
"""Longer curves are drawn as the minimum and maximum of this many stretches, losing no extreme."""

NAMED = 12
"""Changes of a run that are named on a figure; more are only marked."""

STATUS_MARKERS: Mapping[str, str | MarkerStyle] = {
    "commit": "o",
    "rollback_loss_regression": "^",
    "rollback_grad_norm": "D",
    "rollback_state_norm": "s",
    "rollback_non_finite": "X",
    "rollback_live_regression": "v",
    UNDONE: MarkerStyle("o", fillstyle="none"),
}


def hexed(colour: Colour) -> str:
    """A 24-bit colour as matplotlib writes it."""
    return f"#{colour:06x}"


PATTERNS = ("-", "--", ":")
"""Of the lines that have no role."""

GRID = 0.45
"""How much of the colour of grid dots is in the grid of a figure."""


def rc(palette: Palette) -> dict[Any, Any]:
    """The settings of matplotlib for figures in these colours."""
    ground, text = hexed(palette.ground), hexed(palette.text)
    grid = hexed(blend(palette.ground, palette.faint, GRID))
    return {
        "text.color": text,
        "axes.labelcolor": text,
        "axes.edgecolor": text,
        "axes.facecolor": ground,
        "xtick.color": text,
        "ytick.color": text,
        "hatch.color": ground,
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "axes.titlesize": 9,
        "axes.labelsize": 8,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": grid,
        "grid.linewidth": 0.5,
        "axes.axisbelow": True,
        "legend.fontsize": 7.5,
        "legend.frameon": True,
        "legend.edgecolor": "none",
        "legend.facecolor": ground,
        "legend.framealpha": 0.85,
        "lines.linewidth": 1.0,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "figure.facecolor": ground,
        "savefig.facecolor": ground,
        "pdf.fonttype": 42,
        "svg.fonttype": "path",
        "svg.hashsalt": "tttui",
        "text.parse_math": False,
        "path.simplify": True,
        "agg.path.chunksize": 10_000,
    }


def colours_of(request: ExportRequest) -> Palette:
    """The colours of a figure, of a person's own statuses too."""
    palette = PALETTES[request.theme]
    statuses = request.data.transactions.statuses
    return palette.with_statuses([name for name in statuses if name not in STATUSES])


def role_colour(role: Role, palette: Palette) -> str:
    """The colour of a curve."""
    return hexed(ink(role, palette))


def signed(palette: Palette) -> Colormap:
    """From the most negative value over zero to the most positive one."""
    stops = LinearSegmentedColormap.from_list("signed", list(map(hexed, palette.diverging)))
    return stops.with_extremes(bad=hexed(palette.missing))


def loss_axis(loss: Loss) -> str:
    """The label of an axis of losses."""
    return "mean squared error" if loss == Loss() else loss.label


def status_marker(status: str) -> str | MarkerStyle:
    return STATUS_MARKERS.get(status, "P")


def status_label(status: str, n: int) -> str:
    if status == UNDONE:
        return f"commit, undone later ({n})"
    words = "commit" if status == "commit" else f"rolled back: {status_words(status)}"
    return f"{words} ({n})"


def figure(height: float, title: str) -> Figure:
    """An empty figure of two columns' width."""
    made = Figure(figsize=(WIDE, height), layout="constrained", dpi=DPI)
    made.suptitle(title, fontsize=9, x=0.01, ha="left")
    return made


def panels(made: Figure, n: int) -> list[Axes]:
    """n plots above one another that share their step axis."""
    axes = made.subplots(n, 1, sharex=True, squeeze=False)
    return list(axes[:, 0])


def legend_above(axes: Axes, columns: int) -> None:
    """The legend above the axes, where it covers nothing."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0, ncols=columns)


def step_axis(
    axes: Axes,
    span: tuple[int, int],
    palette: Palette,
    changes: Sequence[tuple[int, str]] = (),
    above: Sequence[Axes] = (),
) -> None:
    """Steps from span[0] to span[1] on the horizontal axis.

    Where somebody changed the run (`changes`: step and words) a line goes through the axes and
    the panels above them; the words stand at the top, unless they are too many to be read.
    """
    low, high = span
    margin = max((high - low) * 0.01, 0.5)
    axes.set_xlim(low - margin, high + margin)
    axes.set_xlabel("step")
    inside = [(t, what) for t, what in changes if low <= t <= high]
    panels = [*above, axes]
    for panel in panels if inside else ():
        across = panel.get_xaxis_transform()
        steps = [t for t, _ in inside]
        panel.vlines(
            steps,
            0,
            1,
            color=hexed(palette.muted),
            lw=0.7,
            ls=(0, (1, 2)),
            transform=across,
            zorder=1.5,
        )
    for t, what in inside if len(inside) <= NAMED else ():
        label = panels[0].text(
            t, 0.98, f"{what} ", rotation=90, va="top", ha="right", fontsize=5.5,
            color=hexed(palette.muted), transform=panels[0].get_xaxis_transform(), zorder=5,
        )  # fmt: skip
        label.set_bbox(
            {"facecolor": hexed(palette.ground), "alpha": 0.75, "edgecolor": "none", "pad": 0.4}
        )


def logarithmic(axes: Axes, *values: Floats) -> None:
    """A logarithmic value axis, where anything is above 0."""
    if any((np.isfinite(v) & (v > 0)).any() for v in values):
        log_scale(axes)


def log_scale(axes: Axes, *, across: bool = False) -> None:
    """A logarithmic value axis (the horizontal one if `across`) with plain labels."""
    (axes.set_xscale if across else axes.set_yscale)("log")
    powers_of_ten(axes.xaxis if across else axes.yaxis)


def powers_of_ten(axis: Axis) -> None:
    """Plain labels on a logarithmic axis."""
    axis.set_major_formatter(PowersOfTen())
    axis.set_minor_formatter(PowersOfTen())


class PowersOfTen(LogFormatterSciNotation):
    """Labels like 2×10⁻³ as text: a figure reads none as mathematics, since names may hold `$`.

    Where all of the axis lies between 0.1 and 1000 they are plain numbers.
    """

    def __call__(self, x: float, pos: int | None = None) -> str:
        match = _POWER.fullmatch(super().__call__(x, pos))
        if match is None:
            return ""
        low, high = sorted(self.axis.get_view_interval())  # type: ignore[union-attr]
        if low >= 0.1 and high <= 1000.0:
            return f"{x:g}"
        factor, exponent = match[1].replace(r"\times", "×"), match[2]
        return f"{factor}10{exponent.translate(_RAISED)}"


_POWER = re.compile(r"\$\\mathdefault\{\{?(.*?)10\^\{(-?\d+)\}\}?\}\$")

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def made_visible(figure: Figure) -> Figure:
    """The figure with all of its texts made safe to show."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_locator(), FixedLocator):
                # ticks get their labels anew whenever they are drawn
                labels = [visible_lines(label.get_text()) for label in axis.get_ticklabels()]
                axis.set_ticklabels(labels)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_text(visible_lines(text.get_text()))
    return figure


def curve(
    axes: Axes,
    t: Ints | Floats,
    y: Floats,
    colour: str,
    label: str,
    *,
    width: float = 0.9,
    order: int = 2,
    dashed: bool = False,
    dots: bool = False,
    missing: Ints | Floats | None = None,
) -> None:
    """A line; a long one as the envelope of its stretches with the mean in it.

    `missing`: the steps of values that are NaN and get a mark; None: of all that are.
    """
    not_numbers(axes, t[np.isnan(y)] if missing is None else missing, colour)
    y = np.where(np.isfinite(y), y, np.nan)
    line: dict[str, Any] = {"color": colour, "lw": width, "label": label, "zorder": order}
    line["ls"] = "--" if dashed else "-"
    if len(t) <= MOST:
        if dots or len(t) < 2:
            line |= {"marker": "o" if len(t) < 2 else ".", "ms": 3}
        axes.plot(t, y, **line)
        alone = lone(y)
        if len(t) > 1 and len(alone):
            axes.plot(t[alone], y[alone], "o", color=colour, ms=3, zorder=order)
        return
    edges = stretches(t[0], t[-1])
    envelope = Series(t, y).columns(edges)
    at = (edges[1:] + edges[:-1]) / 2
    axes.fill_between(at, envelope.low, envelope.high, color=colour, alpha=0.35, lw=0, zorder=order)
    axes.plot(at, envelope.mean, **line)


def stretches(first: float, last: float) -> Floats:
    """The bounds of the stretches by which long curves are drawn."""
    return np.linspace(first, np.nextafter(float(last), np.inf), MOST // 2 + 1)


def not_numbers(axes: Axes, t: Ints | Floats, colour: str) -> None:
    """A cross at the lower edge for every step at which a value is NaN: nothing else would tell."""
    if len(t) > MOST:
        t = t[np.unique(np.linspace(0, len(t) - 1, MOST).astype(np.int64))]
    if len(t):
        edge = axes.get_xaxis_transform()
        axes.plot(t, np.zeros(len(t)), "x", color=colour, ms=4, transform=edge, clip_on=False)

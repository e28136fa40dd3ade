"""Figures by name, rendered without a display."""

import io
import logging
import warnings

# What matplotlib logs while it looks for fonts would be printed over the screen.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

from collections.abc import Callable  # noqa: E402

import matplotlib  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from tttui.draw.palette import LIGHT, Palette  # noqa: E402
from tttui.draw.plot import Plot  # noqa: E402
from tttui.export import compared, look, over_time, painter, pictures  # noqa: E402
from tttui.export.request import ExportRequest  # noqa: E402

_FIGURES: dict[str, Callable[[ExportRequest], Figure]] = {
    "mse": over_time.mse,
    "trajectory": pictures.trajectory,
    "predictions": pictures.predictions,
    "ghost": pictures.ghost,
    "state": over_time.state,
    "series": over_time.series,
    "weights": pictures.weights,
    "moved": pictures.moved,
    "weight-statistics": over_time.weight_statistics,
    "spectrum": pictures.spectrum_figure,
    "transactions": over_time.transactions,
    "gates": over_time.gates,
    "reasons": over_time.reasons,
    "mu": over_time.mu,
    "architecture": pictures.architecture,
    "comparison": compared.comparison,
    "transfer": compared.transfer,
}


def rendered(request: ExportRequest, format: str) -> bytes:
    """The figure of a checked request as PNG, SVG or PDF."""
    palette = look.colours_of(request)
    return _drawn(lambda: _FIGURES[request.what](request), format, palette)


def plotted(
    plot: Plot,
    title: str,
    span: tuple[int, int],
    format: str,
    palette: Palette = LIGHT,
    *,
    log: bool = False,
) -> bytes:
    """A plot as charts have it, over the steps of a span, as PNG, SVG or PDF."""

    def make() -> Figure:
        figure = look.figure(3.4, title)
        axes = figure.subplots()
        painter.paint(axes, plot, span, palette, log=log)
        look.step_axis(axes, span, palette)
        if plot.traces:
            axes.legend(loc="best")
        return figure

    return _drawn(make, format, palette)


def _drawn(make: Callable[[], Figure], format: str, palette: Palette) -> bytes:
    out = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box stands for it
        matplotlib.rcdefaults()  # a matplotlibrc in the working directory may be anybody's
        matplotlib.rcParams.update(look.rc(palette))
        look.made_visible(make()).savefig(out, format=format)
    return out.getvalue()

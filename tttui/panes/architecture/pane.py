"""Architecture: the model explained with this session's numbers."""

from collections.abc import Mapping

import numpy as np
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit
from tttui.draw.diagram import Shape, diagram
from tttui.draw.numbers import short
from tttui.draw.plot import Bars
from tttui.model.arrays import Floats
from tttui.model.session import SessionData
from tttui.panes.architecture.model_facts import (
    Key,
    decays_of,
    fitted_at,
    learned_dynamics,
    live_of,
    same,
    shapes_of,
    true_dynamics,
)
from tttui.panes.architecture.model_text import (
    write_dynamics,
    write_optimizer,
    write_parameters,
    write_stability,
)
from tttui.panes.regions import Pages, RegionPane
from tttui.panes.view import View
from tttui.plots.weights import decay_histogram
from tttui.tasks.pointmass.hidden import CompleteWeights, in_force, mu_at, regime, row_at, world_of
from tttui.tasks.pointmass.live_state import LiveModel
from tttui.widgets.columns import BarColumns
from tttui.widgets.drawn import Drawn
from tttui.widgets.page import Page

REGIONS = ("stability", "parameters", "optimizer", "dynamics")
"""The regions that `w` cycles through."""


class ArchitecturePane(RegionPane):
    """Diagram, stability, parameters, optimizer, hidden state and effective dynamics."""

    region_names = REGIONS
    needs = frozenset({"trajectory"})

    DEFAULT_CSS = """
    ArchitecturePane { layout: vertical; height: 1fr; }
    ArchitecturePane #flow { height: 6; margin-bottom: 1; }
    ArchitecturePane #panels { height: 1fr; layout: horizontal; }
    ArchitecturePane #panels > Vertical { width: 1fr; margin-right: 2; }
    ArchitecturePane #decays { height: 1fr; min-height: 6; margin-bottom: 1; }
    ArchitecturePane #stability { height: 15; }
    ArchitecturePane #live { height: 1fr; min-height: 8; }
    ArchitecturePane #parameters { height: 8; }
    ArchitecturePane #optimizer { height: 1fr; }
    ArchitecturePane.wide #panels #first { width: 52; }
    ArchitecturePane.wide #panels #second { width: 75; }
    ArchitecturePane.medium.front #panels #second { width: 73; }
    ArchitecturePane.wide #dynamics { height: 19; }
    ArchitecturePane.medium #flow, ArchitecturePane.small #flow { margin-bottom: 0; }
    ArchitecturePane.front #third, ArchitecturePane.front #dynamics { display: none; }
    ArchitecturePane.back #first, ArchitecturePane.back #parameters,
    ArchitecturePane.back #live { display: none; }
    ArchitecturePane.small.at-stability #second, ArchitecturePane.small.at-parameters #first,
    ArchitecturePane.small.at-optimizer #second, ArchitecturePane.small.at-dynamics #third
    { display: none; }
    ArchitecturePane.small.back #flow { display: none; }
    ArchitecturePane.small #flow { height: 4; }
    ArchitecturePane.small #decays { height: 7; }
    ArchitecturePane.small #stability { height: 1fr; }
    ArchitecturePane.narrow #flow { height: 9; }
    ArchitecturePane.tiny #flow { display: none; }
    ArchitecturePane.tiny #decays { display: none; }
    ArchitecturePane.tiny #stability { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._base: Key = ()
        self._held: tuple[Key, CompleteWeights | str] = ((), "")
        self._model: LiveModel | str = ""
        self._learned: Floats | str = ""
        self._shown: Key = ()

    def compose(self) -> ComposeResult:
        yield ModelFlow(id="flow")
        with Container(id="panels"):
            with Vertical(id="first"):
                yield BarColumns("Decays", id="decays")
                yield Page("Stability", id="stability")
            with Vertical(id="second"):
                yield Page("Parameters", id="parameters")
                yield BarColumns("Hidden state |h_t| by unit", id="live")
                yield Page("Effective dynamics", id="dynamics")
            with Vertical(id="third"):
                yield Page("Optimizer", id="optimizer")

    def use_room(self) -> None:
        width, height = self.room
        wide = width >= 150 and height >= 36
        medium = not wide and width >= 96 and height >= 28
        self.set_class(wide, "wide")
        self.set_class(medium, "medium")
        self.set_class(not wide and not medium, "small")
        self.set_class(width < 78, "narrow")
        self.set_class(height < 15, "tiny")
        super().use_room()

    def pages(self) -> Pages:
        if self.has_class("wide"):
            return super().pages()
        if self.has_class("medium"):
            return ("stability", "parameters"), ("optimizer", "dynamics")
        return tuple((name,) for name in REGIONS)

    def look_changed(self) -> None:
        self._base = self._shown = ()

    def show(self, view: View) -> None:
        self._view = view
        data = view.data
        if not same(self._base, (data.base, data.weights, data.meta)):
            self._base = (data.base, data.weights, data.meta)
            self._show_model(data)
        self._show_moment(view)

    def _show_model(self, data: SessionData) -> None:
        """Show the parts that depend on the files alone."""
        shapes, source = shapes_of(data)
        self.query_one(ModelFlow).set_shapes(shapes, f"shapes from {source}" if source else "")
        settings = data.meta.plasticity_cfg
        self._page("optimizer").set_content(lambda p: write_optimizer(p, settings), None)
        self._page("parameters").set_content(lambda p: write_parameters(p, shapes, source), None)
        stability, dt, why = decays_of(data)
        self._page("stability").set_content(lambda p: write_stability(p, stability, dt, why), None)
        decays = self.query_one("#decays", BarColumns)
        if stability is None:
            decays.set_bars(None, message=f"The decays are not known: {why}.")
        else:
            decays.set_bars(*decay_histogram(stability))

    def _show_moment(self, view: View) -> None:
        """Show the parts that depend on the cursor."""
        data, t = view.data, view.timeline.cursor
        index = -1
        if data.history is not None and len(data.history):
            index = int(np.searchsorted(data.history.t, t, side="right"))
        key = (data.history, data.weights, data.base, index)
        if not same(self._held[0], key):
            now = in_force(data, t)
            self._held = (key, now)
            self._model = LiveModel(now) if isinstance(now, CompleteWeights) else now
            self._learned = learned_dynamics(self._held[1])
        weights = self._held[1]
        shown = (*key, t, view.trajectory, data.meta)
        if same(self._shown, shown):
            return
        self._shown = shown
        self._show_live(view)
        law, mu = world_of(data), mu_at(data, view.trajectory, t)
        true, friction = None, ""
        if mu is not None:
            acting, name = mu, "linear"
            row = None if view.trajectory is None else row_at(view.trajectory, t)
            if law.env_mode == "nonlinear":
                z = (
                    np.zeros(4)
                    if row is None or view.trajectory is None
                    else view.trajectory.z[row]
                )
                acting_regime = regime(z, mu, law)
                acting, name = acting_regime.friction, f"{acting_regime.name}, hidden mu {mu:.4g}"
            true = true_dynamics(acting, law.dt)
            friction = f"friction {acting:.4g} ({name}), dt {law.dt:g}"
        learned, fitted = self._learned, fitted_at(view, self._model)
        source = weights.name if isinstance(weights, CompleteWeights) else ""
        self._page("dynamics").set_content(
            lambda p: write_dynamics(p, learned, fitted, true, friction, source), None
        )

    def _show_live(self, view: View) -> None:
        bars = self.query_one("#live", BarColumns)
        live = live_of(view, self._model)
        if isinstance(live, str):
            bars.set_bars(None, message=f"Not recorded, and cannot be computed again: {live}.")
            return
        size, n = np.abs(live.h), len(live.h)
        most = int(np.argmax(np.nan_to_num(size)))
        note = f"t {view.timeline.cursor}  |h| {short(float(np.linalg.norm(live.h)))}"
        note += f"  largest: unit {most}, {short(float(live.h[most]))}"
        if live.left > 1e-6:
            note += f"  (older inputs missing: {100 * live.left:.1g} %)"
        step = max(1, 1 << max(n // 8 - 1, 0).bit_length())
        labels = tuple((k + 0.5, str(k)) for k in range(0, n, step))
        bars.set_bars(Bars(size, labels), note)

    def _page(self, name: str) -> Page:
        return self.query_one(f"#{name}", Page)

    def show_regions(self) -> None:
        for name in REGIONS:
            self._page(name).set_chosen(name == self.acting)
            self.set_class(name == self.acting, f"at-{name}")
        front, paged = self.acting in ("stability", "parameters"), len(self.pages()) > 1
        self.set_class(paged and front, "front")
        self.set_class(paged and not front, "back")

    # Keys

    def do_up(self) -> None:
        self._page(self.acting).scroll_lines(-1)

    def do_down(self) -> None:
        self._page(self.acting).scroll_lines(1)

    def copyable(self) -> list[tuple[str, str]]:
        lines = self._page(self.acting).lines(100)
        text = "\n".join("".join(part[0] for part in line).rstrip() for line in lines)
        return [(self.acting.capitalize(), text)] if text else []

    def exportable(self) -> str:
        return "architecture"


class ModelFlow(Drawn):
    """A title and the flow from inputs to the prediction, with this session's shapes."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shapes: Mapping[str, Shape] = {}
        self._source = ""

    def set_shapes(self, shapes: Mapping[str, Shape], source: str) -> None:
        """Show these shapes; `source` says which files they come from."""
        if (shapes, source) != (self._shapes, self._source):
            self._shapes, self._source = dict(shapes), source
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas, palette = Canvas(height, width), self.palette
        end = canvas.write(0, 0, "Model", palette.text, bold=True) + 2
        canvas.write(0, end, fit(self._source, width - end, self.glyphs.ellipsis), palette.muted)
        if height < 2:
            return canvas
        flow = diagram(self._shapes, width, height - 1, self.look)
        for name in ("char", "ink", "paper", "bold"):
            getattr(canvas, name)[1:] = getattr(flow, name)
        return canvas

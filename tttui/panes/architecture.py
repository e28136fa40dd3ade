"""Architecture: the model explained with this session's numbers."""

import numpy as np
from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from tttui.draw.numbers import short
from tttui.dynamics import ssm
from tttui.dynamics.hidden import Snapshot, in_force, law_of, mu_at, regime, row_at
from tttui.dynamics.live_state import LiveModel, LiveState
from tttui.model.arrays import PLASTIC, Floats
from tttui.model.session import SessionData
from tttui.model.stability import Stability, stability
from tttui.panes.lessons import (
    write_dynamics,
    write_optimizer,
    write_parameters,
    write_stability,
)
from tttui.panes.view import Pane, View
from tttui.widgets.columns import BarColumns, Bars
from tttui.widgets.drawn import Drawn
from tttui.widgets.model_flow import ModelFlow
from tttui.widgets.page import Page

REGIONS = ("stability", "parameters", "optimizer", "dynamics")
"""What `w` goes through."""

Key = tuple[object, ...]
"""What something was derived from."""

BINS = 20
"""Bins of the histogram of the decays, over 0..1."""


class ArchitecturePane(Pane):
    """Diagram, stability, parameters, optimizer, hidden state and effective dynamics."""

    needs_trajectory = True

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
    ArchitecturePane.wide #panels #second { width: 73; }
    ArchitecturePane.wide #dynamics { height: 19; }
    ArchitecturePane.medium #flow, ArchitecturePane.small #flow { margin-bottom: 0; }
    ArchitecturePane.front #third, ArchitecturePane.front #dynamics { display: none; }
    ArchitecturePane.back #first, ArchitecturePane.back #parameters,
    ArchitecturePane.back #live { display: none; }
    ArchitecturePane.small.at-stability #second, ArchitecturePane.small.at-parameters #first,
    ArchitecturePane.small.at-optimizer #second, ArchitecturePane.small.at-dynamics #third
    { display: none; }
    ArchitecturePane.small.back #flow { display: none; }
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
        self._region = "stability"
        self._base: Key = ()
        self._held: tuple[Key, Snapshot | str] = ((), "")
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

    def on_mount(self) -> None:
        self._mark_region()

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        wide = width >= 150 and height >= 36
        medium = not wide and width >= 96 and height >= 28
        self.set_class(wide, "wide")
        self.set_class(medium, "medium")
        self.set_class(not wide and not medium, "small")
        self.set_class(width < 78, "narrow")
        self.set_class(height < 15, "tiny")
        self._mark_region()

    def show(self, view: View) -> None:
        if not self.is_mounted:
            self.call_after_refresh(self.show, view)
            return
        old, self._view = self._view, view
        if old is None or (old.palette, old.glyphs) != (view.palette, view.glyphs):
            for widget in self.query(Drawn):
                widget.set_look(view.palette, view.glyphs)
            self._base = self._shown = ()
        data = view.data
        if not same(self._base, (data.base, data.weights, data.meta)):
            self._base = (data.base, data.weights, data.meta)
            self._show_model(data)
        self._show_moment(view)

    def _show_model(self, data: SessionData) -> None:
        """What depends on the files alone."""
        shapes, source = shapes_of(data)
        self.query_one(ModelFlow).set_shapes(shapes, f"shapes from {source}" if source else "")
        settings = data.meta.plasticity_cfg
        self._page("optimizer").set_content(lambda p: write_optimizer(p, settings), None)
        self._page("parameters").set_content(lambda p: write_parameters(p, shapes, source), None)
        found, dt, why = decays_of(data)
        self._page("stability").set_content(lambda p: write_stability(p, found, dt, why), None)
        histogram = self.query_one("#decays", BarColumns)
        if found is None:
            histogram.set_bars(None, message=f"The decays are not known: {why}.")
        else:
            histogram.set_bars(*_histogram(found))

    def _show_moment(self, view: View) -> None:
        """What depends on the cursor."""
        data, t = view.data, view.timeline.cursor
        index = -1
        if data.history is not None and len(data.history):
            index = int(np.searchsorted(data.history.t, t, side="right"))
        key = (data.history, data.weights, data.base, index)
        if not same(self._held[0], key):
            now = in_force(data, t)
            self._held = (key, now)
            self._model = LiveModel(now) if isinstance(now, Snapshot) else now
            self._learned = learned_dynamics(self._held[1])
        held = self._held[1]
        shown = (*key, t, view.trajectory, data.meta)
        if same(self._shown, shown):
            return
        self._shown = shown
        self._show_live(view)
        law, mu = law_of(data), mu_at(data, view.trajectory, t)
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
                found = regime(z, mu, law)
                acting, name = found.friction, f"{found.name}, hidden mu {mu:.4g}"
            true = true_dynamics(acting, law.dt)
            friction = f"friction {acting:.4g} ({name}), dt {law.dt:g}"
        learned, fitted = self._learned, fitted_at(view, self._model)
        source = held.name if isinstance(held, Snapshot) else ""
        self._page("dynamics").set_content(
            lambda p: write_dynamics(p, learned, fitted, true, friction, source), None
        )

    def _show_live(self, view: View) -> None:
        bars = self.query_one("#live", BarColumns)
        found = live_of(view, self._model)
        if isinstance(found, str):
            bars.set_bars(None, message=f"Not recorded, and cannot be computed again: {found}.")
            return
        size, n = np.abs(found.h), len(found.h)
        most = int(np.argmax(np.nan_to_num(size)))
        note = f"t {view.timeline.cursor}  |h| {short(float(np.linalg.norm(found.h)))}"
        note += f"  largest: unit {most}, {short(float(found.h[most]))}"
        if found.left > 1e-6:
            note += f"  (older inputs missing: {100 * found.left:.1g} %)"
        step = max(1, 1 << max(n // 8 - 1, 0).bit_length())
        labels = tuple((k + 0.5, str(k)) for k in range(0, n, step))
        bars.set_bars(Bars(size, labels), note)

    def _page(self, name: str) -> Page:
        return self.query_one(f"#{name}", Page)

    def _mark_region(self) -> None:
        for name in REGIONS:
            self._page(name).set_chosen(name == self._region)
            self.set_class(name == self._region, f"at-{name}")
        # Where not all fits, two regions share the screen, or each has its own.
        front, paged = self._region in ("stability", "parameters"), not self.has_class("wide")
        self.set_class(paged and front, "front")
        self.set_class(paged and not front, "back")

    # Keys

    def do_region(self) -> None:
        """Go to the next region."""
        self._region = REGIONS[(REGIONS.index(self._region) + 1) % len(REGIONS)]
        self._mark_region()

    def do_up(self) -> None:
        self._page(self._region).scroll_lines(-1)

    def do_down(self) -> None:
        self._page(self._region).scroll_lines(1)

    def copyable(self) -> list[tuple[str, str]]:
        lines = self._page(self._region).lines(100)
        text = "\n".join("".join(part[0] for part in line).rstrip() for line in lines)
        return [(self._region.capitalize(), text)] if text else []

    def exportable(self) -> str:
        return "weights"


def same(old: Key, new: Key) -> bool:
    """Whether nothing was replaced; arrays are told apart by identity, numbers by value."""
    return len(old) == len(new) and all(
        a is b or (isinstance(b, int) and a == b) for a, b in zip(old, new, strict=True)
    )


def shapes_of(data: SessionData) -> tuple[dict[str, tuple[int, ...]], str]:
    """The shapes of all weights that some file holds, and which files."""
    shapes: dict[str, tuple[int, ...]] = {}
    sources = []
    for source, weights in (
        ("base_checkpoint.pt", data.base),
        ("plastic_state.pt", data.weights),
    ):
        new = {k: v.shape for k, v in (weights or {}).items() if k not in shapes}
        if new:
            shapes |= new
            sources.append(source)
    if data.history is not None:
        new = {k: v.shape[1:] for k, v in data.history.weights.items() if k not in shapes}
        if new:
            shapes |= new
            sources.append("weights_history.npy")
    ordered = {k: shapes[k] for k in (*PLASTIC, "a_raw") if k in shapes}
    return ordered, " and ".join(sources)


def decays_of(data: SessionData) -> tuple[Stability | None, float, str]:
    """The decays of the base, the length of a step, and why they are not known."""
    dt = data.meta.model_cfg.get("dt", data.base_cfg.get("dt", 1.0))
    step = float(dt) if isinstance(dt, (int, float)) and not isinstance(dt, bool) else 1.0
    a_raw = None if data.base is None else data.base.get("a_raw")
    if a_raw is None:
        problem = data.problem("base")
        return None, step, problem.reason if problem is not None else "the base has no a_raw"
    return stability(a_raw, step), step, ""


def live_of(view: View, model: LiveModel | str) -> LiveState | str:
    """The hidden state at the cursor, or what is missing to compute it."""
    if isinstance(model, str):
        return model
    if view.data.history is None:
        return "this session keeps no history of its weights"
    if view.trajectory is None:
        problem = view.data.problem("trajectory")
        return problem.reason if problem is not None else "the trajectory is being read"
    return model.state(view.trajectory, view.timeline.cursor)


def learned_dynamics(held: Snapshot | str) -> Floats | str:
    """The effective map of the weights, or why there is none."""
    if isinstance(held, str):
        return held
    try:
        with np.errstate(all="ignore"):
            return ssm.effective_dynamics(held.weights, held.dt)
    except np.linalg.LinAlgError:
        return "the weights are not finite"


def fitted_at(view: View, model: LiveModel | str) -> Floats | str:
    """The map that the predictions amount to at the cursor, or why there is none."""
    if isinstance(model, str):
        return model
    if view.trajectory is None:
        problem = view.data.problem("trajectory")
        return problem.reason if problem is not None else "the trajectory is being read"
    return model.fitted(view.trajectory, view.timeline.cursor)


def true_dynamics(friction: float, dt: float) -> Floats:
    """The world's map z -> z' [4, 4] without action, at a friction: ENGINE, world."""
    keep = 1.0 - friction
    A = np.eye(4)
    A[0, 2] = A[1, 3] = dt * keep
    A[2, 2] = A[3, 3] = keep
    return A


def _histogram(found: Stability) -> tuple[Bars, str]:
    inside = np.delete(found.decays, found.broken)
    counts, _ = np.histogram(inside, bins=BINS, range=(0.0, 1.0))
    labels = tuple((BINS * x, f"{x:g}") for x in (0.0, 0.25, 0.5, 0.75, 1.0))
    note = f"{len(found.decays)} units, all inside (0, 1)"
    if not found.stable:
        note = f"! {len(found.broken)} of {len(found.decays)} units are not inside (0, 1)"
    marked = frozenset({BINS}) if not found.stable else frozenset[int]()
    values = np.append(counts, len(found.broken)) if len(found.broken) else counts
    return Bars(values.astype(np.float64), labels, marked=marked), note

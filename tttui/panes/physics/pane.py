"""Physics: the world with the hidden friction, and the predictions of both models."""

from collections.abc import Sequence
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from tttui.draw.envelope import Series
from tttui.draw.marks import Marks
from tttui.draw.tracks import Scene
from tttui.export.request import ExportRequest
from tttui.model.arrays import Floats
from tttui.model.pointmass.settings import World
from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.panes import losses
from tttui.panes.background_value import Prepared
from tttui.panes.physics.implied import FrictionView, Oracle, facts_at
from tttui.panes.physics.layout import (
    CSS,
    FIGURES,
    MODES,
    REGION_TITLES,
    REGIONS,
    arrangement,
    pages,
)
from tttui.panes.physics.motion import (
    NO_ERRORS,
    quick_errors,
    quick_motion,
    selected_mark,
    why_no_path,
)
from tttui.panes.regions import Pages, RegionPane
from tttui.panes.view import Pane, View
from tttui.plots import paths
from tttui.plots.errors import Losses, error_plot, errors_of
from tttui.plots.learned import learned_quantity, with_whatif
from tttui.plots.motion import Motion, motion_of, state_plots
from tttui.tasks.pointmass.ghost import follow, usual_friction
from tttui.tasks.pointmass.hidden import (
    CompleteWeights,
    in_force,
    mu_at,
    mu_column,
    row_at,
    world_of,
)
from tttui.widgets.chart import Chart
from tttui.widgets.path import PathView
from tttui.widgets.stack import StackView

GHOST_STEP = 0.01


class PhysicsPane(RegionPane):
    """Path, state over time, hidden friction, predictions, ghost."""

    views = MODES
    region_names = REGIONS
    short_names = {"below": "error", "implied": "implied mu"}
    needs = frozenset({"trajectory", "implied"})

    DEFAULT_CSS = CSS

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._data: SessionData | None = None
        self._law = World()
        self._mode = 0
        self._layout = "middle"
        self._motion: Motion | None = None
        self._mu_column: Floats | None = None
        self._oracle = Oracle(self.derived)
        self._shown: dict[str, object] = {}
        """What each region was last given, to leave it alone where nothing changed."""
        self._ghost_mu: float | None = None
        self._ghost: paths.DrawnGhost | str | None = None
        self._ghost_key: object = None
        self._motions = Prepared(motion_of, quick_motion, self.derived)
        self._errors = Prepared(errors_of, quick_errors, self.derived)

    def compose(self) -> ComposeResult:
        with Vertical(id="left"):
            yield PathView(id="path")
            yield Chart(id="below")
        with Vertical(id="right"):
            yield StackView(id="state")
            yield FrictionView(id="friction")
            yield Chart(id="implied")

    def on_mount(self) -> None:
        for chart in self.query(Chart):
            chart.can_focus = False
        self.show_regions()

    def use_room(self) -> None:
        width, height = self.room
        self._layout = arrangement(width, height)
        self.show_regions()

    def pages(self) -> Pages:
        return pages(self._layout, pathless=self._pathless(), below=bool(self._mode))

    def stops(self) -> Sequence[str]:
        """Without a trajectory there is no state to go to."""
        skipped = "state" if self._layout != "single" and self._pathless() else ""
        return [name for name in REGIONS if name != skipped]

    def region_note(self, region: str) -> str:
        return f"Region: {REGION_TITLES.get(region, region)}"

    @property
    def settled(self) -> bool:
        """Whether nothing is loading: the trajectory is drawn (or missing), and the friction
        computed."""
        view = self._view
        if view is None or (self._motion is None and not self._pathless()):
            return False
        if "friction" not in self.regions:
            return True
        weights = in_force(view.data, view.timeline.cursor)
        return isinstance(weights, str) or self._friction.facts.implied is not None

    def _pathless(self) -> bool:
        """Whether the run has no trajectory, so that other regions take its place."""
        view = self._view
        return (
            view is not None
            and view.trajectory is None
            and view.data.problem("trajectory") is not None
        )

    def show_regions(self) -> None:
        shown = set(self.regions)
        for name in REGIONS:
            self.query_one(f"#{name}").display = name in shown
        self.query_one("#left").display = bool(shown & {"path", "below"})
        self.query_one("#right").display = bool(shown & {"state", "friction", "implied"})
        for name in ("middle", "single"):
            self.set_class(self._layout == name, name)
        self.set_class(self._layout != "single" and self._pathless(), "pathless")
        if self._view is not None:
            self.show(self._view)

    @property
    def _path(self) -> PathView:
        return self.query_one("#path", PathView)

    @property
    def _state(self) -> StackView:
        return self.query_one("#state", StackView)

    @property
    def _friction(self) -> FrictionView:
        return self.query_one("#friction", FrictionView)

    # The look of a session

    def look(self, start: StartView) -> StartView:
        start = super().look(start)
        return replace(start, view=MODES[self._mode], ghost=self._ghost_mu)

    def recall(self, start: StartView) -> None:
        self._mode = MODES.index(start.view) if start.view else self._mode
        self._ghost_mu = start.ghost
        super().recall(start)
        if self.is_mounted and not start.region:
            self.show_regions()

    # What the keys do

    def do_view(self) -> str:
        """Cycle what the plane shows."""
        self._mode = (self._mode + 1) % len(MODES)
        self.show_regions()
        return {
            "path": "Path, coloured by time",
            "predictions": "Predictions of both models over the true path",
            "ghost": "The same actions in a world with another friction: { and } change it",
        }[MODES[self._mode]]

    def awaits(self, action: str) -> bool:
        """A ghost needs the trajectory."""
        return "ghost" in action and self._motion is None and not self._pathless()

    def do_ghost_lower(self) -> str | None:
        return self._change_ghost(-GHOST_STEP)

    def do_ghost_higher(self) -> str | None:
        return self._change_ghost(GHOST_STEP)

    def _change_ghost(self, by: float) -> str | None:
        if self._view is None or self._motion is None:
            return "There is no trajectory to make a ghost of."
        self._ghost_mu = round(min(max(self._ghost_friction() + by, 0.0), 1.0), 4)
        self._mode = MODES.index("ghost")
        self.show_regions()
        return None

    def _ghost_friction(self) -> float:
        """The friction of the ghost."""
        if self._ghost_mu is None:
            view = self._view
            mu = None if view is None else mu_at(view.data, view.trajectory, view.timeline.t0)
            self._ghost_mu = usual_friction(mu)
        return self._ghost_mu

    def exportable(self) -> str:
        chosen = self.acting
        mode = MODES[self._mode]
        if chosen in ("path", "below") and mode == "ghost":
            return mode
        if chosen == "path" and mode == "predictions":
            return mode
        return FIGURES[chosen]

    def export_of(self, request: ExportRequest) -> ExportRequest:
        return replace(request, ghost_mu=self._ghost_friction())

    def copyable(self) -> Sequence[tuple[str, str]]:
        view = self._view
        if view is None:
            return ()
        t = view.timeline.cursor
        out = []
        mu = mu_at(view.data, view.trajectory, t)
        if mu is not None:
            out.append((f"mu at t {t}", repr(mu)))
        weights = in_force(view.data, t)
        known = self._oracle.known(weights) if isinstance(weights, CompleteWeights) else None
        if known is not None:
            out.append((f"implied mu at t {t}", repr(known.mu)))
        i = None if view.trajectory is None else row_at(view.trajectory, t)
        if view.trajectory is not None and i is not None:
            row = [*view.trajectory.z[i].tolist(), *view.trajectory.a[i].tolist()]
            out.append((f"x,y,vx,vy,ax,ay at t {t}", ",".join(map(repr, row))))
        return out

    # Drawing

    def look_changed(self) -> None:
        self._shown.clear()

    def show(self, view: View) -> None:
        before, self._view = self._pathless(), view
        if self._pathless() != before:
            self.show_regions()
            return
        if view.data is not self._data:
            known = self._data
            if known and (known.place, known.run) != (view.data.place, view.data.run):
                self._motion = self._mu_column = self._ghost = self._ghost_mu = None
                self._oracle.forget()
                self._motions.forget()
                self._errors.forget()
            self._data, self._law = view.data, world_of(view.data)
        self._prepare(view)
        shown = self.regions
        self._path.set_mark(self._mark("path", view))
        self._state.set_mark(self._mark("state", view))
        self._friction.set_mark(self._mark("friction", view))
        if "path" in shown:
            self._show_path(view)
        if "state" in shown:
            self._show_state(view)
        if "friction" in shown:
            self._show_friction(view)
        if "below" in shown:
            self._show_below(view)
        if "implied" in shown:
            self._show_implied(view)

    def _mark(self, region: str, view: View) -> str:
        """What stands before the title of the chosen region; which of how many it is, where the
        others are not on the screen."""
        if region != self.acting:
            return ""
        mark = "▸ " if view.glyphs.braille else "> "
        if self._layout != "single":
            return mark
        return f"{mark}{REGIONS.index(self.acting) + 1}/{len(REGIONS)} "

    def _changed(self, region: str, *key: object) -> bool:
        """Whether a region must be given its data again."""
        old = self._shown.get(region)
        self._shown[region] = key
        return old != key

    @on(Pane.Derived)
    def _on_derived(self) -> None:
        if self._view is not None:
            self.show(self._view)

    def _prepare(self, view: View) -> None:
        """Prepare `_motion` for this trajectory, now or in a thread."""
        trajectory = view.trajectory
        if trajectory is None or not len(trajectory):
            self._motion = None
            return
        motion = self._motions.of(trajectory)
        if motion is not self._motion:
            self._motion = motion
            self._mu_column = None
            if motion is not None:
                self._mu_column = mu_column(view.data, motion.trajectory)

    def _show_path(self, view: View) -> None:
        motion, window = self._motion, (view.timeline.t0, view.timeline.t1)
        mode, path = MODES[self._mode], self._path
        if motion is None:
            if self._changed("path", message := why_no_path(view)):
                path.set_scene(Scene(message=message))
        elif mode == "path":
            if self._changed("path", motion, mode):
                path.set_scene(paths.path_scene(motion))
        elif mode == "predictions":
            if self._changed("path", motion, mode, window):
                scene = paths.prediction_scene(motion, window)
                if len(scene.tracks) == 1:
                    scene = replace(scene, note="this run recorded no predictions, only errors")
                path.set_scene(scene)
        else:
            ghost = self._ghost_now(view, motion)
            if self._changed("path", motion, mode, ghost):
                path.set_scene(paths.ghost_scene(motion, ghost, view.timeline.t1))
        path.set_moment(view.timeline, selected_mark(view))

    def _ghost_now(self, view: View, motion: Motion) -> paths.DrawnGhost | str:
        window = (view.timeline.t0, view.timeline.t1)
        key = (motion, self._ghost_friction(), window, self._law)
        if key != self._ghost_key or self._ghost is None:
            self._ghost_key = key
            mu, law = self._ghost_friction(), self._law
            found = follow(motion.trajectory, self._mu_column, mu, law, window)
            self._ghost = found if isinstance(found, str) else paths.drawn(found)
        return self._ghost

    def _show_state(self, view: View) -> None:
        motion, state = self._motion, self._state
        message = "" if motion is not None else why_no_path(view)
        if self._changed("state", motion, message):
            state.set_plots(() if motion is None else state_plots(motion), message)
        state.set_timeline(view.timeline)

    def _show_friction(self, view: View) -> None:
        ghost = self._ghost_friction() if MODES[self._mode] == "ghost" else None
        facts = facts_at(view, self._law, self._oracle, ghost)
        known = (facts.mu, facts.implied, facts.source, ghost, view.data.meta)
        if self._changed("friction", view.timeline.cursor, view.trajectory, *known):
            self._friction.set_facts(facts)

    def _show_below(self, view: View) -> None:
        """The error of both models over time, or the distance to the ghost."""
        chart = self.query_one("#below", Chart)
        mark = self._mark("below", view)
        if MODES[self._mode] == "ghost" and self._motion is not None:
            ghost = self._ghost_now(view, self._motion)
            if self._changed("below", ghost, mark):
                chart.set_log(False)
                chart.set_plot(paths.distance_plot(ghost, mark))
        else:
            steps = view.data.steps
            errors = self._errors.of(steps) or NO_ERRORS
            if self._changed("below", errors, mark, view.timeline.smooth, view.whatif):
                chart.set_log(None)
                smooth = view.timeline.smooth
                every = steps.evaluated is None
                plot = error_plot(view.data, Losses(*errors, None, every, Marks()), smooth)
                plot = replace(plot, title=f"{mark}One-step error", unit=plot.title)
                chart.set_plot(losses.with_whatif(plot, view))
        chart.set_timeline(view.timeline)

    def _show_implied(self, view: View) -> None:
        """What the weights implied after every commit, beside the truth."""
        chart, data = self.query_one("#implied", Chart), view.data
        mark, motion, mu = self._mark("implied", view), self._motion, self._mu_column
        key = (data.transactions, motion, data.meta, mark, view.whatif, view.implied)
        if self._changed("implied", *key):
            chart.set_log(False)
            true = None if motion is None or mu is None else Series(motion.trajectory.t, mu)
            plot = with_whatif(learned_quantity(data, view.newest_implied, true), view.whatif)
            chart.set_plot(replace(plot, title=f"{mark}Implied mu", steps=True))
        chart.set_timeline(view.timeline)

    def set_hover(self, t: int | None) -> None:
        super().set_hover(t)
        self._path.set_hover(t)

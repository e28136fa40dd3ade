"""The base class of a view of the lab, and the list of views.

How to add a view:

1. A module here with a `LabView`: `compose` its widgets, `show(state)` hands them what they draw.
   It reads no file: what is costly to get is a feed (`store.lab.feed`), named in `needs`.

       class HealthView(LabView):
           needs = frozenset({"health"})
           keys = (Command("pane('refresh')", "r", "refresh", "Ask again", "Health", footer=True),)
           shares = ("pane('up')", "pane('down')")
           meaning = "What `?` says about the view."

           def show(self, state: LabState) -> None:
               self.query_one(Table).set_rows(HealthRows(state.of(HEALTH)), None)

           def do_refresh(self) -> str | None: ...

2. Its line in `VIEWS`. Key, title, tab, palette, help and `tttui --lab NAME` follow from it.

What else a view has is a `Body`'s: `room` (cells, known before the first layout; `use_room` is
called when they change), `look_drawn`, `copyable` (what `y` offers), `look` and `recall` (what a
link names: query, sort, region, view, item), `back` (what escape clears). A view around a table is
a `panes.lab.tabled.TableView`, one of several regions a `Regions`: see `panes.lab.jobs`. `show` is
called often: draw only what changed (compare by identity, the parts are frozen). What it wants
done it asks of its `desk`: a note, another view, a session, something that takes long or destroys
and is asked for first.

Charts of metrics over steps: `widgets.chart.Chart` with a `draw.plot.Plot`. Bars, histograms and
trends: `widgets.plotext.PlotextView`.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, Protocol, TypeVar

from textual.screen import ModalScreen

from tttui.draw.look import HasLook, Look
from tttui.draw.plot import Plot
from tttui.keys.command import Command
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.panes.body import Body
from tttui.store.lab.feed import LabFeed, LabSnapshot
from tttui.store.snapshot import Part

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Registered:
    """A view: its name (in links, on the command line), its title, its module here and class."""

    name: str
    title: str
    module: str
    view: str
    short: str = ""
    """The title where room is scarce."""

    def load(self) -> "type[LabView]":
        view_type: type[LabView] = getattr(
            import_module(f"tttui.panes.lab.{self.module}"), self.view
        )
        return view_type


VIEWS: tuple[Registered, ...] = (
    Registered("dashboard", "Dashboard", "dashboard.view", "DashboardView", "dash"),
    Registered("jobs", "Jobs", "jobs.view", "JobsView"),
    Registered("training", "Training", "training.view", "TrainingView", "train"),
    Registered("matrix", "Matrix", "matrix.view", "MatrixView"),
    Registered("benchmarks", "Benchmarks", "benchmarks.view", "BenchmarksView", "bench"),
    Registered("models", "Models", "models.view", "ModelsView"),
    Registered("genome", "Genome", "genome.view", "GenomeView", "gen."),
    Registered("system", "System", "system.view", "SystemView", "sys."),
    Registered("logs", "Logs", "streams.logs", "LogsView"),
    Registered("events", "Events", "streams.events", "EventsView"),
)
"""All views, in the order of their keys: 1 to 9, then 0."""


def registered(name: str) -> Registered:
    """The view of this name. Raises RefusedInput where there is none."""
    match = next((view for view in VIEWS if view.name == name), None)
    if match is None:
        known = ", ".join(view.name for view in VIEWS)
        raise RefusedInput(f"--lab: {name[:40]!r} is no view of the lab; there are {known}")
    return match


def prepare() -> None:
    """Import all views in the background, so that the first visit of one need not."""

    def work() -> None:
        for view in VIEWS:
            view.load()

    Thread(target=work, name="lab-views", daemon=True).start()


LISTING = (
    "pane('up')",
    "pane('down')",
    "pane('query')",
    "pane('sort_next')",
    "pane('sort_previous')",
    "pane('sort_named')",
    "pane('sort_turn')",
)
"""Commands of the app that a view around a table `shares`."""


@dataclass(frozen=True, slots=True, eq=False)
class LabState(HasLook):
    """The newest snapshot of the lab, with its look."""

    snapshot: LabSnapshot
    look: Look
    root: Path
    """The run root."""
    now: float
    """Unix seconds, for ages."""

    def of(self, part: Part[T]) -> T:
        """The value of a part."""
        return self.snapshot.of(part)

    def failure(self, part: Part[Any]) -> str:
        """Why a part could not be read, '' where it could."""
        return self.snapshot.failures.get(part.name, "")


@dataclass(frozen=True, slots=True)
class Question:
    """A question before an action, shown with the command that does the same."""

    title: str
    text: str
    command: str = ""
    yes: str = "yes"
    """The word for doing it."""


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """What `e` writes of a view: a table as CSV, a plot as PNG, SVG or PDF, or both."""

    name: str
    """Of the file, without its ending: `jobs`, `training-loss`."""
    header: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    plot: Plot | None = None
    span: tuple[int, int] = (0, 0)
    """The first and the last step of the plot."""
    log: bool = False


class Desk(Protocol):
    """The services of the lab screen for its views."""

    def say(self, text: str) -> None:
        """Show the person a note."""

    def go_to(self, view: str, item: str = "") -> None:
        """Show another view, with this item (a job, a version ...) selected."""

    def open_session(self, path: Path) -> None:
        """Leave the lab and open the session in a directory."""

    def tell(self, part: str, what: Callable[[Any], object]) -> None:
        """Run a method of a part's feed in the store's thread, and look at once."""

    def act(self, what: Callable[[], str], question: Question | None = None) -> None:
        """Run an action in a thread, after the person has agreed to a question.

        Its result, or the message of its TttuiError, becomes a note.
        """

    def show_dialog(
        self, dialog: ModalScreen[T], then: Callable[[T | None], object] | None = None
    ) -> None:
        """Put a dialog on the screen."""

    def form(self, words: Sequence[str], typed: Mapping[str, str] | None = None) -> None:
        """Show the form of a command, such as `("train", "start")`, with these texts in its
        fields; what it starts is a process, and Jobs follows the job that came of it."""

    def again(self) -> None:
        """Show the newest state again."""


class LabView(Body):
    """One view of the lab. Commands `pane('<name>')` among its keys call `do_<name>`."""

    keys: ClassVar[Sequence[Command]] = ()
    """Its own commands; they come before those of the lab that have the same key."""

    shares: ClassVar[Sequence[str]] = ()
    """Commands of the tabs that work here as well, by their actions, with the keys that the
    person gave them."""

    meaning: ClassVar[str] = ""
    """What the view shows, for the help screen."""

    desk: Desk

    def show(self, state: LabState) -> None:
        """Draw this state; cheap where nothing changed."""
        raise NotImplementedError(type(self).__name__)

    def label(self, command: Command) -> str:
        """The label of a command in the footer now; '' leaves it out."""
        return command.label

    def idle(self, command: Command) -> bool:
        """Whether a command has nothing to act on, so that the footer leaves it out."""
        return False

    def exportable(self) -> Export | None:
        """What `e` writes; None: only the screen."""
        return None


__all__ = [
    "LISTING",
    "VIEWS",
    "Desk",
    "Export",
    "LabFeed",
    "LabState",
    "LabView",
    "Question",
    "Registered",
    "registered",
]

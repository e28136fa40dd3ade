"""What a tab is given to draw: one value, made anew whenever data or the user moves something."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.message import Message

from tttui.draw.changes import RunChanges
from tttui.draw.look import HasLook, Look
from tttui.model.ages import age_text
from tttui.model.dataclass import dataclass
from tttui.model.session import Place, SessionData
from tttui.model.timeline import Timeline
from tttui.panes.body import Body
from tttui.store.snapshot import Part, Parts, Snapshot
from tttui.widgets.timeview import TimeView

if TYPE_CHECKING:  # needed to export
    from tttui.export.request import ExportRequest
    from tttui.runs.whatif.result import WhatIfResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose to see of the open session, in all tabs."""

    yardsticks: bool = False
    """Yardsticks beside the errors (they may still be on their way)."""
    inspecting: bool = False
    """The panel of the selected transaction is open."""
    statuses: frozenset[str] | None = None
    """The transactions that are shown and stepped to, by status; None is all."""
    log_chosen: bool = False
    """A person has said whether axes are logarithmic; else each may follow its own values."""


@dataclass(frozen=True, slots=True, eq=False)
class View(Parts, HasLook):
    """The newest snapshot at the cursor, and what the person chose to see of it."""

    snapshot: Snapshot
    """With an open session; its parts are the view's."""
    timeline: Timeline
    look: Look
    choices: Choices = Choices()
    now: float = 0.0
    """Unix seconds, for ages."""
    whatif: "WhatIfResult | None" = None
    """What the session would have become with other settings, while that is looked at."""

    @property
    def data(self) -> SessionData:
        """The open session."""
        assert self.snapshot.data is not None
        return self.snapshot.data

    def of(self, part: Part[T]) -> T:
        return self.snapshot.of(part)

    def failure(self, part: Part[Any]) -> str:
        """Why a part could not be worked out, '' where it could."""
        return self.snapshot.failures.get(part.name, "")

    @property
    def newest_implied(self) -> tuple[int, float] | None:
        """The last step and the hidden quantity that the newest weights imply, where these were
        asked since no transaction tells it."""
        steps = self.data.steps.t
        return (int(steps[-1]), self.implied) if self.implied is not None and len(steps) else None

    @property
    def age(self) -> str:
        """How long ago the session was created, for a person."""
        return age_text(self.data.meta.created_at, self.now)


class Pane(Body):
    """One tab. It draws what `show` is given and sends messages; it reads no file.

    Keys of the tab call `do_<name>` for a command whose action is `pane('<name>')`.
    """

    views: ClassVar[Sequence[str]] = ()
    """What `v` goes through."""

    class StatusesPicked(Message):
        """Only transactions of these statuses should be shown, everywhere; None is all."""

        def __init__(self, statuses: frozenset[str] | None) -> None:
            super().__init__()
            self.statuses = statuses

    class TransactionPicked(Message):
        """The transaction with this index should be selected (and, if asked for, opened)."""

        def __init__(self, index: int, *, inspect: bool = False) -> None:
            super().__init__()
            self.index, self.inspect = index, inspect

    class ParameterPicked(Message):
        """The history of this parameter should be summarised."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.parameter = name

    class SessionPicked(Message):
        """Another session should be opened."""

        def __init__(self, place: Place, run: str | None = None) -> None:
            super().__init__()
            self.place, self.run = place, run

    class SideBySide(Message):
        """These sessions (and runs) should be compared, with a transfer matrix or without."""

        def __init__(
            self, chosen: Sequence[tuple[Place, str | None]], *, transfer: bool = False
        ) -> None:
            super().__init__()
            self.chosen, self.transfer = chosen, transfer

    class FilesWanted(Message):
        """The files of a session should be listed."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    class PreviewWanted(Message):
        """A session should be read in brief, in place of the one before."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    class TrashWanted(Message):
        """A session should be moved to the trash; the person has been asked."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def show(self, view: View) -> None:
        """Draw this view; cheap where only the cursor moved."""
        raise NotImplementedError(type(self).__name__)

    def set_hover(self, t: int | None) -> None:
        """Mark the step under the mouse in every view with a time axis; None: no step."""
        for view in self.query(TimeView):
            view.set_hover(t)

    @property
    def axis_columns(self) -> int | None:
        """The width of the charts over the whole run, which begin at the left edge; None: all."""
        return None

    def set_changes(self, changes: RunChanges) -> None:
        """Mark where somebody changed the open run on every time axis."""
        for view in self.query(TimeView):
            view.set_changes(changes)

    def enter(self) -> bool:
        """Do what enter does in the chosen region; whether that is anything of its own."""
        return False

    def under_cursor(self) -> Place | None:
        """The session that commands are about; None: the open one."""
        return None

    def exportable(self) -> str:
        """The name of the figure that `e` exports: the focused chart or table of this tab."""
        return "mse"

    def export_of(self, request: "ExportRequest") -> "ExportRequest":
        """The request for that, narrowed to what this tab shows of it."""
        return request

"""What a tab is given to draw: one value, made anew whenever data or the user moves something."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from tttui.draw.changes import Changes
from tttui.draw.look import HasLook, Look
from tttui.model.ages import age_text
from tttui.model.session import Place, SessionData
from tttui.model.start import StartView
from tttui.model.timeline import Timeline
from tttui.store.snapshot import Part, Parts, Snapshot
from tttui.widgets.drawn import Dressed
from tttui.widgets.timeview import TimeView

if TYPE_CHECKING:  # needed to export, and around tables
    from tttui.export.request import Request
    from tttui.model.query import Vocabulary
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
    def age(self) -> str:
        """How long ago the session was created, for a person."""
        return age_text(self.data.meta.created_at, self.now)


class Pane(Widget):
    """One tab. It draws what `show` is given and sends messages; it reads no file.

    Keys of the tab call `do_<name>` for a command whose action is `pane('<name>')`; such a
    method returns a note for the person, or None.
    """

    views: ClassVar[Sequence[str]] = ()
    """What `v` goes through."""

    region_names: ClassVar[Sequence[str]] = ()
    """What `w` goes through."""

    words: "ClassVar[Vocabulary | None]" = None
    """What queries of the tab's table may name."""

    sorts: ClassVar[Sequence[str]] = ()
    """The columns by which the tab's table can be sorted; the first one is its own order."""

    needs: ClassVar[AbstractSet[str]] = frozenset()
    """The parts of the snapshot, by name, that are kept up to date while this tab is shown."""

    class Ready(Message):
        """The tab's widgets are there, or have their places: it can be shown something."""

    class Derived(Message):
        """A thread has worked out something that the tab shows."""

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

    def on_mount(self) -> None:
        self.use_room()
        self.post_message(self.Ready())

    def on_resize(self) -> None:
        self.post_message(self.Ready())

    room = Size(0, 0)
    """The cells that this tab has. It is known before the first layout, so that nothing is
    drawn twice."""

    def fit(self, room: Size) -> None:
        """Use this room from now on."""
        if room != self.room:
            self.room = room
            if self.is_mounted:
                self.use_room()

    def use_room(self) -> None:
        """Show the parts for which there is room; called once mounted and when it changes."""

    look_drawn: Look | None = None
    """The look that the widgets of this tab have."""

    def set_look(self, look: Look) -> None:
        """Draw in these colours and characters from now on."""
        if look != self.look_drawn:
            self.look_drawn = look
            for widget in self.walk_children():
                if isinstance(widget, Dressed):
                    widget.set_look(look)
            self.look_changed()

    def look_changed(self) -> None:
        """Forget what was made for the look before."""

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

    def set_changes(self, changes: Changes) -> None:
        """Mark where somebody changed the open run on every time axis."""
        for view in self.query(TimeView):
            view.set_changes(changes)

    def awaits(self, action: str) -> bool:
        """What this command acts on in the tab is on its way: its key has to wait for it."""
        return False

    def look(self, start: StartView) -> StartView:
        """The view `start`, completed by what this tab shows of the session."""
        return start

    def recall(self, start: StartView) -> None:
        """Look at the session as this view does; also called before the tab is mounted."""

    @property
    def hidden_next(self) -> str:
        """What the key for the next region brings to the screen; '' where it is there already."""
        return ""

    def back(self) -> bool:
        """Clear something of this tab on escape; whether there was anything."""
        return False

    def enter(self) -> bool:
        """Do what enter does in the chosen region; whether that is anything of its own."""
        return False

    def under_cursor(self) -> Place | None:
        """The session that commands are about; None: the open one."""
        return None

    def copyable(self) -> Sequence[tuple[str, str]]:
        """What `y` copies here, first things first, as (what it is, the text)."""
        return ()

    def exportable(self) -> str:
        """The name of the figure that `e` exports: the focused chart or table of this tab."""
        return "mse"

    def export_of(self, request: "Request") -> "Request":
        """The request for that, narrowed to what this tab shows of it."""
        return request

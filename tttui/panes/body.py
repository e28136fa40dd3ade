"""The base class of the body of a screen, with its room and look."""

import gc
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from tttui.draw.look import Look
from tttui.model.start import StartView
from tttui.widgets.drawn import Dressed

if TYPE_CHECKING:  # needed around tables
    from tttui.model.query import Vocabulary


class Body(Widget):
    """A tab of the main screen, or a view of the lab. Its keys call `do_<name>`; such a method
    returns a note for the person, or None."""

    region_names: ClassVar[Sequence[str]] = ()
    """The regions that `w` cycles through."""

    words: "ClassVar[Vocabulary | None]" = None
    """The names that queries of the tab's table may use."""

    sorts: ClassVar[Sequence[str]] = ()
    """The columns by which the tab's table can be sorted; the first one is its own order."""

    needs: ClassVar[AbstractSet[str]] = frozenset()
    """The parts of the snapshot, by name, that are kept up to date while it is shown."""

    class Ready(Message):
        """The tab's widgets are mounted, so it can show data."""

    class Derived(Message):
        """A thread has computed something that the tab shows."""

    def derived(self) -> None:
        """Send `Derived`; called in threads, which may outlive the app."""
        with suppress(RuntimeError):
            self.post_message(self.Derived())

    def on_mount(self) -> None:
        self.use_room()
        self.post_message(self.Ready())
        self.call_after_refresh(self._stay)

    def _stay(self) -> None:
        gc.freeze()  # no collection has to look at it again

    def on_resize(self) -> None:
        self.post_message(self.Ready())

    room = Size(0, 0)
    """The cells that this tab has. It is known before the first layout, so that nothing is
    drawn twice."""

    def fit(self, room: Size) -> None:
        """Use this room from now on."""
        if room != self.room:
            self.room = room
            self.update_classes(self.classes_for(room), update=self.is_mounted)
            if self.is_mounted:
                self.use_room()

    def classes_for(self, room: Size) -> Mapping[str, bool]:
        """Which classes it has in a room of this size. It has them before its parts are made, so
        that these are styled once."""
        return {}

    def use_room(self) -> None:
        """Show the parts that fit; called once mounted and when the room changes."""

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

    def awaits(self, action: str) -> bool:
        """Whether the target of this command is still loading, so that its key has to wait."""
        return False

    def look(self, start: StartView) -> StartView:
        """The view `start`, completed by what this tab shows of the session."""
        return start

    def recall(self, start: StartView) -> None:
        """Look at the session as this view does; also called before the tab is mounted."""

    @property
    def takes_turns(self) -> bool:
        """Whether it has several pages, so that the key for the next region turns the page."""
        return False

    @property
    def hidden_next(self) -> str:
        """The region that the key for the next region shows next, or a note that something is
        hidden; '' if nothing is."""
        return ""

    def back(self) -> bool:
        """Clear something of this tab on escape; returns whether there was anything."""
        return False

    def copyable(self) -> Sequence[tuple[str, str]]:
        """The texts that `y` copies, the most important first, as (name, text)."""
        return ()

"""Which session is open, and which one it is compared with."""

from textual.screen import Screen

from tttui.model.session import Place
from tttui.screens.notes import Notes
from tttui.screens.session_views import SessionViews
from tttui.screens.state import ScreenState
from tttui.screens.tabs import Tabs
from tttui.store import Store


class SessionChoice:
    """Opens and compares sessions, of a list from which the person picks one."""

    def __init__(
        self,
        screen: Screen[None],
        state: ScreenState,
        store: Store,
        tabs: Tabs,
        views: SessionViews,
        notes: Notes,
    ) -> None:
        self._screen, self._state, self._store = screen, state, store
        self._tabs, self._views, self._notes = tabs, views, notes
        self._opens = 0
        """How many sessions the store will have opened when the one that was chosen is there."""

    @property
    def coming(self) -> bool:
        """The session that was chosen last is not there yet."""
        return self._state.snapshot.opened < self._opens

    def open(self, place: Place, run: str | None) -> None:
        """Show another session."""
        self._opens = self._state.snapshot.opened + 1
        self._store.open(place, run)

    def action_open(self) -> None:
        from tttui.screens.chooser import Choice, Chooser

        data = self._state.data
        current = (data.place, data.run) if data is not None else None

        def chosen(choice: Choice | None) -> None:
            if choice is not None and choice != current:
                self._views.keep()
                self.open(*choice)

        self._screen.app.push_screen(Chooser(self._state.snapshot.places, current), chosen)

    def action_compare(self) -> None:
        from tttui.screens.chooser import Choice, Chooser

        data, places = self._state.data, self._state.snapshot.places
        places = tuple(p for p in places if data is None or p.path != data.place.path)
        if not places:
            self._notes.say("There is no other session here to compare with.")
            return

        def chosen(choice: Choice | None) -> None:
            if choice is not None:
                self._store.compare(*choice)
                self._notes.say(f"Comparing with {choice[0].name}")
                do = getattr(self._tabs.shown, "do_compared", None)
                if do is not None:
                    do()

        self._screen.app.push_screen(Chooser(places, None, "Compare with"), chosen)

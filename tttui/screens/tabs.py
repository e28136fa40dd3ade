"""The panes of the tabs: made when they are first shown, and kept."""

from collections.abc import Callable

from textual.geometry import Size
from textual.widget import Widget

from tttui.model.start import StartView
from tttui.panes import DEFAULT_TAB, pane_class, pane_of
from tttui.panes.view import Pane
from tttui.screens.state import ScreenState
from tttui.store import Store
from tttui.store.snapshot import LOG, SERIES, YARDSTICKS


class Tabs:
    """Knows the panes, which of them shows the open session, and what they need of the store.

    A pane is mounted with `mount`; `log_shown` says whether the log of the run is on the screen.
    """

    def __init__(
        self,
        state: ScreenState,
        store: Store,
        mount: Callable[[Widget], object],
        log_shown: Callable[[], bool],
    ) -> None:
        self._state, self._store, self._mount, self._log_shown = state, store, mount, log_shown
        self.room = Size(0, 0)
        """The cells that a tab has."""
        self.drawn: Pane | None = None
        """The pane that has drawn the open session last."""
        self._panes: dict[str, Pane] = {}
        """By their names, which `pane_of` gives."""
        self._looks = StartView()
        """How the tab that it names looks at the session when it is made."""
        self._wanted = "", False
        """The pane that the store was last told the needs of, and whether for another task."""

    @property
    def shown(self) -> Pane | None:
        """The pane of the shown tab, once it shows the open session."""
        pane = self.made
        return pane if pane is self.drawn else None

    @property
    def made(self) -> Pane | None:
        """The pane of the shown tab, which may be in the making; None before that."""
        return self._panes.get(self._state.pane)

    def fit(self, room: Size) -> None:
        """Give all panes this room."""
        self.room = room
        for pane in self._panes.values():
            pane.fit(room)

    def recall(self, view: StartView) -> None:
        """Have the tab that this view names look at the session that way."""
        self._looks = view
        pane = self._panes.get(pane_of(view.tab or DEFAULT_TAB, self._state.data))
        if pane is not None:
            pane.recall(view)

    def show(self) -> Pane:
        """Put the pane of the shown tab on the screen; it is made where it is not there yet."""
        name, task = self._state.pane, self._state.own_task
        pane = self._panes.get(name)
        if pane is None:
            pane = pane_class(name)()
            pane.fit(self.room)
            if self._state.tab == (self._looks.tab or DEFAULT_TAB):
                pane.recall(self._looks)
            self._panes[name] = pane
            self._mount(pane)
        if (name, task) != self._wanted:
            self._wanted = name, task
            self.want()
        for known, other in self._panes.items():
            # what is laid out before it has been shown anything would be drawn twice
            other.display = known == name and other.is_mounted
        return pane

    def want(self) -> None:
        """Tell the store which parts the shown tab needs."""
        pane, overview = self.made, self._state.tab == "overview"
        needed = set[str]() if pane is None else set(pane.needs)
        if overview and self._state.own_task:
            needed.add(SERIES.name)
        elif overview and self._state.choices.yardsticks:
            needed.add(YARDSTICKS.name)
        if self._log_shown():
            needed.add(LOG.name)
        self._store.want(needed)

    def awaits(self, action: str) -> bool:
        """What a command acts on in the shown tab is on its way."""
        pane = self.shown
        if pane is None or (self.room.area > 0 and not pane.size.area):
            return True
        return pane.awaits(action) and not (pane.needs & self._state.snapshot.failures.keys())

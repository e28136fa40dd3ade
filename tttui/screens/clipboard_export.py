"""Copies, links to a view, and exported figures."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from textual.screen import Screen

from tttui.model.errors import RefusedInput
from tttui.model.here import home_directory, working_directory
from tttui.screens.notes import Notes
from tttui.screens.session_views import SessionViews
from tttui.screens.state import ScreenState
from tttui.screens.tabs import Tabs


class ClipboardExport:
    """Copies and exports what the shown tab offers. `roots` is where sessions are looked for,
    `first` gives what is copied before anything of the tab: (what it is, the text)."""

    def __init__(
        self,
        screen: Screen[None],
        state: ScreenState,
        tabs: Tabs,
        views: SessionViews,
        notes: Notes,
        roots: Sequence[Path],
        first: Callable[[], Sequence[tuple[str, str]]],
    ) -> None:
        self._screen, self._state, self._tabs = screen, state, tabs
        self._views, self._notes, self._roots = views, notes, roots
        self._first = first
        self._copied = 0

    def action_copy(self) -> None:
        pane = self._tabs.shown
        values = [*self._first(), *(pane.copyable() if pane is not None else ())]
        if not values:
            self._notes.say("Nothing to copy here.")
            return
        # while the note of the last copy stands, the next press means the next thing
        self._copied = self._copied + 1 if " copied: " in self._notes.standing else 0
        what, text = values[self._copied % len(values)]
        self._copy(what, text)

    def action_copy_link(self) -> None:
        data = self._state.data
        if data is None:
            self._notes.say("Nothing is open that a command could show again.")
            return
        path = data.place.path if data.run is None else data.place.path / "runs" / data.run
        paths = [path, *(root for root in self._roots if root != path)]
        if self._state.tab != "sessions":  # the others are not on the screen
            paths = paths[:1]
        view = replace(self._views.now(), tab=self._state.pane)
        from tttui.model.shell import command_line

        self._copy("Link", command_line("tttui", *paths, *view.options()))

    def _copy(self, what: str, text: str) -> None:
        self._screen.app.copy_to_clipboard(text)
        self._notes.say(f"{what} copied: {text}")

    def action_export(self) -> None:
        """Ask for a format and write the focused figure or table, or the screen."""
        from tttui.export.files import default_directory
        from tttui.export.request import ExportRequest
        from tttui.screens.export import SCREEN, ExportDialog, export_figure, export_screen

        snapshot, timeline, pane = self._state.snapshot, self._state.timeline, self._tabs.shown
        data, screen = snapshot.data, self._screen
        if data is None or pane is None:
            self._notes.say("There is no session to export from.")
            return
        try:
            directory = default_directory(snapshot.places, working_directory(), home_directory())
        except RefusedInput as error:
            self._notes.say(str(error))
            return
        request = ExportRequest(
            pane.exportable(),
            data,
            snapshot.trajectory,
            timeline.cursor,
            (timeline.t0, timeline.t1),
            timeline.log,
            snapshot.comparison,
            snapshot.summaries,
            statuses=self._state.choices.statuses,
            series=snapshot.series,
        )
        request = pane.export_of(request)

        def done(message: str) -> None:
            """A thread has written a file, or could not."""
            screen.call_later(self._notes.say, message)

        def chosen(format: str | None) -> None:
            if format == SCREEN:
                screen.call_after_refresh(photographed)
            elif format is not None:
                self._notes.say(f"Exporting {request.what} ...")
                export_figure(replace(request, theme=dialog.theme), format, directory, done)

        def photographed() -> None:
            export_screen(screen.app.export_screenshot(), data.place.name, directory, done)

        where = f"t {timeline.cursor}, window {timeline.t0} to {timeline.t1}"
        where = ", ".join(filter(None, (where, request.narrowed)))
        dialog = ExportDialog(request.what, where, directory)
        screen.app.push_screen(dialog, chosen)

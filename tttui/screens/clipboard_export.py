"""What leaves the screen: copies, links to a view, exported figures."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textual.message import Message

from tttui.model.errors import RefusedInput
from tttui.model.here import home_directory, working_directory
from tttui.model.shell import command_line
from tttui.model.start import StartView
from tttui.panes.view import Pane
from tttui.screens.time_control import TimedScreen
from tttui.widgets.bars import TopBar


class HandOutScreen(TimedScreen):
    """Copies and exports what the shown tab offers."""

    class Exported(Message):
        """A thread has written a file, or could not."""

        def __init__(self, said: str) -> None:
            super().__init__()
            self.said = said

    def __init__(self, tab: str) -> None:
        super().__init__()
        self.tab = tab
        self._copied = 0

    @property
    def shown_pane(self) -> Pane | None:
        """The pane of the shown tab, once it shows the open session."""
        raise NotImplementedError(type(self).__name__)

    def action_copy(self) -> None:
        found = list(self.shown_pane.copyable()) if self.shown_pane is not None else []
        if not found:
            self.note("Nothing to copy here.")
            return
        self._copied = self._copied + 1 if self._noted_copy() else 0
        what, text = found[self._copied % len(found)]
        self._copy(what, text)

    def _noted_copy(self) -> bool:
        """The note of the last copy still stands, so that the next press means the next thing."""
        return " copied: " in self.query_one(TopBar).noted

    def _copy(self, what: str, text: str) -> None:
        self.app.copy_to_clipboard(text)
        said = f"{what} copied: {text}"
        self.note(said)

    def view_now(self) -> StartView:
        """How the open session is looked at."""
        raise NotImplementedError(type(self).__name__)

    @property
    def here(self) -> str:
        """What the shown tab shows of the open session."""
        raise NotImplementedError(type(self).__name__)

    @property
    def roots(self) -> Sequence[Path]:
        """Where sessions are looked for."""
        raise NotImplementedError(type(self).__name__)

    def action_copy_link(self) -> None:
        data = self.snapshot.data
        if data is None:
            self.note("Nothing is open that a command could show again.")
            return
        path = data.place.path if data.run is None else data.place.path / "runs" / data.run
        paths = [path, *(root for root in self.roots if root != path)]
        if self.tab != "sessions":  # the others are not on the screen
            paths = paths[:1]
        view = replace(self.view_now(), tab=self.here)
        self._copy("Link", command_line("tttui", *paths, *view.options()))

    def action_export(self) -> None:
        """Ask for a format and write the focused figure or table, or the screen."""
        from tttui.export.files import default_directory
        from tttui.export.request import Request
        from tttui.screens.export import SCREEN, ExportDialog, export_figure, export_screen

        data, timeline, pane = self.snapshot.data, self.timeline, self.shown_pane
        if data is None or pane is None:
            self.note("There is no session to export from.")
            return
        try:
            directory = default_directory(
                self.snapshot.places, working_directory(), home_directory()
            )
        except RefusedInput as error:
            self.note(str(error))
            return
        request = Request(
            pane.exportable(),
            data,
            self.snapshot.trajectory,
            timeline.cursor,
            (timeline.t0, timeline.t1),
            timeline.log,
            self.snapshot.comparison,
            self.snapshot.summaries,
            statuses=self.statuses,
            series=self.snapshot.series,
        )
        request = pane.export_of(request)

        def done(said: str) -> None:
            self.post_message(self.Exported(said))

        def chosen(format: str | None) -> None:
            if format == SCREEN:
                self.call_after_refresh(photographed)
            elif format is not None:
                self.note(f"Exporting {request.what} ...")
                export_figure(request, format, directory, done)

        def photographed() -> None:
            export_screen(self.app.export_screenshot(), data.place.name, directory, done)

        where = f"t {timeline.cursor}, window {timeline.t0} to {timeline.t1}"
        where = ", ".join(filter(None, (where, request.narrowed)))
        self.app.push_screen(ExportDialog(request.what, where, directory), chosen)

    def on_hand_out_screen_exported(self, message: Exported) -> None:
        self.note(message.said)

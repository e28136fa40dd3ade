"""Copies, links and exports of the lab."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from tttui.draw.palette import PALETTES
from tttui.model.errors import RefusedInput
from tttui.model.here import home_directory, working_directory
from tttui.model.shell import command_line
from tttui.model.start import StartView
from tttui.panes.lab.base import Export

if TYPE_CHECKING:
    from tttui.screens.lab.screen import LabScreen

FIGURES = ("png", "svg", "pdf")


class LabExport:
    """Copies and exports the content of the shown view; its `action_`s are those of the screen."""

    def __init__(self, screen: "LabScreen") -> None:
        self._screen = screen
        self._copied = 0
        """Which of the things that can be copied was the last one."""

    def action_copy(self) -> None:
        """Copy what is under the cursor; while the note of the last copy stands, the next."""
        screen = self._screen
        texts = screen.shown.copyable() if screen.shown is not None else ()
        if not texts:
            screen.notes.say("Nothing to copy here.")
            return
        self._copied = self._copied + 1 if " copied: " in screen.notes.standing else 0
        self._copy(*texts[self._copied % len(texts)])

    def action_copy_link(self) -> None:
        """Copy the command that opens this very view."""
        view = StartView(lab=self._screen.name_shown)
        if self._screen.shown is not None:
            view = self._screen.shown.look(view)
        self._copy("Link", command_line("tttui", self._screen.store.root, *view.options()))

    def _copy(self, what: str, text: str) -> None:
        self._screen.app.copy_to_clipboard(text)
        self._screen.notes.say(f"{what} copied: {text}")

    def action_export(self) -> None:
        """Ask for a format, write in a thread, and say where the file went."""
        from tttui.export.files import default_directory, file_name, write
        from tttui.screens.export import SCREEN, ExportDialog, export_screen, in_thread

        screen, view = self._screen, self._screen.name_shown
        export = None if screen.shown is None else screen.shown.exportable()
        try:
            directory = default_directory((), working_directory(), home_directory())
        except RefusedInput as error:
            screen.notes.say(str(error))
            return
        name = f"lab-{view}" if export is None else export.name
        formats = [
            *(FIGURES if export is not None and export.plot is not None else ()),
            *(("csv",) if export is not None and export.header else ()),
            SCREEN,
        ]

        def done(note: str) -> None:
            """A thread has written a file, or could not."""
            screen.call_later(screen.notes.say, note)

        def chosen(format: str | None) -> None:
            if format == SCREEN:
                screen.call_after_refresh(
                    lambda: export_screen(screen.app.export_screenshot(), name, directory, done)
                )
            elif format is not None and export is not None:
                screen.notes.say(f"Exporting {name} ...")
                in_thread(lambda: _written(export, format), done)

        def _written(export: Export, format: str) -> Path:
            data = _table(export) if format == "csv" else _figure(export, format, dialog.theme)
            return write(data, directory, f"{file_name(name)}.{format}")

        dialog = ExportDialog(name, "", directory, formats)
        screen.app.push_screen(dialog, chosen)


def _table(export: Export) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(export.header)
    writer.writerows(export.rows)
    return text.getvalue().encode(errors="backslashreplace")


def _figure(export: Export, format: str, theme: str) -> bytes:
    """The plot on paper; matplotlib takes a second to import."""
    from tttui.export.figures import plotted

    plot = export.plot
    assert plot is not None
    palette, title = PALETTES[theme], plot.title or export.name
    return plotted(plot, title, export.span, format, palette, log=export.log)

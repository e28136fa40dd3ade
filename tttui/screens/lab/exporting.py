"""Writing what a view of the lab shows to a file."""

import csv
import io
from pathlib import Path

from textual.screen import Screen

from tttui.model.errors import RefusedInput
from tttui.model.here import home_directory, working_directory
from tttui.panes.lab.base import Export
from tttui.screens.notes import Notes

FIGURES = ("png", "svg", "pdf")


class LabExports:
    """Asks for a format, writes in a thread, and says where the file went."""

    def __init__(self, screen: Screen[None], notes: Notes) -> None:
        self._screen, self._notes = screen, notes

    def ask(self, view: str, found: Export | None) -> None:
        from tttui.export.files import default_directory, file_name, write
        from tttui.screens.export import SCREEN, ExportDialog, export_screen, in_thread

        screen = self._screen
        try:
            directory = default_directory((), working_directory(), home_directory())
        except RefusedInput as error:
            self._notes.say(str(error))
            return
        name = f"lab-{view}" if found is None else found.name
        formats = [
            *(FIGURES if found is not None and found.plot is not None else ()),
            *(("csv",) if found is not None and found.header else ()),
            SCREEN,
        ]

        def done(said: str) -> None:
            """A thread has written a file, or could not."""
            screen.call_later(self._notes.say, said)

        def chosen(format: str | None) -> None:
            if format == SCREEN:
                screen.call_after_refresh(
                    lambda: export_screen(screen.app.export_screenshot(), name, directory, done)
                )
            elif format is not None and found is not None:
                self._notes.say(f"Exporting {name} ...")
                in_thread(lambda: _written(found, format), done)

        def _written(found: Export, format: str) -> Path:
            data = _table(found) if format == "csv" else _figure(found, format)
            return write(data, directory, f"{file_name(name)}.{format}")

        screen.app.push_screen(ExportDialog(name, "", directory, formats), chosen)


def _table(found: Export) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(found.header)
    writer.writerows(found.rows)
    return text.getvalue().encode(errors="backslashreplace")


def _figure(found: Export, format: str) -> bytes:
    """The plot on paper; matplotlib takes a second to import."""
    from tttui.export.figures import plotted

    assert found.plot is not None
    return plotted(found.plot, found.plot.title or found.name, found.span, format, log=found.log)

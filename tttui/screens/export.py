"""The dialog of an export, and the thread that writes the file."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tttui.draw.text import Text
from tttui.export.files import export, file_name, write
from tttui.export.request import TABLES_ONLY, THEMES, WHATS, ExportRequest, Theme
from tttui.model.errors import TttuiError
from tttui.model.here import working_directory

SCREEN = "screen"

FORMATS = {
    "png": ("p", "PNG", "picture for slides and mails"),
    "svg": ("s", "SVG", "vector graphics for the web and for editing"),
    "pdf": ("f", "PDF", "vector graphics for papers"),
    "csv": ("c", "CSV", "the numbers themselves"),
    SCREEN: ("w", "screen", "the whole screen as it is, as SVG"),
}
"""What `e` offers: key, name and purpose."""


class ExportDialog(ModalScreen[str | None]):
    """Asks for the format; returns one of FORMATS, or None."""

    BINDINGS = [
        ("escape,e,q", "dismiss(None)", "close"),
        ("down,j", "move(1)", "down"),
        ("up,k", "move(-1)", "up"),
        ("t", "theme", "theme"),
        *((key, f"choose('{name}')", name) for name, (key, _, _) in FORMATS.items()),
    ]
    DEFAULT_CSS = """
    ExportDialog { align: center middle; }
    ExportDialog Vertical {
        width: 90%; max-width: 76; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    ExportDialog Static { height: auto; }
    ExportDialog OptionList { height: auto; border: none; background: $surface; }
    ExportDialog OptionList:focus { border: none; }
    """

    def __init__(
        self, what: str, details: str, directory: Path, formats: Sequence[str] | None = None
    ) -> None:
        """`formats` are those of FORMATS that there are; None: as for a figure of a session."""
        super().__init__()
        self._what, self._details, self._directory = what, details, directory
        usual = ("csv", SCREEN) if what in TABLES_ONLY else tuple(FORMATS)
        self._formats = tuple(formats or (usual if what in WHATS else (SCREEN,)))
        self.theme: Theme = THEMES[0]
        """The colours of a figure."""

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Text(f"Export {self._what}")
            box.border_subtitle = "enter chooses, esc closes"
            if self._what in WHATS:
                yield Static(Text(f"{WHATS[self._what]}; {self._details}", style="dim"))
            yield OptionList(*(Option(self._row(name)) for name in self._formats))
            if "png" in self._formats:
                yield Static(self._theme_row(), id="theme")
            yield Static(Text(f"into {self._directory}", style="dim"))

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0

    @staticmethod
    def _row(name: str) -> Text:
        key, title, purpose = FORMATS[name]
        row = Text(f"{key}  ", style="bold")
        return row.append(f"{title:<8}").append(purpose, style="dim")

    def _theme_row(self) -> Text:
        row = Text(" t  ", style="bold")
        return row.append(self.theme).append("  colours of a figure", style="dim")

    def action_theme(self) -> None:
        self.theme = THEMES[(THEMES.index(self.theme) + 1) % len(THEMES)]
        for row in self.query("#theme").results(Static):
            row.update(self._theme_row())

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._formats[event.option_index])

    def action_choose(self, name: str) -> None:
        if name in self._formats:
            self.dismiss(name)

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.highlighted = ((options.highlighted or 0) + by) % len(self._formats)


def in_thread(work: Callable[[], Path], done: Callable[[str], object]) -> None:
    """Write in a thread; `done` is called there with a sentence: where the file is, or why not."""

    def run() -> None:
        try:
            message = f"Exported to {shown(work())}"
        except TttuiError as error:
            message = f"Not exported: {error}"
        except Exception as error:
            message = f"Not exported: unexpected {type(error).__name__}: {error}"
        with suppress(RuntimeError):  # the app has ended meanwhile
            done(message)

    Thread(target=run, name="tttui-export", daemon=True).start()


def export_figure(
    request: ExportRequest, format: str, directory: Path, done: Callable[[str], object]
) -> None:
    """Write a figure or a table into the directory, under a name that is free."""
    in_thread(lambda: export(request, format, directory), done)


def export_screen(svg: str, name: str, directory: Path, done: Callable[[str], object]) -> None:
    """Write a picture of the screen into the directory, under a name that is free."""
    in_thread(lambda: write(svg.encode(), directory, f"{file_name(name)}-screen.svg"), done)


def shown(path: Path) -> str:
    """The path as short as it can be typed."""
    cwd = working_directory()
    return str(path.relative_to(cwd)) if cwd and path.is_relative_to(cwd) else str(path)

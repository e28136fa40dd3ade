"""An app that shows some widgets and records the messages that reach it."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from tests.toolkit import ListeningApp
from tttui.widgets.drawn import Drawn
from tttui.widgets.heatmap import Heatmap
from tttui.widgets.timeview import TimeView

WANTED = (
    TimeView.StepPicked,
    TimeView.RangePicked,
    TimeView.Zoomed,
    TimeView.Hovered,
    TimeView.MarkPicked,
    Heatmap.CellPicked,
    Heatmap.CellHovered,
)


class Stage(ListeningApp):
    """Widgets one below the other."""

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.shown = widgets
        self.seen: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self.shown

    def heard(self, message: Message) -> None:
        if isinstance(message, WANTED):
            self.seen.append(message)

    def of(self, kind: type[Message]) -> Sequence[Message]:
        return [message for message in self.seen if type(message) is kind]


def lines(widget: Drawn) -> list[str]:
    """What a widget shows, as text."""
    return [widget.render_line(y).text for y in range(widget.content_size.height)]

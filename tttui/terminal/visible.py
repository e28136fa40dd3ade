"""The last look at every line of the screen: nothing in it may act on the terminal or hide."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tttui.model.text import visible


class VisibleFilter(LineFilter):
    """Writes out what a widget showed as it came, in a line that stays as wide as it was.

    Widgets that make names and messages `visible` themselves keep their columns; this is for
    those that do not, so that nothing escapes it.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        line = "".join(segment.text for segment in segments)
        if visible(line) is line:
            return segments
        width = Segment.get_line_length(segments)
        shown = [Segment(visible(text), style, control) for text, style, control in segments]
        return Segment.adjust_line_length(shown, width)

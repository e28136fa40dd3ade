"""Lines of text and bars for the panels that explain: wrapped to a width, inked by meaning."""

from collections.abc import Sequence

from tttui.draw.cells import padded, wrapped
from tttui.draw.colours import Colour
from tttui.draw.glyphs import Glyphs
from tttui.draw.look import HasLook, Look

Part = tuple[str, Colour, bool]
"""Text, its colour, and whether it is bold."""

Line = list[Part]


class Prose(HasLook):
    """Builds the lines of a panel of a given width."""

    def __init__(self, width: int, look: Look) -> None:
        self.width, self.look = max(width, 1), look
        self.lines: list[Line] = []

    def line(self, *parts: tuple[str, Colour] | Part) -> "Prose":
        """One line as it is, cut off at the edge."""
        self.lines.append([(p[0], p[1], len(p) > 2 and bool(p[2])) for p in parts])
        return self

    def head(self, text: str) -> "Prose":
        """The title of what follows, after an empty line."""
        if self.lines:
            self.lines.append([])
        return self.say(text, self.palette.accent, bold=True)

    def say(self, text: str, ink: Colour | None = None, bold: bool = False) -> "Prose":
        """Sentences, wrapped."""
        ink = self.palette.text if ink is None else ink
        for row in wrapped(self._plain(text), self.width) or [""]:
            self.lines.append([(row, ink, bold)])
        return self

    def gap(self) -> "Prose":
        self.lines.append([])
        return self

    def field(self, name: str, value: str, room: int) -> "Prose":
        """A name in `room` columns and its value, wrapped beside it."""
        rows = wrapped(self._plain(value), max(self.width - room, 8)) or [""]
        for i, row in enumerate(rows):
            label = padded(name if i == 0 else "", room)
            self.line((label, self.palette.muted), (row, self.palette.text))
        return self

    def bar(self, label: str, share: float, value: str, ink: Colour, room: int) -> "Prose":
        """A label in `room` columns, a bar filled to `share`, and its value behind it."""
        track = max(self.width - room - len(value) - 1, 0)
        filled = filling(share, track, self.glyphs)
        rest = " " * (track - len(filled) + 1)
        return self.line(
            (padded(label, room), self.palette.muted),
            (filled, ink),
            (rest, ink),
            (value, self.palette.text),
        )

    def _plain(self, text: str) -> str:
        return text if self.glyphs.braille else text.replace("·", "-").replace("×", "x")


def filling(share: float, width: int, glyphs: Glyphs) -> str:
    """A bar filled to `share` (0..1, clipped) of `width` cells; what is not 0 shows."""
    share = 0.0 if share != share else min(max(share, 0.0), 1.0)
    eighths = max(round(share * width * 8), 1) if share > 0 and width > 0 else 0
    whole, rest = divmod(eighths, 8)
    return glyphs.fills[8] * whole + (glyphs.fills[rest] if rest else "")


def stacked(parts: Sequence[tuple[str, float, Colour]], width: int, fills: str) -> Line:
    """One bar of several parts (label, share, ink); each part has a filling of its own too."""
    total = sum(share for _, share, _ in parts) or 1.0
    line: Line = []
    done, at = 0.0, 0
    for (label, share, ink), fill in zip(parts, fills, strict=False):
        done += share
        end = round(done / total * width)
        room = end - at
        text = f" {label} " if len(label) + 2 <= room else ""
        side = room - len(text)
        line.append((fill * (side // 2) + text + fill * (side - side // 2), ink, False))
        at = end
    return line

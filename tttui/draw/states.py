"""The state of a run or a job as a glyph and a colour."""

from collections.abc import Mapping
from types import MappingProxyType

from tttui.draw.colours import Colour
from tttui.draw.glyphs import Glyphs
from tttui.draw.palette import Palette

_MARKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "queued": ("○", "."),
        "pretraining": ("◐", "~"),
        "running": ("●", ">"),
        "paused": ("‖", "|"),
        "completed": ("✓", "+"),
        "failed": ("✗", "x"),
        "interrupted": ("■", "#"),
        "cancelled": ("■", "#"),
        "crashed": ("✗", "x"),
        "stalled": ("!", "!"),
        "unknown": ("?", "?"),
    }
)
"""Each state of a run or of a job in Unicode and in ASCII."""


def state_mark(state: str, glyphs: Glyphs) -> str:
    return _MARKS[state][0 if glyphs.braille else 1]


def state_ink(state: str, palette: Palette) -> Colour:
    if state in ("running", "completed"):
        return palette.good
    return palette.bad if state in ("crashed", "failed", "stalled") else palette.warn

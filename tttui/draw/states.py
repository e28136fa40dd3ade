"""What a run is doing, as a glyph and a colour."""

from collections.abc import Mapping
from types import MappingProxyType

from tttui.draw.colours import Colour
from tttui.draw.glyphs import Glyphs
from tttui.draw.palette import Palette
from tttui.model.status import State

_MARKS: Mapping[State, tuple[str, str]] = MappingProxyType(
    {
        "queued": ("○", "."),
        "pretraining": ("◐", "~"),
        "running": ("●", ">"),
        "paused": ("‖", "|"),
        "completed": ("✓", "+"),
        "failed": ("✗", "x"),
        "interrupted": ("■", "#"),
        "crashed": ("✗", "x"),
        "stalled": ("!", "!"),
        "unknown": ("?", "?"),
    }
)
"""Each state in Unicode and in ASCII."""


def state_mark(state: State, glyphs: Glyphs) -> str:
    return _MARKS[state][0 if glyphs.braille else 1]


def state_ink(state: State, palette: Palette) -> Colour:
    if state in ("running", "completed"):
        return palette.good
    return palette.bad if state in ("crashed", "failed", "stalled") else palette.warn

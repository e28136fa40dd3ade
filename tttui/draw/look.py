"""The look of drawings: colours and characters as one value."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tttui.draw.glyphs import UNICODE, Glyphs
from tttui.draw.palette import DARK, Palette


class Look(NamedTuple):
    """The colours and the characters of a drawing."""

    palette: Palette = DARK
    glyphs: Glyphs = UNICODE

    def with_statuses(self, names: Sequence[str], words: Mapping[str, str]) -> "Look":
        """With colours and signs for a person's own statuses, and the words for them."""
        return Look(self.palette.with_statuses(names), self.glyphs.with_statuses(names, words))


class HasLook:
    """Something that draws in a `look`, whose halves it names."""

    __slots__ = ()

    look: Look

    @property
    def palette(self) -> Palette:
        return self.look.palette

    @property
    def glyphs(self) -> Glyphs:
        return self.look.glyphs

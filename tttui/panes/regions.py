"""A tab of regions: the keys act in one of them, and those that do not fit share pages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from tttui.model.start import StartView
from tttui.panes.body import Body
from tttui.panes.view import Pane

Pages = tuple[tuple[str, ...], ...]
"""Names of the regions that are shown together, page by page, in the order of the keys."""


class Regions(Body):
    """A body that says which of its regions fit together (`pages`) and shows them.

    The key for the next region turns the page where that one is not on the screen; the footer
    names it then.
    """

    first: ClassVar[str] = ""
    """Where the keys act at first; '' is the first region."""
    short_names: ClassVar[Mapping[str, str]] = {}
    """What the footer calls a region, where that is not its name."""

    def __init__(self) -> None:
        super().__init__()
        self.acting = self.first or self.region_names[0]
        """Where the keys act."""

    # Given by the tab

    def pages(self) -> Pages:
        """The regions that fit together on each page."""
        return (tuple(self.region_names),)

    def show_regions(self) -> None:
        """Show the regions of the page, and where the keys act; called once mounted."""
        raise NotImplementedError(type(self).__name__)

    def stops(self) -> Sequence[str]:
        """The regions that the key goes through."""
        return self.region_names

    def region_note(self, region: str) -> str | None:
        """The note when the keys move to a region."""
        return None

    def nothing_else(self) -> str:
        """The note if there is no other region."""
        return "Everything is on the screen already."

    # Followed from that

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions of the page with the one where the keys act."""
        known = self.pages()
        return next((page for page in known if self.acting in page), known[0])

    @property
    def next_region(self) -> str:
        """Where the key goes."""
        stops = self.stops()
        at = stops.index(self.acting) + 1 if self.acting in stops else 0
        return stops[at % len(stops)]

    @property
    def takes_turns(self) -> bool:
        return len(self.pages()) > 1

    @property
    def hidden_next(self) -> str:
        after, names = self.next_region, self.short_names
        hidden = [name for name in self.stops() if name not in self.regions]
        if after in hidden:
            return names.get(after, after)
        if len(hidden) == 1:
            return f"region +{names.get(hidden[0], hidden[0])}"
        return f"region +{len(hidden)}" if hidden else ""

    def turn_to(self, region: str) -> None:
        """Let the keys act in a region, and show it."""
        self.acting = region
        if self.is_mounted:
            self.show_regions()

    def do_region(self) -> str | None:
        """Go to the next region."""
        if len(self.stops()) < 2:
            return self.nothing_else()
        self.turn_to(self.next_region)
        return self.region_note(self.acting)

    def use_room(self) -> None:
        self.show_regions()

    # The look of a session

    def look(self, start: StartView) -> StartView:
        return replace(start, region=self.acting)

    def recall(self, start: StartView) -> None:
        if start.region in self.region_names:
            self.turn_to(start.region or self.acting)


class RegionPane(Regions, Pane):
    """A tab of regions."""

"""Feeds: each keeps one part of the snapshot up to date, a slice of time at a time."""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

from tttui.artifacts.reader import SessionReader
from tttui.model.session import Place, SessionData
from tttui.store.snapshot import Part, Snapshot

T = TypeVar("T")
V = TypeVar("V")


class Core(Protocol):
    """The store as its feeds see it. They run in its thread, one at a time."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths that are searched for sessions."""

    @property
    def beside(self) -> Path | None:
        """The session whose neighbours are searched for."""

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def reader(self) -> SessionReader | None:
        """The reader of the open session."""

    def put(self, part: Part[V], value: V, data: SessionData | None = None) -> None:
        """Publish another value of a part (and other data of the open session)."""

    def set_places(self, places: tuple[Place, ...]) -> None:
        """Publish where all sessions are."""

    def note(self, text: str) -> None:
        """Show the person a message."""

    def hasten(self) -> None:
        """Have every feed look at once, as this process changed something."""


class Feed(Generic[T]):
    """One part. What a feed raises is published as the failure of its part; the store goes on."""

    part: Part[T]

    needs: ClassVar[AbstractSet[str]] = frozenset()
    """The parts that it depends on; their feeds are refreshed first."""

    urgent: ClassVar[bool] = False
    """It is always refreshed, even while a long session is still being read."""

    complaint: str = ""
    """A problem that `refresh` did not raise; published as a failure."""

    def __init__(self, core: Core) -> None:
        self.core = core

    @property
    def value(self) -> T:
        """The published value."""
        return self.core.snapshot.of(self.part)

    def put(self, value: T) -> None:
        """Publish another value."""
        self.core.put(self.part, value)

    def refresh(self) -> None:
        """Update the value for a slice of time; called after every read of files."""

    @property
    def unfinished(self) -> bool:
        """Whether `refresh` left work."""
        return False

    def work(self) -> None:
        """Work for a slice of time, when nothing else is due."""

    @property
    def pace(self) -> float | None:
        """Seconds until the next look at the files, if it is urgent."""
        return None

    def forget(self) -> T:
        """Drop the data of the session, as another is opened; returns the remaining value."""
        return self.part.empty

    def noticed(self) -> None:
        """Handle a change of files, of the open session or of others."""

    def hasten(self) -> None:
        """Look at once."""

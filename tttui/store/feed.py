"""A feed keeps one part of the snapshot up to date, a moment at a time."""

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
        """Where sessions are looked for."""

    @property
    def beside(self) -> Path | None:
        """The session beside which others are looked for."""

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def reader(self) -> SessionReader | None:
        """Of the open session."""

    def put(self, part: Part[V], value: V, data: SessionData | None = None) -> None:
        """Publish another value of a part (and other data of the open session)."""

    def set_places(self, places: tuple[Place, ...]) -> None:
        """Publish where all sessions are."""

    def note(self, text: str) -> None:
        """Show the person a message."""

    def hasten(self) -> None:
        """Something was changed from here: no feed waits with its next look."""


class Feed(Generic[T]):
    """One part. What a feed raises is published as the failure of its part; the store goes on."""

    part: Part[T]

    needs: ClassVar[AbstractSet[str]] = frozenset()
    """The parts that it is made from: their feeds are refreshed before it."""

    urgent: ClassVar[bool] = False
    """It is refreshed whoever needs it, also while a long session is still being read."""

    complaint: str = ""
    """What is wrong although `refresh` raised nothing; published as a failure."""

    def __init__(self, core: Core) -> None:
        self.core = core

    @property
    def value(self) -> T:
        """What is published."""
        return self.core.snapshot.of(self.part)

    def put(self, value: T) -> None:
        """Publish another value."""
        self.core.put(self.part, value)

    def refresh(self) -> None:
        """Bring the value up to date, for a moment; called every time that files were read."""

    @property
    def unfinished(self) -> bool:
        """There is more to do than `refresh` has done."""
        return False

    def work(self) -> None:
        """Go on for a moment, when nothing else is due."""

    @property
    def pace(self) -> float | None:
        """Seconds until files should be looked at again, where that cannot wait."""
        return None

    def forget(self) -> T:
        """Another session is opened: drop what is known of this one; what is left of the value."""
        return self.part.empty

    def noticed(self) -> None:
        """Files changed, of the open session or of others."""

    def hasten(self) -> None:
        """Do not wait with the next look."""

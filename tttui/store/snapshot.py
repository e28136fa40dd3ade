"""The snapshot of the app at one moment: a frozen value of parts that feeds update."""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from tttui.artifacts.logfile import LogTail
from tttui.model.dataclass import dataclass
from tttui.model.session import FileEntry, Place, SessionData, SessionSummary
from tttui.model.steps import SeriesTable, Trajectory, Yardstick

if TYPE_CHECKING:  # costly to import, and needed only for what is asked for later
    from tttui.engine.machine import Load
    from tttui.model.compare import Comparison
    from tttui.model.document import Reading
    from tttui.model.ledger import Ledger
    from tttui.model.statistics import Statistics

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of the snapshot that a feed fills in: its name, and its value before that."""

    name: str
    empty: T


@dataclass(frozen=True, slots=True, eq=False)
class Relatives:
    """Sessions whose weights the open one is compared with."""

    parent: SessionData | None = None
    """The parent, if it has the only record of the weights."""
    other: SessionData | None = None
    """The chosen session."""


@dataclass(frozen=True, slots=True)
class SessionFileList:
    """The files of one session, `of` None while none were requested."""

    of: Place | None = None
    entries: tuple[FileEntry, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """The preview of a session that is not opened."""

    of: Place | None = None
    data: SessionData | None = None


TRAJECTORY: Part[Trajectory | None] = Part("trajectory", None)
SERIES: Part[SeriesTable | None] = Part("series", None)
"""What the open session records beside its losses; None until it is read, or where nothing is."""
LEDGER: "Part[Ledger | None]" = Part("ledger", None)
"""Whether every score came before the weights learned from it; None where that is not judged."""
YARDSTICKS: "Part[tuple[Yardstick, ...]]" = Part("yardsticks", ())
SUMMARIES: Part[tuple[SessionSummary, ...]] = Part("summaries", ())
"""Of all sessions, as far as they are read."""
STATISTICS: "Part[Statistics | None]" = Part("statistics", None)
"""Of the snapshots of the weights."""
RELATIVES = Part("relatives", Relatives())
LOAD: "Part[Load | None]" = Part("load", None)
"""Of this machine, while live runs are in the table of all sessions."""
IMPLIED: Part[float | None] = Part("implied", None)
"""The hidden quantity that the newest weights imply, where no transaction records it; NaN where
they imply none, None where it has not been worked out (yet)."""
COMPARISON: "Part[Comparison | None]" = Part("comparison", None)
"""Of the sessions that were put side by side."""
FILES = Part("files", SessionFileList())
PREVIEW = Part("preview", Preview())
DOCUMENT: "Part[Reading | None]" = Part("document", None)
"""What the open session of the task `text` reads; None until it was looked for."""
LOG: Part[LogTail | None] = Part("log", None)
"""The end of the open run's log."""
REQUESTS: Part[None] = Part("requests", None)
"""Requests to runs have no value: what becomes of them is a note."""


class Parts:
    """A mixin that gives the parts of a snapshot by name."""

    __slots__ = ()

    def of(self, part: Part[T]) -> T:
        """The value of a part."""
        raise NotImplementedError(type(self).__name__)

    @property
    def trajectory(self) -> Trajectory | None:
        return self.of(TRAJECTORY)

    @property
    def series(self) -> SeriesTable | None:
        return self.of(SERIES)

    @property
    def yardsticks(self) -> "tuple[Yardstick, ...]":
        return self.of(YARDSTICKS)

    @property
    def summaries(self) -> tuple[SessionSummary, ...]:
        return self.of(SUMMARIES)

    @property
    def statistics(self) -> "Statistics | None":
        return self.of(STATISTICS)

    @property
    def parent(self) -> SessionData | None:
        return self.of(RELATIVES).parent

    @property
    def other(self) -> SessionData | None:
        return self.of(RELATIVES).other

    @property
    def load(self) -> "Load | None":
        return self.of(LOAD)

    @property
    def implied(self) -> float | None:
        return self.of(IMPLIED)

    @property
    def comparison(self) -> "Comparison | None":
        return self.of(COMPARISON)

    @property
    def files(self) -> SessionFileList:
        return self.of(FILES)

    @property
    def preview(self) -> Preview:
        return self.of(PREVIEW)

    @property
    def document(self) -> "Reading | None":
        return self.of(DOCUMENT)

    @property
    def log(self) -> LogTail | None:
        return self.of(LOG)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot(Parts):
    """Everything that the app shows, at one moment."""

    places: tuple[Place, ...] = ()
    data: SessionData | None = None
    """The open session."""
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    """The values of known parts, by name."""
    failures: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why a part is not what it could be, by name, for a person."""
    note: str = ""
    """The last note for a person, such as the answer to a request."""
    noted: int = 0
    """How many notes there were: the same may be said twice."""
    opened: int = 0
    """How many sessions were opened so far: the open one may be replaced by a reading of itself."""
    error: str = ""
    """Why nothing could be found or opened."""
    scanned: bool = False
    """Whether the paths were searched at least once."""

    def of(self, part: Part[T]) -> T:
        return cast("T", self.values.get(part.name, part.empty))

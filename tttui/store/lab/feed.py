"""Feeds of the lab: each keeps one part up to date.

How to add one: a module in `store/lab/` with a `Part` (its name, its value before anything was
read) and a subclass of `LabFeed`, named in `store.lab.core.FEEDS`. A view `needs` it by its name
and draws `state.of(PART)`.

    HEALTH: Part[Health | None] = Part("health", None)

    class HealthFeed(LabFeed[Health | None]):
        part = HEALTH

        def refresh(self, now: float) -> Health | None:
            return self.value if nothing_changed else Health(...)
"""

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import ClassVar, Generic, TypeVar, cast

from tttui.model.dataclass import dataclass
from tttui.store.snapshot import Part

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class LabSnapshot:
    """Everything that the lab shows at one moment: a frozen value of parts by name."""

    values: Mapping[str, object] = field(default_factory=dict[str, object])
    failures: Mapping[str, str] = field(default_factory=dict[str, str])
    """Failures of parts, by name, for a person."""
    note: str = ""
    """The outcome of the last action, for a person."""
    noted: int = 0
    """How many notes there were: the same may be said twice."""

    def of(self, part: Part[T]) -> T:
        return cast("T", self.values.get(part.name, part.empty))


class LabFeed(Generic[T]):
    """One part, kept in the thread of the `LabStore` while a view that is shown needs it."""

    part: Part[T]

    every_s: ClassVar[float] = 0.4
    """Seconds between two looks. A look at files that did not change should cost some calls of
    `stat`, no more."""

    def __init__(self, root: Path) -> None:
        self.root = root
        """The run root."""
        self.value: T = self.part.empty
        """What is published."""

    def refresh(self, now: float) -> T:
        """The newest value: the very object as before where nothing changed, else a new frozen one.

        Never raises for what files hold; what it raises else is shown as the part's failure.
        `now` is in Unix seconds.
        """
        raise NotImplementedError(type(self).__name__)

    @property
    def unfinished(self) -> bool:
        """There is more to read than one call of `refresh` should take: it is called again at
        once, after what was asked for meanwhile."""
        return False


def file_state(path: Path) -> tuple[int, int, int] | None:
    """A stamp that differs between versions of a file; None if it is missing."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino

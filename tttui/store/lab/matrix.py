"""What providers can do, as it was measured below the run root."""

import os
from pathlib import Path

from tttui.artifacts.eventlog import EVENTS, LAB
from tttui.lab.providers import find_providers
from tttui.lab.providers.base import Found
from tttui.lab.providers.configuration import providers_path
from tttui.lab.providers.results import FOLDER, Matrix, Results
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part

MATRIX: Part[Matrix | None] = Part("matrix", None)
"""None before it was read."""


class MatrixFeed(LabFeed[Matrix | None]):
    part = MATRIX
    every_s = 1.0

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._measured = root / LAB / FOLDER / EVENTS
        self._results = Results(root)
        self._found: Found | None = None
        self._seen: tuple[int, int, int] | None = None
        self._defined: object = None

    def refresh(self, now: float) -> Matrix | None:
        path = providers_path()
        defined, seen = _signature(path), _signature(self._measured)
        if self._found is not None and (defined, seen) == (self._defined, self._seen):
            return self.value
        if self._found is None or defined != self._defined:
            self._defined, self._found = defined, find_providers()
        if seen != self._seen:
            if self._seen is not None and (seen is None or seen[:1] != self._seen[:1]):
                self._results = Results(self.root)  # another file has taken its place
            self._seen = seen
            self._results.refresh()
        return self._results.matrix(self._found.providers, self._found.problem)


def _signature(path: Path | None) -> tuple[int, int, int] | None:
    """What tells one version of a file from another; None: there is none."""
    if path is None:
        return None
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns

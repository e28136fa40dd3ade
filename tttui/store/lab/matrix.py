"""The matrix of providers, as far as it was tested."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tttui.artifacts.eventlog import EVENTS, LAB
from tttui.store.lab.feed import LabFeed, file_state
from tttui.store.snapshot import Part

if TYPE_CHECKING:  # costly to import: only in the store's thread, where they are read
    from tttui.lab.providers.results import Matrix

AGAIN_S = 60.0
"""Seconds until engines are looked for again, though no file changed."""

MATRIX: "Part[Matrix | None]" = Part("matrix", None)
"""None until it is read."""


class MatrixFeed(LabFeed["Matrix | None"]):
    part = MATRIX
    every_s = 1.0

    def __init__(self, root: Path) -> None:
        from tttui.lab.providers.results import FOLDER, Results

        super().__init__(root)
        self._results = Results(root)
        self._measured = root / LAB / FOLDER / EVENTS
        self._seen: object = None
        self._found_at = 0.0

    def refresh(self, now: float) -> "Matrix | None":
        from tttui.lab.providers import find_providers
        from tttui.lab.providers.configuration import providers_path

        config = providers_path()
        seen = (file_state(self._measured), config and file_state(config))
        old = time.monotonic() - self._found_at > AGAIN_S
        if seen == self._seen and self.value is not None and not old:
            return self.value
        self._seen, self._found_at = seen, time.monotonic()
        self._results.refresh()
        known = find_providers()
        return self._results.matrix(known.providers, known.problem)

"""What lies around the jobs: the machine, the capabilities of providers, the models in use."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tttui.artifacts.eventlog import EVENTS, LAB
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part

if TYPE_CHECKING:  # costly to import: only in the store's thread, where they are read
    from tttui.lab.machine import Machine
    from tttui.lab.providers.results import Matrix
    from tttui.lab.registry import Persona

AGAIN_S = 60.0
"""Seconds until engines are looked for again, though no file changed."""

MACHINE: "Part[Machine | None]" = Part("machine", None)
MATRIX: "Part[Matrix | None]" = Part("matrix", None)
"""What providers can do, as far as it was tested; None until it is read."""
PERSONAS: "Part[tuple[Persona, ...] | None]" = Part("personas", None)
"""The names under which weights are in use; None until they are read."""


class MachineFeed(LabFeed["Machine | None"]):
    part = MACHINE
    every_s = 2.0

    def __init__(self, root: Path) -> None:
        from tttui.lab.machine import MachineReader

        super().__init__(root)
        self._reader = MachineReader(root)

    def refresh(self, now: float) -> "Machine":
        return self._reader.look()


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
        seen = (_state(self._measured), config and _state(config))
        old = time.monotonic() - self._found_at > AGAIN_S
        if seen == self._seen and self.value is not None and not old:
            return self.value
        self._seen, self._found_at = seen, time.monotonic()
        self._results.refresh()
        found = find_providers()
        return self._results.matrix(found.providers, found.problem)


class PersonasFeed(LabFeed["tuple[Persona, ...] | None"]):
    part = PERSONAS
    every_s = 1.0

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._seen: object = None

    def refresh(self, now: float) -> "tuple[Persona, ...]":
        from tttui.lab.registry import personas
        from tttui.lab.registry.personas import personas_folder

        folder = personas_folder(self.root)
        try:
            with os.scandir(folder) as entries:
                seen = frozenset((e.name, e.stat().st_mtime_ns) for e in entries)
        except OSError:
            seen = frozenset()
        if seen != self._seen or self.value is None:
            self._seen = seen
            return tuple(personas(self.root)) if seen else ()
        return self.value


def _state(path: Path) -> object:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino

"""The registry of a run root: its versions, its personas, and what started from them."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part

if TYPE_CHECKING:  # costly to import: only in the store's thread, where they are read
    from tttui.lab.registry import Persona
    from tttui.lab.registry.overview import Registry

SESSIONS_S = 10.0
"""Seconds between two looks at which sessions started from a version."""

MODELS: "Part[Registry | None]" = Part("models", None)
"""All of it; None until it is read."""
PERSONAS: "Part[tuple[Persona, ...] | None]" = Part("personas", None)
"""The names under which weights are in use alone; None until they are read."""


class ModelsFeed(LabFeed["Registry | None"]):
    part = MODELS

    def __init__(self, root: Path) -> None:
        from tttui.lab.registry.overview import RegistryReader

        super().__init__(root)
        self._reader = RegistryReader(root)
        self._sessions_at = -SESSIONS_S

    def refresh(self, now: float) -> "Registry":
        due = time.monotonic() - self._sessions_at >= SESSIONS_S
        if due:
            self._sessions_at = time.monotonic()
        return self._reader.refresh(sessions=due)


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

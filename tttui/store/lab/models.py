"""The registry of a run root: its versions, personas, and what started from them."""

import time
from pathlib import Path

from tttui.lab.registry.overview import Registry, RegistryReader
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part

SESSIONS_S = 10.0
"""Seconds between two looks at which sessions started from a version."""

MODELS = Part("models", Registry())


class ModelsFeed(LabFeed[Registry]):
    part = MODELS

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._reader = RegistryReader(root)
        self._sessions_at = -SESSIONS_S

    def refresh(self, now: float) -> Registry:
        due = time.monotonic() - self._sessions_at >= SESSIONS_S
        if due:
            self._sessions_at = time.monotonic()
        return self._reader.refresh(sessions=due)

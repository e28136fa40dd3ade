"""Events of a run root when the machine runs short of a resource: `data:system:...`.

Every job and session that samples the machine checks; `<root>/.lab/system.json` holds the last
published state, under a lock, so that each change is published once.
"""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.eventlog import LAB, tell
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.mutex import locked
from tttui.model.errors import TttuiError

STATE, LOCK = "system.json", "system.lock"

PATIENCE_S = 0.5

GIGABYTE = 1e9

SHORT: Mapping[str, tuple[float, float]] = {
    "disk_low": (1.0, 2.0),
    "memory_low": (5.0, 10.0),
    "gpu_hot": (-90.0, -85.0),
}
"""Below the first value it is told, above the second it is over: GB that are free on the disk of
the root, percent of the memory that is available, degrees Celsius (negated) of the hottest GPU."""

OVER: Mapping[str, str] = {
    "disk_low": "disk_recovered",
    "memory_low": "memory_recovered",
    "gpu_hot": "gpu_cooled",
}


class Alarms:
    """Publishes when a resource begins to run short, and when that is over."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: frozenset[str] | None = None
        """What is short, as this process saw it last."""

    def look(self, row: Mapping[str, float], memory_total: float) -> None:
        """Check a row of system.csv, and the disk. Never raises."""
        values = {"memory_low": 100.0 * (1 - row["machine_memory"] / max(memory_total, 1.0))}
        with suppress(OSError):
            values["disk_low"] = shutil.disk_usage(self._root).free / GIGABYTE
        heat = [value for name, value in row.items() if name.endswith("_temperature")]
        if heat:
            values["gpu_hot"] = -max(heat)
        before = self._known or frozenset()
        now = _short(values, before)
        if now != before or (self._known is None and (self._root / LAB / STATE).exists()):
            with suppress(TttuiError, OSError):
                now = self._tell(values)
        self._known = now

    def _tell(self, values: Mapping[str, float]) -> frozenset[str]:
        """Publish what changed since the last published state; returns what is short now."""
        folder = self._root / LAB
        folder.mkdir(exist_ok=True)
        with locked(folder / LOCK, PATIENCE_S):
            names: Any = None
            with suppress(TttuiError, OSError):
                names = read_object(folder / STATE).get("short")
            before = frozenset(name for name in names if name in SHORT) if names else frozenset()
            now = _short(values, before)
            entries = [
                (f"data:system:{name if name in now else OVER[name]}", {"value": abs(values[name])})
                for name in sorted(now ^ before)
            ]
            if entries:
                write_whole(folder / STATE, json_bytes({"short": sorted(now)}))
                tell(self._root, entries)
            return now


def _short(values: Mapping[str, float], before: frozenset[str]) -> frozenset[str]:
    """The resources that are short: below their limit, or, once short, not yet above the upper
    limit."""
    short = set(before - values.keys())
    for name, value in values.items():
        low, over = SHORT[name]
        if value < low or (name in before and value < over):
            short.add(name)
    return frozenset(short)

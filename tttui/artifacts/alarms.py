"""What is told once, as an event of a run root, when the machine runs short: `data:system:...`.

Every job and session that samples the machine looks; which of them tells is decided under a lock,
by what `<root>/.lab/system.json` says was told last.
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
from tttui.artifacts.mutex import held
from tttui.model.errors import TttuiError

TOLD, LOCK = "system.json", "system.lock"

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
    """Tells when something begins to run short below a root, and when that is over."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: frozenset[str] | None = None
        """What is short, as this process saw it last."""

    def look(self, row: Mapping[str, float], memory_total: float) -> None:
        """Judge by a row of system.csv, and the disk. Never raises."""
        values = {"memory_low": 100.0 * (1 - row["machine_memory"] / max(memory_total, 1.0))}
        with suppress(OSError):
            values["disk_low"] = shutil.disk_usage(self._root).free / GIGABYTE
        heat = [value for name, value in row.items() if name.endswith("_temperature")]
        if heat:
            values["gpu_hot"] = -max(heat)
        before = self._known or frozenset()
        now = _short(values, before)
        if now != before or (self._known is None and (self._root / LAB / TOLD).exists()):
            with suppress(TttuiError, OSError):
                now = self._tell(values)
        self._known = now

    def _tell(self, values: Mapping[str, float]) -> frozenset[str]:
        """Tell what changed since anybody told it; returns what is short now."""
        folder = self._root / LAB
        folder.mkdir(exist_ok=True)
        with held(folder / LOCK, PATIENCE_S):
            said: Any = None
            with suppress(TttuiError, OSError):
                said = read_object(folder / TOLD).get("short")
            before = frozenset(name for name in said if name in SHORT) if said else frozenset()
            now = _short(values, before)
            entries = [
                (f"data:system:{name if name in now else OVER[name]}", {"value": abs(values[name])})
                for name in sorted(now ^ before)
            ]
            if entries:
                write_whole(folder / TOLD, json_bytes({"short": sorted(now)}))
                tell(self._root, entries)
            return now


def _short(values: Mapping[str, float], before: frozenset[str]) -> frozenset[str]:
    """What is short: below its limit, or not yet above the one from which it is over."""
    found = set(before - values.keys())
    for name, value in values.items():
        low, over = SHORT[name]
        if value < low or (name in before and value < over):
            found.add(name)
    return frozenset(found)

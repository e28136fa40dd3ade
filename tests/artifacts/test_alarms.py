"""When the machine runs short, one of all that sample it tells, once."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tttui.artifacts.alarms import Alarms
from tttui.artifacts.eventlog import LAB, EventLog


def row(memory: float = 10.0, heat: float | None = None) -> dict[str, float]:
    """With so many percent of 100 bytes in use."""
    return {"machine_memory": memory} | ({} if heat is None else {"gpu0_temperature": heat})


def events_of(root: Path) -> list[tuple[str, float]]:
    return [(e.name, e.fields["value"]) for e in EventLog(root / LAB).read()]


def test_each_shortage_is_told_once_by_all_of_them_and_so_is_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [50e9]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free[0]))
    several = [Alarms(tmp_path) for _ in range(3)]

    def look(**values: float) -> None:
        for alarms in several:
            alarms.look(row(**values), 100.0)

    look()
    assert not (tmp_path / LAB).exists(), "nothing is short, nothing is written"
    look(memory=97.0)
    look(memory=93.0)  # not over yet
    free[0] = 0.5e9
    look(memory=50.0, heat=95.0)
    several.append(Alarms(tmp_path))  # comes later, and knows what was told
    free[0] = 3e9
    look(memory=50.0, heat=60.0)
    assert events_of(tmp_path) == [
        ("data:system:memory_low", pytest.approx(3.0)),
        ("data:system:disk_low", 0.5),
        ("data:system:gpu_hot", 95.0),
        ("data:system:memory_recovered", 50.0),
        ("data:system:disk_recovered", 3.0),
        ("data:system:gpu_cooled", 60.0),
    ]


def test_a_root_that_takes_no_events_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / LAB).write_text("no folder")
    Alarms(tmp_path).look(row(memory=99.0), 100.0)

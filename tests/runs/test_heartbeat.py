"""What status.json says of the speed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tttui.artifacts.lock import SessionLock
from tttui.runs.heartbeat import Heartbeat
from tttui.tasks.pointmass.runs.writer import RunWriter


class Clock:
    """The monotonic clock, which stands until it is set forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock)
    return clock


@pytest.fixture
def heart(tmp_path: Path, clock: Clock) -> Iterator[Heartbeat]:  # noqa: ARG001
    with SessionLock(tmp_path) as lock:
        yield Heartbeat(RunWriter(tmp_path), lock, 0, 1000, "cpu")


def test_a_pause_does_not_count_in_the_speed_after_it(heart: Heartbeat, clock: Clock) -> None:
    for second in range(1, 6):
        clock.now += 1.0
        heart.beat_when_due(100 * second, clock.now)
    assert heart.steps_per_second(500) == 100.0
    heart.state = "paused"
    clock.now += 3600.0
    heart.beat_when_due(500, clock.now)
    heart.state = "running"
    heart.beat(500)
    clock.now += 1.0
    heart.beat_when_due(600, clock.now)
    assert heart.steps_per_second(600) == 100.0


def test_every_heartbeat_counts_one_more(heart: Heartbeat, clock: Clock, tmp_path: Path) -> None:
    beats = []
    for _ in range(3):
        clock.now += 1.0
        heart.beat_when_due(0, clock.now)
        beats.append(json.loads((tmp_path / "status.json").read_text())["beat"])
    assert beats == [1, 2, 3]

"""The words of the header."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from tests.rundirs import make_run
from tttui.artifacts.reader import SessionReader
from tttui.draw.look import Look
from tttui.model.session import SessionData
from tttui.model.status import Status
from tttui.screens.header import named, stated, why_nothing
from tttui.store import Snapshot


@pytest.fixture
def data(tmp_path: Path) -> SessionData:
    return SessionReader(make_run(tmp_path / "a", steps=64)).refresh()


def with_status(data: SessionData, status: Status | None) -> SessionData:
    return replace(data, status=status)


def test_a_session_is_named_with_its_steps(data: SessionData) -> None:
    assert named(data)[0] == "a"
    assert "64 steps" in named(data)


def test_the_steps_of_a_live_run_stand_beside_its_state(data: SessionData) -> None:
    running = Status("running", "running", t=63, steps_total=6000, steps_per_second=123.4)
    live = with_status(data, running)
    assert "64 steps" not in named(live)
    texts, _ = stated(live, Look())
    assert texts[0].endswith("64 of 6 000 steps  123 steps/s")
    assert all(len(a) >= len(b) for a, b in itertools.pairwise(texts))


def test_the_reason_of_a_failure_is_cut_before_it_is_left_out(data: SessionData) -> None:
    why = "failed: " + "the disk is full " * 9
    texts, _ = stated(with_status(data, Status("failed", "failed", detail=why, error=why)), Look())
    assert texts[0].endswith(why)
    assert len(texts[1]) == 60
    assert "the disk" in texts[1]


def test_a_session_of_another_program_is_read_only(data: SessionData) -> None:
    assert stated(with_status(data, None), Look())[0] == ("read-only",)


def test_an_empty_screen_tells_what_it_waits_for() -> None:
    assert "Looking for sessions" in why_nothing(Snapshot(), [Path("runs")]).plain
    result = why_nothing(Snapshot(scanned=True), [Path("runs")]).plain
    assert "No session found in runs." in result
    assert "tttui demo" in result
    assert why_nothing(Snapshot(error="gone"), [Path("runs")]).plain == "gone"

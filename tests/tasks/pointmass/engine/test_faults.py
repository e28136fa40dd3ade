"""Faults on purpose end in the right rollback, with the session healthy afterwards."""

from pathlib import Path

import numpy as np
import pytest

from tests.tasks.pointmass.runs.sessions import create, events, run_through, same, settings
from tttui.artifacts.discover import find_sessions
from tttui.model.errors import TttuiError
from tttui.model.pointmass.settings import fault_at_step
from tttui.tasks.pointmass.engine.faults import Fault, corrupted, sudden_mu
from tttui.tasks.pointmass.runs.session import SessionRun
from tttui.tasks.pointmass.runs.verify import verify

LONG = settings(steps=600, seed=3, mu=0.03)


def statuses(directory: Path) -> dict[int, str]:
    return {e["t"]: e["status"] for e in events(directory)}


def last_errors(directory: Path) -> tuple[float, float]:
    rows = np.genfromtxt(directory / "per_step.csv", delimiter=",", names=True)[-100:]
    return float(rows["baseline_mse"].mean()), float(rows["adaptive_mse"].mean())


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("nan", "rollback_non_finite"),
        ("gradient", "rollback_grad_norm"),
        ("mu", "rollback_live_regression"),
        ("chunk", "rollback_grad_norm"),
    ],
)
def test_a_fault_ends_in_its_rollback_and_the_session_stays_healthy(
    tmp_path: Path, kind: str, status: str
) -> None:
    directory = run_through(tmp_path / "a", LONG, faults=[Fault(kind, 257)])
    after = {t: s for t, s in statuses(directory).items() if 257 <= t <= 257 + 96}
    assert status in after.values(), after
    baseline, adaptive = last_errors(directory)
    assert adaptive < baseline


@pytest.mark.parametrize("kind", ["nan", "gradient", "mu", "chunk"])
def test_a_run_with_a_fault_is_continued_and_verified_exactly(tmp_path: Path, kind: str) -> None:
    whole = run_through(tmp_path / "whole", faults=[Fault(kind, 70)])
    run = create(tmp_path / "cut", faults=[Fault(kind, 70)])
    for cut in (40, 75, 90):
        run.advance(cut - run.t)
        run.close("interrupted")
        run = SessionRun.open(tmp_path / "cut")
    run.advance(200 - run.t)
    run.close("completed")
    assert same(whole, tmp_path / "cut") == []
    assert [c for c in verify(find_sessions([whole])[0]) if c.agrees is not True] == []


def test_only_the_observation_at_the_step_is_nan(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a", faults=[Fault("nan", 70)])
    rows = np.genfromtxt(directory / "trajectory.csv", delimiter=",", names=True)
    assert np.flatnonzero(np.isnan(rows["x"])).tolist() == [70]


def test_a_full_disk_stops_the_run_with_one_sentence_and_it_can_be_resumed(tmp_path: Path) -> None:
    whole = run_through(tmp_path / "whole")
    run = create(tmp_path / "full", faults=[Fault("disk", 100)])
    with pytest.raises(TttuiError, match="the disk is full") as caught:
        run.advance(200)
    assert "full" in str(run.fail(caught.value))
    again = SessionRun.open(tmp_path / "full")
    again.advance(200 - again.t)
    again.close("completed")
    assert same(whole, tmp_path / "full") == []


def test_stretches_agree_on_a_corrupted_observation() -> None:
    z = np.zeros((101, 4), dtype=np.float32)
    fault = [Fault("chunk", 30)]
    whole = corrupted(z, 0, fault, chunk=32, seed=1)
    part = corrupted(z[40:71], 40, fault, chunk=32, seed=1)
    assert np.array_equal(whole[40:71], part)
    assert np.flatnonzero(whole.any(axis=1)).tolist() == list(range(30, 62))


@pytest.mark.parametrize("text", ["nan", "nan@", "nan@x", "boom@3", "nan@0", "@5", "nan@-1"])
def test_a_wrong_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"kind|step"):
        fault_at_step(text)


def test_a_sudden_friction_is_the_far_end_of_the_range() -> None:
    assert sudden_mu(0.05, 0.02, 0.25) == 0.25
    assert sudden_mu(0.2, 0.02, 0.25) == 0.02

"""Going back to weights that the history holds: exactly, or not at all."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tttui
from tests.recorder.sessions import events
from tttui.artifacts.reader import SessionReader
from tttui.model.errors import RecorderError
from tttui.model.session import Place

Kept = list[dict[str, torch.Tensor]]


def learned(rec: tttui.Recorder, weights: dict[str, torch.Tensor], updates: int = 4) -> Kept:
    """A step before every update; what the weights were at every step."""
    kept = []
    for t in range(updates):
        rec.step(t, adaptive=1.0)
        kept.append({name: x.clone() for name, x in weights.items()})
        with rec.update(trained_on=[t]):
            for x in weights.values():
                x += torch.randn(x.shape, generator=torch.Generator().manual_seed(t)).to(x.dtype)
    rec.step(updates, adaptive=1.0)
    kept.append({name: x.clone() for name, x in weights.items()})
    return kept


def equal(weights: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(x, kept[name]) for name, x in weights.items())


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    dtypes = (torch.float32, torch.bfloat16, torch.float16)
    return {str(dtype): torch.randn(3, 4).to(dtype) for dtype in dtypes}


def test_a_step_is_gone_back_to_bit_by_bit(
    tmp_path: Path, weights: dict[str, torch.Tensor]
) -> None:
    with tttui.Recorder(tmp_path / "a", plastic=weights) as rec:
        kept = learned(rec, weights)
        version = rec.version
        for to in (2, 0, 3, 4):
            rec.rollback(to=to, why="worse")
            assert equal(weights, kept[to])
        assert rec.version == version
        rec.step(5, adaptive=1.0)
    back = events(tmp_path / "a")[-4:]
    assert [event["to_t"] for event in back] == [2, -1, 3, 4]
    assert {event["status"] for event in back} == {"rollback_worse"}
    assert all(event["restored"] for event in back)
    data = SessionReader(Place(tmp_path / "a", "native")).refresh()
    assert not [p for p in data.problems if not p.usual]


def test_the_last_commit_is_gone_back_to_from_what_was_written_outside(
    tmp_path: Path, weights: dict[str, torch.Tensor]
) -> None:
    with tttui.Recorder(tmp_path / "a", plastic=weights) as rec:
        with pytest.raises(RecorderError, match="no update was committed yet"):
            rec.rollback(to="commit")
        kept = learned(rec, weights)
        for x in weights.values():
            x += 1
        rec.rollback(to="commit", why="drift")
        assert equal(weights, kept[4])
    outside, back = events(tmp_path / "a")[-2:]
    assert outside["outside"] is True
    assert back["version"] == outside["version_before"]


def test_what_is_not_held_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    weights = {"a": torch.randn(8), "b": torch.randn(40)}
    with tttui.Recorder(tmp_path / "part", plastic=weights, keep="a") as rec:
        kept = learned(rec, weights)
        with pytest.raises(RecorderError, match="no snapshots of b"):
            rec.rollback(to=1)
        assert equal(weights, kept[4])
    exact = {"a": torch.randn(8, dtype=torch.float64)}
    with tttui.Recorder(tmp_path / "double", plastic=exact) as rec:
        learned(rec, exact)
        with pytest.raises(RecorderError, match="float32 does not hold them"):
            rec.rollback(to=1)
    with tttui.Recorder(tmp_path / "thinned", plastic=weights, history_mb=1e-3, keep="*") as rec:
        learned(rec, weights, 40)
        with pytest.raises(RecorderError, match="thinned out"):
            rec.rollback(to=38)
        for wrong in ("start", -1, True, 1.5):
            with pytest.raises(RecorderError, match="'base', 'commit' or by a step"):
                rec.rollback(to=wrong)  # type: ignore[arg-type]


def test_arrays_of_numpy_are_gone_back_to_after_a_resume(tmp_path: Path) -> None:
    weights = {"w": np.zeros(5, np.float32)}
    with tttui.Recorder(tmp_path / "a", plastic=weights) as rec:
        for t in range(3):
            rec.step(t, adaptive=1.0)
            with rec.update():
                weights["w"] += 1
    with tttui.Recorder(tmp_path / "a", plastic=weights, resume=True) as rec:
        rec.rollback(to=1)
    assert weights["w"].tolist() == [1] * 5


def test_the_log_tells_of_rollbacks_and_of_the_end(tmp_path: Path) -> None:
    weights = {"w": np.zeros(5, np.float32)}
    with tttui.Recorder(tmp_path / "a", plastic=weights) as rec:
        rec.step(0, adaptive=1.0)
        with rec.update():
            weights["w"] += 1
        rec.rollback(why="collapse\x1b[2J")
    lines = (tmp_path / "a" / "run.log").read_text().splitlines()
    said = [line.split(" ", 3)[3].strip() for line in lines]
    assert said[0] == "recording from step 0 on"
    assert "rollback_collapse" in said[1]
    assert "back to the weights of the base" in said[1]
    assert said[2] == "completed after step 0"

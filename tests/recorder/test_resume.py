"""Going on with a session that is there."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tttui
from tests.recorder.sessions import batch, events, history, learn, loss_of, meta, rows, small_model
from tttui.model.errors import RecorderError


def record(path: Path, first: int, last: int, *, resume: bool | int = False) -> None:
    with tttui.Recorder(path, resume=resume) as rec:
        for t in range(first, last):
            rec.step(t, adaptive=float(t), frozen=float(t) + 1, twice=2.0 * t)
            with rec.update(t, trained_on=t):
                pass


def test_a_directory_that_holds_a_session_is_refused_with_the_way_on(tmp_path: Path) -> None:
    record(tmp_path / "a", 0, 3)
    with pytest.raises(RecorderError) as refused:
        tttui.Recorder(tmp_path / "a")
    assert "go on with it by Recorder(..., resume=True), or choose another" in str(refused.value)
    assert len(rows(tmp_path / "a")) == 3


def test_a_session_goes_on_after_its_last_step(tmp_path: Path) -> None:
    record(tmp_path / "a", 0, 5)
    record(tmp_path / "a", 5, 8, resume=True)
    record(tmp_path / "b", 0, 8)
    for name in ("per_step.csv", "series.csv"):
        assert (tmp_path / "a" / name).read_text() == (tmp_path / "b" / name).read_text()
    numbers = [
        {k: v for k, v in event.items() if k != "duration_ms"} for event in events(tmp_path / "a")
    ]
    assert [event["t"] for event in numbers] == list(range(1, 9))
    assert meta(tmp_path / "a")["resumed_at"] == [5]
    metrics = [(tmp_path / n / "session" / "metrics.json").read_text() for n in "ab"]
    assert metrics[0] == metrics[1]


def test_resume_begins_where_there_is_nothing_yet(tmp_path: Path) -> None:
    record(tmp_path / "a", 0, 2, resume=True)
    assert len(rows(tmp_path / "a")) == 2


def test_a_resumed_session_says_which_step_is_next(tmp_path: Path) -> None:
    record(tmp_path / "a", 0, 5)
    with tttui.Recorder(tmp_path / "a", resume=True) as rec:
        assert rec.t == 4
        with pytest.raises(RecorderError, match="steps only go up"):
            rec.step(4, adaptive=1.0)
        rec.step(5, adaptive=1.0)
    assert rows(tmp_path / "a")[-1]["did_update"] == "1"


def test_an_earlier_step_to_go_on_from_cuts_off_what_came_after(tmp_path: Path) -> None:
    record(tmp_path / "a", 0, 10)
    record(tmp_path / "a", 4, 6, resume=4)
    record(tmp_path / "b", 0, 6)
    for name in ("per_step.csv", "series.csv"):
        assert (tmp_path / "a" / name).read_text() == (tmp_path / "b" / name).read_text()


@pytest.mark.parametrize("name", ["per_step.csv", "series.csv", "update_events.jsonl"])
@pytest.mark.parametrize("tail", [b"5,1.0", b"\0" * 40, b'{"t": 5, "sta'])
def test_half_a_record_is_cut_off(tmp_path: Path, name: str, tail: bytes) -> None:
    record(tmp_path / "a", 0, 5)
    before = (tmp_path / "a" / name).read_bytes()
    with (tmp_path / "a" / name).open("ab") as file:
        file.write(tail)
    with pytest.warns(RuntimeWarning, match=f"{name}: cut off {len(tail)} bytes"):
        record(tmp_path / "a", 5, 6, resume=True)
    after = (tmp_path / "a" / name).read_bytes()
    assert after.startswith(before)
    assert tail not in after[len(before) :] or len(after) > len(before) + len(tail)
    assert [row["t"] for row in rows(tmp_path / "a")] == [str(t) for t in range(6)]


def test_rows_of_a_step_that_is_not_whole_are_recorded_again(tmp_path: Path) -> None:
    record(tmp_path / "a", 0, 5)
    steps = tmp_path / "a" / "per_step.csv"
    steps.write_bytes(b"".join(steps.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.warns(RuntimeWarning, match=r"series\.csv: cut off"):
        record(tmp_path / "a", 4, 6, resume=True)
    assert [row["t"] for row in rows(tmp_path / "a", "series.csv")] == list("012345")


def test_the_base_of_a_resumed_model_is_the_one_it_began_with(tmp_path: Path) -> None:
    model, x = small_model(), batch()
    base = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    with tttui.Recorder(tmp_path / "a", model) as rec:
        frozen = loss_of(model(x)).item()
        for t in range(3):
            with rec.score(t) as s:
                s.loss(loss_of(model(x)))
            with rec.update(trained_on=[t]):
                learn(model, optimizer, x)
        last = rec.version
    with tttui.Recorder(tmp_path / "a", model, resume=True) as rec:
        assert rec.version == last
        with rec.score(3) as s:
            s.loss(loss_of(model(x)))
            s.frozen(lambda m: loss_of(m(x)))
        rec.rollback(to="base", why="done")
    assert float(rows(tmp_path / "a")[3]["baseline_mse"]) == frozen
    assert all(torch.equal(p, base[name]) for name, p in model.named_parameters())
    assert [event["status"] for event in events(tmp_path / "a")] == [
        *["commit"] * 3,
        "rollback_done",
    ]
    assert history(tmp_path / "a")["t"].tolist() == [0, 1, 2, 3, 4]


def test_other_weights_than_it_ended_with_are_named(tmp_path: Path) -> None:
    weights = {"w": np.zeros(3, np.float32)}
    with tttui.Recorder(tmp_path / "a", plastic=weights) as rec:
        rec.step(0, adaptive=1.0)
    weights["w"] += 1
    with (
        pytest.warns(RuntimeWarning, match="the weights are not those that"),
        tttui.Recorder(tmp_path / "a", plastic=weights, resume=True) as rec,
    ):
        rec.step(1, adaptive=1.0)
    (event,) = events(tmp_path / "a")
    assert (event["t"], event["why"]) == (1, "resumed with other weights")
    assert event["version"] == rows(tmp_path / "a", "scores.csv")[1]["version"]


def test_another_model_cannot_go_on_with_a_session(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a", plastic={"w": np.zeros(3, np.float32)}):
        pass
    with pytest.raises(RecorderError, match="its plastic weights are others"):
        tttui.Recorder(tmp_path / "a", plastic={"w": np.zeros(4, np.float32)}, resume=True)


def test_a_session_of_the_engine_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "a" / "session").mkdir(parents=True)
    (tmp_path / "a" / "session" / "meta.json").write_text('{"schema_version": 1}')
    with pytest.raises(tttui.model.errors.RefusedInput, match="a session of another kind"):
        tttui.Recorder(tmp_path / "a", resume=True)

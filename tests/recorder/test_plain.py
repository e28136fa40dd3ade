"""The plain form: numbers from a loop of one's own."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tttui
from tests.recorder.sessions import events, history, meta, rows, status
from tttui.artifacts.discover import find_sessions
from tttui.model.arrays import Floats
from tttui.model.errors import RecorderError, RefusedInput


def test_numbers_become_the_files_of_a_session(tmp_path: Path) -> None:
    with tttui.Recorder(
        tmp_path / "a", settings={"lr": 1e-3}, loss_name="cross-entropy", unit="nats"
    ) as rec:
        rec.step(0, adaptive=2.0, frozen=2.0)
        with rec.update(0) as u:
            u.pre_loss, u.post_loss, u.grad_norm = 2.0, 1.5, 0.25
        rec.step(1, adaptive=1.5, entropy=0.5)
    assert (tmp_path / "a" / "per_step.csv").read_text().splitlines() == [
        "t,baseline_mse,adaptive_mse,did_update,update_ok",
        "0,2.0,2.0,0,0",
        "1,,1.5,1,1",
    ]
    assert (tmp_path / "a" / "series.csv").read_text() == "t,entropy\n1,0.5\n"
    (event,) = events(tmp_path / "a")
    assert (event["t"], event["status"]) == (1, "commit")
    assert (event["pre_loss"], event["post_loss"], event["grad_norm"]) == (2.0, 1.5, 0.25)
    result = meta(tmp_path / "a")
    assert result["schema_version"] == 2
    assert result["task"] == {"name": "recorded", "version": "1", "settings": {"lr": 1e-3}}
    assert result["loss"] == {"name": "cross-entropy", "unit": "nats", "lower_is_better": True}
    assert status(tmp_path / "a")["state"] == "completed"
    (place,) = find_sessions([tmp_path])
    assert (place.name, place.layout) == ("a", "native")


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        np.float32(1.5),
        np.array([1.5]),
        torch.tensor(1.5, requires_grad=True),
        torch.tensor([[1.5]], dtype=torch.bfloat16),
    ],
    ids=["float", "numpy scalar", "numpy array", "torch scalar", "torch 1x1 bf16"],
)
def test_a_loss_is_a_number_of_any_library(tmp_path: Path, value: Any) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        rec.step(0, adaptive=value)
    assert rows(tmp_path / "a")[0]["adaptive_mse"] == "1.5"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.ones(3), "has the shape [3], but one number is recorded"),
        ("high", "is 'high', which is no number"),
        (None, "is None, which is no number"),
    ],
)
def test_a_loss_that_is_no_number_is_refused(tmp_path: Path, value: Any, said: str) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        with pytest.raises(RecorderError) as refused:
            rec.step(0, adaptive=value)
        rec.step(0, adaptive=1.0)
    assert said in str(refused.value)
    assert len(rows(tmp_path / "a")) == 1


def test_nan_is_recorded_with_one_warning(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        with pytest.warns(RuntimeWarning, match="the loss of step 0 is NaN"):
            rec.step(0, adaptive=math.nan)
        rec.step(1, adaptive=math.nan)
    assert [row["adaptive_mse"] for row in rows(tmp_path / "a")] == ["nan", "nan"]


@pytest.mark.parametrize("t", [3, 2, -1, 1.5, "4"])
def test_steps_only_go_up_and_are_whole(tmp_path: Path, t: Any) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        rec.step(3, adaptive=1.0)
        with pytest.raises(RecorderError, match=r"step"):
            rec.step(t, adaptive=1.0)
        rec.step(4, adaptive=1.0)
    assert [row["t"] for row in rows(tmp_path / "a")] == ["3", "4"]


def test_a_rollback_keeps_the_words_of_the_user(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a") as rec, rec.update(0) as u:
        u.rollback("Entropy too high!")
    (event,) = events(tmp_path / "a")
    assert event["status"] == "rollback_entropy_too_high"
    assert event["reason"] == "Entropy too high!"


def test_an_exception_rolls_back_and_goes_on(tmp_path: Path) -> None:
    weights = {"w": np.ones(3, np.float32)}
    rec = tttui.Recorder(tmp_path / "a", plastic=weights)

    def break_off() -> None:
        with rec.update(0):
            weights["w"] *= 2
            raise ZeroDivisionError("by zero")

    with rec, pytest.raises(ZeroDivisionError):
        break_off()
    (event,) = events(tmp_path / "a")
    assert event["status"] == "rollback_exception"
    assert event["reason"] == "ZeroDivisionError: by zero"
    assert weights["w"].tolist() == [1, 1, 1]


def test_a_block_that_fails_says_so_in_the_status(tmp_path: Path) -> None:
    with pytest.raises(KeyError), tttui.Recorder(tmp_path / "a"):
        raise KeyError("x")
    assert status(tmp_path / "a")["state"] == "failed"
    assert status(tmp_path / "a")["error"] == "KeyError: 'x'"


def test_plastic_arrays_are_versioned_and_kept(tmp_path: Path) -> None:
    weights: dict[str, Floats] = {
        "w": np.ones((2, 3), np.float32),
        "b": np.zeros(2, np.float64),
    }
    with tttui.Recorder(tmp_path / "a", plastic=weights) as rec:
        rec.step(0, adaptive=1.0)
        first = rec.version
        with rec.update(0, trained_on=0):
            weights["w"] += 1
        rec.step(1, adaptive=0.5)
        second = rec.version
    assert [row["version"] for row in rows(tmp_path / "a", "scores.csv")] == [first, second]
    assert first != second
    (event,) = events(tmp_path / "a")
    assert (event["version_before"], event["version"]) == (first, second)
    assert event["trained_on"] == [0]
    assert event["weights"]["w"]["delta_fro"] == pytest.approx(6**0.5, rel=1e-5)
    assert "b" not in event["weights"]
    kept = history(tmp_path / "a")
    assert kept["t"].tolist() == [0, 1]
    assert kept["w"][1].tolist() == [[2, 2, 2], [2, 2, 2]]
    assert kept["b"].shape == (2, 2)
    result = meta(tmp_path / "a")
    assert result["plastic"] == [
        {"name": "w", "shape": [2, 3], "dtype": "float32"},
        {"name": "b", "shape": [2], "dtype": "float64"},
    ]
    assert result["kept"] == ["w", "b"]


def test_weights_that_a_function_gives_may_be_new_arrays_each_time(tmp_path: Path) -> None:
    state = {"w": np.zeros(2, np.float32)}
    with tttui.Recorder(tmp_path / "a", plastic=lambda: dict(state)) as rec:
        rec.step(0, adaptive=1.0)
        with rec.update():
            state["w"] = state["w"] + 1
        rec.step(1, adaptive=1.0)
    versions = [row["version"] for row in rows(tmp_path / "a", "scores.csv")]
    assert versions[0] != versions[1]
    assert events(tmp_path / "a")[0]["version"] == versions[1]


def test_a_new_series_widens_the_table(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        rec.step(0, adaptive=1.0, entropy=0.5)
        rec.step(1, adaptive=1.0)
        rec.step(2, adaptive=1.0, **{"lr (1e-3)": 2.0})
    assert (tmp_path / "a" / "series.csv").read_text().splitlines() == [
        "t,entropy,lr (1e-3)",
        "0,0.5,",
        "2,,2.0",
    ]


@pytest.mark.parametrize("name", ["a,b", 'a"b', "a\nb", " a", "step", "", "\x1b[31m"])
def test_a_series_whose_name_is_no_column_is_refused(tmp_path: Path, name: str) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        with pytest.raises(RefusedInput, match="a series cannot be called"):
            rec.step(0, adaptive=1.0, **{name: 1.0})
        rec.step(0, adaptive=1.0)
    assert len(rows(tmp_path / "a")) == 1


def test_plastic_weights_are_floating_point(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match="n holds int64"):
        tttui.Recorder(tmp_path / "a", plastic={"n": np.arange(3)})
    assert not (tmp_path / "a").exists()


def test_a_weight_that_changes_its_shape_is_refused(tmp_path: Path) -> None:
    weights = {"w": np.ones(3, np.float32)}
    with tttui.Recorder(tmp_path / "a", plastic=weights) as rec:
        rec.step(0, adaptive=1.0)
        weights["w"] = np.ones(4, np.float32)
        with pytest.raises(RecorderError, match=r"w had the shape \[3\] and has now \[4\]"):
            rec.step(1, adaptive=1.0)
        weights["w"] = np.ones(3, np.float32)


def test_the_long_list_of_trained_steps_is_written_as_ranges(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        for trained_on in (range(40), [5, 3, 3], [*range(10), *range(20, 40)], np.int64(7)):
            with rec.update(trained_on=trained_on):
                pass
    results = [event["trained_on"] for event in events(tmp_path / "a")]
    assert results == [[[0, 39]], [3, 5], [[0, 9], [20, 39]], [7]]

"""The full form: a module whose changes are seen, its frozen twin, its transactions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import tttui
from tests.recorder.sessions import (
    batch,
    events,
    history,
    learn,
    loss_of,
    meta,
    rows,
    small_model,
)
from tttui.model.errors import RecorderError


def test_a_loop_records_scores_twin_control_and_updates(tmp_path: Path) -> None:
    model, x = small_model(), batch()
    rec = tttui.Recorder(tmp_path / "a", model, plastic="*.weight", frozen_every=2)
    weights = [p for name, p in model.named_parameters() if name.endswith(".weight")]
    optimizer = torch.optim.SGD(weights, lr=0.5)
    first = loss_of(model(x)).item()
    for t in range(4):
        with rec.score(t) as s:
            s.loss(loss_of(model(x)))
            s.frozen(lambda m: loss_of(m(x)))
            s.control("no learning", lambda m: loss_of(m(x)))
            s.record(extra=t)
        with rec.update(trained_on=[t]) as u:
            u.pre_loss = learn(model, optimizer, x)
    rec.close()
    result = rows(tmp_path / "a")
    assert float(result[0]["baseline_mse"]) == float(result[2]["baseline_mse"]) == first
    assert [row["baseline_mse"] == "" for row in result] == [False, True, False, True]
    assert float(result[3]["adaptive_mse"]) < first
    assert [(row["did_update"], row["update_ok"]) for row in result] == [
        ("0", "0"), ("1", "1"), ("1", "1"), ("1", "1"),
    ]  # fmt: skip
    series = rows(tmp_path / "a", "series.csv")
    assert float(series[0]["control:no learning"]) == first
    assert [row["extra"] for row in series] == ["0.0", "1.0", "2.0", "3.0"]
    said = events(tmp_path / "a")
    assert [event["why"] for event in said] == ["gradient"] * 4
    assert [event["t"] for event in said] == [1, 2, 3, 4]
    assert said[0]["lr"] == 0.5
    assert history(tmp_path / "a")["t"].tolist() == [0, 1, 2, 3, 4]
    about = meta(tmp_path / "a")
    assert about["recorder"] == {"form": "module", "frozen_every": 2}
    assert [p["name"] for p in about["plastic"]] == ["0.weight", "1.weight", "3.weight"]
    assert about["controls"] == ["no learning"]
    assert [m["type"] for m in about["model"]] == [
        "Sequential", "Linear", "LayerNorm", "ReLU", "Linear",
    ]  # fmt: skip
    assert about["model"][1]["parameters"][0] == {
        "name": "weight", "shape": [4, 3], "dtype": "float32", "plastic": True,
    }  # fmt: skip


def test_a_failed_gate_restores_weights_optimizer_and_buffers(tmp_path: Path) -> None:
    model, x = small_model(batch_norm=True), batch()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    with tttui.Recorder(tmp_path / "a", model, optimizer=optimizer) as rec:
        with rec.update() as u:
            learn(model, optimizer, x)
        weights = {name: p.detach().clone() for name, p in model.named_parameters()}
        buffers = {name: b.clone() for name, b in model.named_buffers()}
        moments = optimizer.state[model.get_parameter("0.weight")]["exp_avg"].clone()
        with rec.update() as u:
            learn(model, optimizer, x)
            assert not torch.equal(model.get_parameter("0.weight"), weights["0.weight"])
            assert not u.gate("recall", 0.4, 0.3)
            assert u.gate("norm", 1.0, 2.0)
    assert all(torch.equal(p, weights[name]) for name, p in model.named_parameters())
    assert all(torch.equal(b, buffers[name]) for name, b in model.named_buffers())
    assert torch.equal(optimizer.state[model.get_parameter("0.weight")]["exp_avg"], moments)
    event = events(tmp_path / "a")[1]
    assert event["status"] == "rollback_recall"
    assert event["version"] == event["version_before"] == events(tmp_path / "a")[0]["version"]
    assert event["gates"] == [
        {"name": "recall", "value": 0.4, "limit": 0.3, "passed": False},
        {"name": "norm", "value": 1.0, "limit": 2.0, "passed": True},
    ]


def test_a_gate_does_not_pass_nan_and_can_ask_for_at_least(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a") as rec, rec.update() as u:
        assert u.gate("accuracy", 0.9, at_least=0.8)
        assert not u.gate("accuracy", 0.7, at_least=0.8)
        assert not u.gate("loss", float("nan"), 1.0)


def test_rollback_to_the_base_restores_it_bit_by_bit(tmp_path: Path) -> None:
    model, x = small_model(), batch()
    base = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    with tttui.Recorder(tmp_path / "a", model, optimizer=optimizer) as rec:
        first = rec.version
        with rec.update():
            learn(model, optimizer, x)
        rec.rollback(to="base", why="collapse")
        assert rec.version == first
    assert all(torch.equal(p, base[name]) for name, p in model.named_parameters())
    assert not optimizer.state_dict()["state"]
    event = events(tmp_path / "a")[1]
    assert (event["status"], event["reason"]) == ("rollback_collapse", "collapse")
    assert (event["version"], event["to"], event["why"]) == (first, "base", "reset")


def test_the_twin_changes_nothing_of_the_model(tmp_path: Path) -> None:
    model, x = small_model(batch_norm=True).train(), batch()
    model.append(nn.Dropout(0.5))
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    with tttui.Recorder(tmp_path / "a", model) as rec, rec.score(0) as s:
        s.loss(1.0)
        before = torch.get_rng_state()
        s.frozen(lambda m: loss_of(m.eval()(x)))
        s.frozen(lambda m: loss_of(m.train()(x)))
        s.control("statistics", lambda m: loss_of(m(x)))
        assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(b, buffers[name]) for name, b in model.named_buffers())
    assert model.training
    assert all(p.grad is None for p in model.parameters())


def test_the_twin_is_the_model_before_somebody_configured_it(tmp_path: Path) -> None:
    model, x = small_model(batch_norm=True).eval(), batch()
    as_it_was = loss_of(model(x)).item()
    with tttui.Recorder(tmp_path / "a", model, plastic="1.*") as rec:
        model.train()
        norm = model[1]
        assert isinstance(norm, nn.BatchNorm1d)
        norm.track_running_stats = False
        norm.running_mean = norm.running_var = None
        configured = loss_of(model(x)).item()
        with torch.no_grad():
            norm.weight.mul_(3)
        with rec.score(0) as s:
            s.loss(loss_of(model(x)))
            s.frozen(lambda m: loss_of(m(x)))
            s.control("statistics", lambda m: loss_of(m(x)))
    (row,), (series,) = rows(tmp_path / "a"), rows(tmp_path / "a", "series.csv")
    assert float(row["baseline_mse"]) == as_it_was
    assert float(series["control:statistics"]) == configured
    assert float(row["adaptive_mse"]) != configured


def test_the_twin_shares_what_is_not_plastic(tmp_path: Path) -> None:
    model = small_model()
    with tttui.Recorder(tmp_path / "a", model, plastic="1.*") as rec, rec.score(0) as s:
        s.loss(1.0)
        seen: list[int] = []

        def look(twin: nn.Module) -> float:
            seen.extend(p.data_ptr() for p in twin.parameters())
            return 1.0

        s.frozen(look)
    own = [p.data_ptr() for p in model.parameters()]
    assert [a == b for a, b in zip(seen, own, strict=True)] == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]


def test_a_weight_that_learns_without_being_plastic_is_warned_of(tmp_path: Path) -> None:
    model, x = small_model(), batch()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with tttui.Recorder(tmp_path / "a", model, plastic="*.weight") as rec, rec.update():
        with pytest.warns(RuntimeWarning, match=r"0\.bias .* is not plastic"):
            learn(model, optimizer, x)
        learn(model, optimizer, x)


@pytest.mark.parametrize("pattern", ["*nothing*", ["x", "y"]])
def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(RecorderError, match=r"no parameter matches .* the module has 0.weight"):
        tttui.Recorder(tmp_path / "a", small_model(), plastic=pattern)
    assert not (tmp_path / "a").exists()


def test_a_score_without_a_loss_is_refused(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a") as rec:
        with pytest.raises(RecorderError, match="the score of step 0 has no loss"), rec.score(0):
            pass
        with rec.score(0) as s:
            s.loss(1.0)
    assert len(rows(tmp_path / "a")) == 1


def test_blocks_do_not_stand_in_each_other(tmp_path: Path) -> None:
    rec = tttui.Recorder(tmp_path / "a")
    with rec, rec.update(), pytest.raises(RecorderError, match="an update is still open"):
        rec.score(0).__enter__()


def test_bfloat16_weights_are_recorded(tmp_path: Path) -> None:
    model = small_model().to(torch.bfloat16)
    rec = tttui.Recorder(tmp_path / "a", model, plastic="0.weight")
    weight = model.get_parameter("0.weight")
    with rec, rec.update(), torch.no_grad():
        weight.add_(1)
    kept = history(tmp_path / "a")["0.weight"]
    assert np.array_equal(kept[-1], weight.detach().float().numpy())
    assert meta(tmp_path / "a")["plastic"][0]["dtype"] == "bfloat16"
    assert events(tmp_path / "a")[0]["weights"]["0.weight"]["delta_fro"] > 0


class Uncopied(nn.Module):
    """Holds a tensor with a history, which nobody can copy."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.made = self.weight * 2


def test_a_module_that_cannot_be_copied_is_recorded_without_a_twin(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a", Uncopied()) as rec, rec.score(0) as s:
        s.loss(1.0)
        with pytest.raises(RecorderError, match="Uncopied cannot be copied"):
            s.frozen(loss_of)
        s.frozen(2.0)
    assert rows(tmp_path / "a")[0]["baseline_mse"] == "2.0"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"optimizer": object()}, "the optimizer is a object"),
        ({"frozen_every": 0}, "frozen_every is 0"),
        ({"settings": {1: {2, 3}, (1, 2): 0}}, "settings cannot be written"),
    ],
)
def test_a_recorder_that_was_refused_leaves_no_session(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(RecorderError, match=said):
        tttui.Recorder(tmp_path / "a", small_model(), **options)
    tttui.Recorder(tmp_path / "a", small_model()).close()


def test_something_else_than_a_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match=r"the model is a dict, not a torch\.nn\.Module"):
        tttui.Recorder(tmp_path / "a", {})
    with pytest.raises(RecorderError, match="so the module has to be given"):
        tttui.Recorder(tmp_path / "a", plastic="*norm*")

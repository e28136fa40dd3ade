"""Every change of the weights between two scores is seen, and named."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import tttui
from tests.recorder.sessions import batch, events, learn, loss_of, rows, small_model


@dataclass(frozen=True)
class Loop:
    """What somebody's loop has at hand when it changes the weights."""

    model: nn.Module
    base: dict[str, torch.Tensor]
    optimizer: torch.optim.Optimizer


def gradient(loop: Loop) -> None:
    learn(loop.model, loop.optimizer, batch())


@torch.no_grad()
def restore(loop: Loop) -> None:
    """CoTTA: a random share of the elements goes back to the base."""
    for name, p in loop.model.named_parameters():
        mask = torch.rand(p.shape, generator=torch.Generator().manual_seed(2)) < 0.3
        p.data = torch.where(mask, loop.base[name], p)


def step_and_restore(loop: Loop) -> None:
    gradient(loop)
    restore(loop)


def reset(loop: Loop) -> None:
    loop.model.load_state_dict(loop.base)


@torch.no_grad()
def towards_base(loop: Loop) -> None:
    for name, p in loop.model.named_parameters():
        p.mul_(0.9).add_(loop.base[name], alpha=0.1)


@torch.no_grad()
def noise(loop: Loop) -> None:
    loop.optimizer.zero_grad()
    for p in loop.model.parameters():
        p.add_(torch.randn(p.shape, generator=torch.Generator().manual_seed(3)))


def by_hand(loop: Loop) -> None:
    loop.optimizer.zero_grad()
    loss_of(loop.model(batch())).backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for p in loop.model.parameters():
            assert p.grad is not None
            p.sub_(p.grad, alpha=0.1)


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (gradient, "gradient"),
        (by_hand, "gradient"),
        (restore, "restore"),
        (step_and_restore, "gradient, restore"),
        (reset, "reset"),
        (towards_base, "ema"),
        (noise, "outside update"),
    ],
)
def test_a_change_between_two_scores_is_named(
    tmp_path: Path, act: Callable[[Loop], None], named: str
) -> None:
    model, x = small_model(), batch()
    base = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    with tttui.Recorder(tmp_path / "a", model) as rec:
        with rec.score(0) as s:
            s.loss(loss_of(model(x)))
        with rec.update(trained_on=[0]):
            learn(model, optimizer, x)
        act(Loop(model, base, optimizer))
        with rec.score(1) as s:
            s.loss(loss_of(model(x)))
    result = events(tmp_path / "a")[1]
    assert (result["why"], result["outside"], result["t"]) == (named, True, 1)
    assert result["version"] == rows(tmp_path / "a", "scores.csv")[1]["version"]


def test_a_teacher_that_follows_its_student_is_an_ema(tmp_path: Path) -> None:
    student, teacher, x = small_model(), small_model(), batch()
    optimizer = torch.optim.SGD(student.parameters(), lr=0.2)
    with tttui.Recorder(tmp_path / "a", teacher) as rec, rec.update(trained_on=[0]):
        learn(student, optimizer, x)
        with torch.no_grad():
            for p, q in zip(teacher.parameters(), student.parameters(), strict=True):
                p.data[:] = 0.9 * p.data + 0.1 * q.data
    assert events(tmp_path / "a")[0]["why"] == "ema"


def test_writing_past_the_counter_of_torch_is_seen(tmp_path: Path) -> None:
    model = small_model()
    weight = model.get_parameter("0.weight")
    with tttui.Recorder(tmp_path / "a", model, plastic="0.weight") as rec:
        rec.step(0, adaptive=1.0)
        counted = weight._version
        weight.data.view(-1).numpy()[:] += 1
        assert weight._version == counted
        with rec.update(trained_on=[0]):
            pass
    result = events(tmp_path / "a")
    assert sum(event["version"] != event["version_before"] for event in result) == 1
    assert result[0]["weights"]["0.weight"]["delta_fro"] == pytest.approx(12**0.5, rel=1e-4)


def test_a_parameter_that_is_replaced_is_followed(tmp_path: Path) -> None:
    model = small_model()
    with tttui.Recorder(tmp_path / "a", model, plastic="0.weight") as rec:
        rec.step(0, adaptive=1.0)
        model[0].weight = nn.Parameter(torch.zeros(4, 3))
        rec.step(1, adaptive=1.0)
        with rec.update() as u, torch.no_grad():
            model.get_parameter("0.weight").add_(1)
            u.rollback("no")
        assert not model.get_parameter("0.weight").any()
    assert [event["status"] for event in events(tmp_path / "a")] == ["commit", "rollback_no"]


def test_buffers_that_change_are_named_once_outside_of_updates(tmp_path: Path) -> None:
    model, x = small_model(batch_norm=True).train(), batch()
    with tttui.Recorder(tmp_path / "a", model) as rec:
        for t in range(5):
            with rec.score(t) as s:
                s.loss(loss_of(model(x)))
            with rec.update():
                model(x)
    said = events(tmp_path / "a")
    assert {event["why"] for event in said} == {"buffers"}
    assert sum(event.get("outside", False) for event in said) <= 1
    assert len(said) >= 5


def test_an_update_that_changes_nothing_keeps_the_version(tmp_path: Path) -> None:
    with tttui.Recorder(tmp_path / "a", small_model()) as rec, rec.update():
        pass
    (event,) = events(tmp_path / "a")
    assert event["version"] == event["version_before"] == rec.version
    assert "weights" not in event


def test_fast_weights_in_a_cache_are_plastic_by_a_getter(tmp_path: Path) -> None:
    cache = {"fast.w1": torch.zeros(3, 2)}
    model = small_model()
    with tttui.Recorder(tmp_path / "a", model, plastic="0.weight") as rec:
        rec.state(lambda: cache)
        with rec.score(0) as s:
            s.loss(1.0)
        with rec.update(trained_on=[0]):
            cache["fast.w1"] = cache["fast.w1"] + 1
        with rec.score(1) as s:
            s.loss(1.0)
    (event,) = events(tmp_path / "a")
    assert list(event["weights"]) == ["fast.w1"]
    kept = np.load(tmp_path / "a" / "weights_history.npy")
    assert kept["fast.w1"][1].tolist() == [[1, 1], [1, 1], [1, 1]]


def test_a_second_step_inside_forward_leaves_the_version_open(tmp_path: Path) -> None:
    model, x = small_model(), batch()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    class Tent(nn.Module):
        """Adapts twice on what it predicts."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(2):
                learn(model, optimizer, x)
            output: torch.Tensor = model(x)
            return output

    rec = tttui.Recorder(tmp_path / "a", model)
    tent = rec.wrap(Tent())
    with rec, rec.score(0) as s:
        s.loss(loss_of(tent(x)))
    (event,) = events(tmp_path / "a")
    assert (event["inside"], event["inner_steps"], event["trained_on"]) == ("forward", 2, [0])
    assert not (tmp_path / "a" / "scores.csv").exists()

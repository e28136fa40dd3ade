"""Learners of any module: transactions, rollbacks bit for bit, the frozen twin, continuation."""

import math
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import tttui
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.engine.tensorstate import as_arrays, as_tensors
from tttui.engine.torch_learner import TorchLearner
from tttui.model.errors import RefusedInput, SettingError

few = settings(max_examples=10)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other make small networks slow."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


KINDS = ("plain", "norm", "dropout", "bfloat16")


def network(kind: str, seed: int = 0) -> nn.Module:
    """A small network with batch statistics, dropout or bfloat16 parameters."""
    torch.manual_seed(seed)
    middle: nn.Module = nn.Identity()
    if kind == "norm":
        middle = nn.BatchNorm1d(6)
    elif kind == "dropout":
        middle = nn.Dropout(0.3)
    made = nn.Sequential(nn.Linear(4, 6), middle, nn.Tanh(), nn.Linear(6, 2))
    return made.bfloat16() if kind == "bfloat16" else made


def squared(model: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
    seen, wanted = batch
    dtype = next(model.parameters()).dtype
    result: Tensor = (model(seen.to(dtype)).float() - wanted).square().mean(1)
    return result


def batches(count: int, *, bad: dict[int, float] | None = None) -> list[tuple[Tensor, Tensor]]:
    """Points of a fixed linear map; those of some steps are multiplied by something bad."""
    generator = torch.Generator().manual_seed(5)
    mapping = torch.randn(4, 2, generator=generator)
    results = []
    for i in range(count):
        seen = torch.randn(5, 4, generator=generator)
        results.append((seen, (seen @ mapping) * (bad or {}).get(i, 1.0)))
    return results


def learner(kind: str = "plain", **settings: Any) -> TorchLearner:
    options = {"lr": 0.02, **settings}
    made: TorchLearner = tttui.adapt(network(kind), loss=squared, settings=options)
    torch.manual_seed(9)
    return made


def stored(state: dict[str, Any]) -> bytes:
    return write_pt(as_arrays(state))


def read(content: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.pt"
        path.write_bytes(content)
        return read_pt(path)


optimizers = st.sampled_from(("sgd", "adamw", "muon"))
kinds = st.sampled_from(KINDS)


@few
@given(kind=kinds, optimizer=optimizers, factor=st.sampled_from((math.nan, math.inf, 1e5)))
def test_a_rollback_leaves_all_as_if_the_batch_had_only_been_scored(
    kind: str, optimizer: str, factor: float
) -> None:
    options = {"optimizer": optimizer, "momentum": 0.5, "frozen_window": 0, "grad_norm_max": 50.0}
    tries, scores = learner(kind, **options), learner(kind, **options)
    stream = batches(5, bad={4: factor})
    for one in (tries, scores):
        torch.manual_seed(3)
        for batch in stream[:4]:
            one.observe(batch)
        torch.manual_seed(4)
        if one is tries:
            event = one.observe(stream[4]).event
            assert event is not None
            assert event["status"] in ("rollback_non_finite", "rollback_grad_norm")
            after = stored(one.state_dict())
        else:
            one.score(stream[4])
    assert after == stored(scores.state_dict())


@few
@given(
    kind=kinds,
    optimizer=optimizers,
    cut=st.integers(1, 11),
    inner_steps=st.integers(1, 2),
    bad=st.dictionaries(st.integers(0, 11), st.sampled_from((math.nan, 1e4, -30.0)), max_size=3),
)
def test_a_learner_that_is_stored_and_loaded_goes_on_bit_for_bit(
    kind: str, optimizer: str, cut: int, inner_steps: int, bad: dict[int, float]
) -> None:
    options = {"optimizer": optimizer, "momentum": 0.5, "inner_steps": inner_steps, "lr": 0.2}
    stream = batches(12, bad=bad)
    whole = learner(kind, **options)
    for batch in stream:
        whole.observe(batch)
    expected = stored(whole.state_dict())
    begun = learner(kind, **options)
    for batch in stream[:cut]:
        begun.observe(batch)
    content = stored(begun.state_dict())
    goes_on = learner(kind, **options)
    goes_on.load_state_dict(as_tensors(read(content)))
    for batch in stream[cut:]:
        goes_on.observe(batch)
    assert stored(goes_on.state_dict()) == expected


@few
@given(
    kind=kinds,
    optimizer=optimizers,
    lr=st.sampled_from((0.01, 1.0, 1e3)),
    bad=st.dictionaries(st.integers(0, 9), st.sampled_from((math.nan, math.inf, 1e30)), max_size=4),
)
def test_weights_stay_finite_whatever_comes(
    kind: str, optimizer: str, lr: float, bad: dict[int, float]
) -> None:
    made = learner(kind, optimizer=optimizer, lr=lr)
    for batch in batches(10, bad=bad):
        made.observe(batch)
        assert all(bool(p.isfinite().all()) for p in made.plastic.values())


@few
@given(kind=st.sampled_from(("plain", "norm", "bfloat16")), steps=st.integers(1, 6))
def test_the_frozen_score_is_that_of_a_module_that_never_learned(kind: str, steps: int) -> None:
    made, alone = learner(kind), network(kind)
    for batch in batches(steps):
        frozen = made.observe(batch).frozen
        with torch.no_grad():
            assert frozen == float(squared(alone, batch).mean())


def test_the_twin_copies_only_what_is_plastic() -> None:
    module = network("norm")
    made = tttui.adapt(module, plastic="3.*", loss=squared)
    assert set(made.twin.base) == {"3.weight", "3.bias"}
    assert [p.requires_grad for p in module.parameters()] == [False] * 4 + [True] * 2
    made.close()
    assert all(p.requires_grad for p in module.parameters())


def test_batch_statistics_count_each_batch_once() -> None:
    module = network("norm")
    made = tttui.adapt(module, loss=squared, settings={"lr": 0.01})
    for batch in batches(5):
        made.observe(batch)
    assert int(module.get_buffer("1.num_batches_tracked")) == 5
    assert int(made.twin.buffers["1.num_batches_tracked"]) == 5


def test_weights_worse_than_frozen_are_given_up_and_the_rate_is_halved() -> None:
    made = learner(lr=0.6, rollback_tol=1e9, grad_norm_max=1e9)
    stream = batches(40)
    seen = [made.observe(batch) for batch in stream]
    returns = [s.event for s in seen if s.event and s.event["status"].endswith("live_regression")]
    assert returns
    first = returns[0]
    assert first["live_mse"] > first["live_frozen_mse"]
    assert first["lr"] == pytest.approx(0.3)
    assert first["version"] in [s.version for s in seen]
    last = seen[-8:]
    frozen = [s.frozen for s in last if s.frozen is not None]
    assert np.mean([s.adaptive for s in last]) < np.mean(frozen)


def test_a_halved_rate_recovers_after_many_good_scores() -> None:
    made = learner(lr=0.6, rollback_tol=1e9, grad_norm_max=1e9, frozen_window=2)
    rates = []
    for batch in batches(120):
        made.observe(batch)
        rates.append(made.lr)
    assert min(rates) < 0.6
    assert any(later > earlier for earlier, later in pairwise(rates))
    assert max(rates) == 0.6


def test_each_score_names_the_weights_that_made_it() -> None:
    made = learner()
    seen = [made.observe(batch) for batch in batches(4)]
    assert seen[0].version == made.base_version
    for before, after in pairwise(seen):
        assert before.event is not None
        assert before.event["version"] == after.version
        assert before.event["trained_on"] == [before.t]


def test_a_gate_of_the_users_own_rolls_back_by_its_name() -> None:
    made = tttui.adapt(
        network("plain"),
        loss=squared,
        settings={"lr": 0.05},
        gates={"Total size!": (lambda m: float(sum(p.abs().sum() for p in m.parameters())), 1.0)},
    )
    event = made.observe(batches(1)[0]).event
    assert event is not None
    assert event["status"] == "rollback_total_size"
    assert made.version == made.base_version


def test_what_the_user_names_is_rolled_back_too() -> None:
    class Schedule:
        def __init__(self) -> None:
            self.count = 0

        def state_dict(self) -> dict[str, Any]:
            return {"count": self.count}

        def load_state_dict(self, state: dict[str, Any]) -> None:
            self.count = state["count"]

    schedule = Schedule()

    def counting(_: nn.Module) -> float:
        schedule.count += 1
        return 1.0 if schedule.count < 3 else 2.0

    made = tttui.adapt(
        network("plain"), loss=squared, gates={"count": (counting, 1.5)}, also=(schedule,)
    )
    for batch in batches(6):
        made.observe(batch)
    assert schedule.count == 2


def test_a_label_may_come_later() -> None:
    made = learner()
    first, second = batches(2)
    assert made.score(first).event is None
    made.score(second)
    event = made.learn(first, trained_on=0)
    assert (event["status"], event["trained_on"], event["t"]) == ("commit", [0], 2)


def test_autocast_and_an_optimizer_of_the_users_own_learn() -> None:
    made = tttui.adapt(
        network("plain"),
        loss=squared,
        settings={"autocast": "bfloat16"},
        optimizer=lambda params: torch.optim.RMSprop(params, lr=0.01),
    )
    stream = batches(60)
    seen = [made.observe(batch) for batch in stream]
    assert sum(s.adaptive for s in seen[-10:]) < sum(s.frozen or 0.0 for s in seen[-10:])


def test_muon_turns_a_gradient_into_a_step_of_one_length_in_every_direction() -> None:
    weight = nn.Parameter(torch.zeros(6, 3))
    weight.grad = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    from tttui.engine.optimizers import Muon

    Muon([weight], 0.1, momentum=0.0).step()
    sizes = torch.linalg.svdvals(weight.detach()) / (0.1 * 2**0.5)
    assert bool(((sizes > 0.6) & (sizes < 1.3)).all())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"plastic": "*.nothing"}, "no parameter is called *.nothing; there are 0.weight"),
        ({"settings": {"lr": -1.0}}, "lr: -1.0 is not above 0"),
        ({"settings": {"speed": 1.0}}, "speed: unknown setting"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(options: dict[str, Any], said: str) -> None:
    with pytest.raises((RefusedInput, SettingError)) as error:
        tttui.adapt(network("plain"), loss=squared, **options)
    assert said in str(error.value)


def test_a_loss_that_nothing_plastic_reaches_is_refused() -> None:
    made = tttui.adapt(network("plain"), loss=lambda _, batch: batch[1].mean())
    with pytest.raises(RefusedInput, match="does not depend on any plastic parameter"):
        made.observe(batches(1)[0])


@pytest.mark.parametrize(("optimizer", "factor"), [("sgd", 2.0), ("adamw", 1.0)])
def test_the_steps_of_sgd_are_scaled_by_parameter(optimizer: str, factor: float) -> None:
    moved = []
    for scales in ({}, {"0.weight": torch.tensor(2.0), "3.bias": torch.zeros(2)}):
        module = network("plain")
        before = {name: p.detach().clone() for name, p in module.named_parameters()}
        options = {"optimizer": optimizer, "lr": 0.01}
        made = tttui.adapt(module, loss=squared, settings=options, scales=scales)
        made.observe(batches(1)[0])
        moved.append({name: p.detach() - before[name] for name, p in module.named_parameters()})
    plain, scaled = moved
    torch.testing.assert_close(scaled["0.weight"], factor * plain["0.weight"])
    torch.testing.assert_close(scaled["0.bias"], plain["0.bias"])
    assert bool(scaled["3.bias"].any()) == (optimizer == "adamw")

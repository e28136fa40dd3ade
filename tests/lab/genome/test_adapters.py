"""Compositions of low-rank adapters, by peft's own merging on a model that the test builds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tttui.lab.genome.composing import Composition, compose, composition_of, weighted
from tttui.lab.genome.effect import changes
from tttui.lab.genome.methods import Recipe
from tttui.lab.genome.testing import contest_of
from tttui.lab.registry import BaseRef, Version, register
from tttui.model.arrays import Floats
from tttui.model.errors import RefusedInput

peft = pytest.importorskip("peft")

COMMAND = ("tttui", "genome", "compose")
LAYERS = {"first": (6, 8), "second": (5, 6)}
ALPHA = 8.0


def factors(seed: int, rank: int = 2) -> dict[str, Floats]:
    """The plastic parameters of a session with adapters on two layers, as the task names them."""
    rng = np.random.default_rng(seed)
    results: dict[str, Floats] = {}
    for name, (rows, columns) in LAYERS.items():
        results[f"{name}.lora_A.default.weight"] = rng.normal(size=(rank, columns))
        results[f"{name}.lora_B.default.weight"] = rng.normal(size=(rows, rank))
    return {name: values.astype(np.float32) for name, values in results.items()}


def skill(
    root: Path, name: str, seed: int, rank: int = 2, layers: str = "", targets: str = "*"
) -> Version:
    held = {key: value for key, value in factors(seed, rank).items() if key.startswith(layers)}
    return register(
        root,
        name,
        held,
        task="hf",
        task_settings={
            "rank": rank,
            "alpha": ALPHA,
            "targets": targets,
            "model": "models/tiny",
        },
        settings={"lr": 1e-3},
        base=BaseRef("sha256:tiny", "models/tiny"),
        origin={"kind": "session", "id": name},
        command=("tttui", "model", "register"),
    )


def composed_of(version: Version) -> Composition:
    result = composition_of(version)
    assert result is not None
    return result


def product(version: Version, layer: str) -> Floats:
    held, settings = version.tensors(), version.task_settings
    a, b = (held[f"{layer}.lora_{which}.default.weight"] for which in "AB")
    return np.asarray(settings["alpha"] / settings["rank"] * b @ a)


def by_peft(weights: dict[int, float], combination: str, **how: Any) -> dict[str, Floats]:
    """The products after peft has merged the adapters of these seeds on one tiny model."""
    import torch

    model: Any = torch.nn.ModuleDict(
        {name: torch.nn.Linear(c, r, bias=False) for name, (r, c) in LAYERS.items()}
    )
    config = peft.LoraConfig(r=2, lora_alpha=ALPHA, target_modules=list(LAYERS))
    names = [f"skill{seed}" for seed in weights]
    tuner = peft.LoraModel(model, dict.fromkeys(names, config), names[0])
    for name in names[1:]:
        tuner.inject_adapter(model, name)
    for seed, adapter in zip(weights, names, strict=True):
        for key, values in factors(seed).items():
            own = key.replace("default", adapter)
            model.get_parameter(own).data = torch.from_numpy(values)
    tuner.add_weighted_adapter(names, list(weights.values()), "merged", combination, **how)
    return {name: model[name].get_delta_weight("merged").detach().numpy() for name in LAYERS}


@pytest.mark.parametrize(
    ("method", "combination", "how"),
    [
        ("linear", "linear", {}),
        ("ties", "ties", {"density": 0.5}),
        ("cat", "cat", {}),
        ("svd", "svd", {}),
    ],
)
def test_adapters_are_merged_as_peft_merges_them_on_the_whole_model(
    root: Path, method: str, combination: str, how: dict[str, Any]
) -> None:
    skill(root, "A", 1)
    skill(root, "B", 2)
    recipe = Recipe(method, **how)
    made = compose(root, weighted(root, "A:0.7,B:0.3"), recipe, "G", command=COMMAND)
    expected = by_peft({1: 0.7, 2: 0.3}, combination, **how)
    for layer in LAYERS:
        np.testing.assert_allclose(product(made, layer), expected[layer], rtol=1e-4, atol=1e-4)


def test_cat_keeps_the_sum_exactly_with_the_ranks_added_up(root: Path) -> None:
    first = skill(root, "A", 1, rank=2)
    second = skill(root, "B", 2, rank=3, layers="first", targets="first")
    parts = weighted(root, "A:0.7,B:0.3")
    made = compose(root, parts, Recipe("cat"), "G", command=COMMAND)
    assert made.tensors()["first.lora_A.default.weight"].shape == (5, 8)
    assert made.task_settings["targets"] == "*,first"
    contest = contest_of(
        root, made, composed_of(made), shared={}, streams=8, seed=0, data="", by="whole"
    )
    assert "rank" not in contest.entries[1].values, "each has adapters of its own size"
    wanted = 0.7 * product(first, "first") + 0.3 * product(second, "first")
    np.testing.assert_allclose(product(made, "first"), wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(product(made, "second"), 0.7 * product(first, "second"), rtol=1e-4)
    with pytest.raises(RefusedInput, match=r"ranks 2, 3; --method cat or svd"):
        compose(root, parts, Recipe("linear"), "H", command=COMMAND)


def test_what_dare_drops_of_adapters_follows_from_its_seed(root: Path) -> None:
    skill(root, "A", 1)
    skill(root, "B", 2)
    parts = weighted(root, "A,B")
    made = [
        compose(root, parts, Recipe("dare", 0.5, seed), "G", command=COMMAND).content
        for seed in (1, 1, 2)
    ]
    assert made[0] == made[1] != made[2]


def test_the_change_of_an_adapter_is_its_product(root: Path) -> None:
    first = skill(root, "A", 1)
    skill(root, "B", 2)
    results = {
        one.name: one for one in changes(root, [part.version for part in weighted(root, "A,B")])
    }
    layer = results["first.lora_BA.default.weight"]
    assert layer.shape == (6, 8)
    assert layer.norms["A@v1"] == pytest.approx(float(np.linalg.norm(product(first, "first"))))
    assert 0.2 < layer.conflicts["A@v1", "B@v1"] < 0.8
    assert layer.base_norm is None

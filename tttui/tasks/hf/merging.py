"""Merging low-rank adapters by peft's own methods, one pair at a time."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.tasks.hf.library import library

COMBINATIONS = {
    "linear": "linear",
    "mean": "linear",
    "ties": "ties",
    "dare": "dare_linear",
    "cat": "cat",
    "svd": "svd",
}
"""Methods of a composition, and what peft calls them.

`cat` keeps the sum of the products exactly, with the ranks added up; `svd` is the sum's best
approximation of the largest rank. The others merge the factors A and B apart, which is a
rough approximation of merging their products.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """One adapter of a layer: scale * B A is added to its weight."""

    a: Floats
    """[rank, in]"""
    b: Floats
    """[out, rank]"""
    scale: float


def merge_adapters(
    adapters: Sequence[Factors],
    weights: Sequence[float],
    method: str,
    *,
    scale: float,
    density: float = 1.0,
    seed: int = 0,
) -> Factors:
    """One adapter of this scale in the place of several, in float32.

    Raises RefusedInput where they do not fit each other or the method, or peft is not installed.
    """
    import torch

    peft = library("peft")
    shape = adapters[0].b.shape[0], adapters[0].a.shape[1]
    if any((one.b.shape[0], one.a.shape[1]) != shape for one in adapters):
        raise RefusedInput("the adapters are of layers of different sizes")
    ranks = {one.a.shape[0] for one in adapters}
    if len(ranks) > 1 and method not in ("cat", "svd"):
        raise RefusedInput(
            f"the adapters have the ranks {', '.join(map(str, sorted(ranks)))}; "
            "--method cat or svd merges different ones"
        )
    if method == "mean":
        weights = [weight / sum(weights) for weight in weights]

    def config(one: Factors) -> Any:
        rank = one.a.shape[0]
        return peft.LoraConfig(r=rank, lora_alpha=one.scale * rank, target_modules=["layer"])

    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        host: Any = torch.nn.Module()
        host.layer = torch.nn.Linear(1, 1, bias=False)
        # Its own weight is not looked at: one number stands for all of it.
        host.layer.weight = torch.nn.Parameter(torch.zeros(1).expand(shape), requires_grad=False)
        host.layer.out_features, host.layer.in_features = shape
        names = [f"adapter{i}" for i in range(len(adapters))]
        configs = {name: config(one) for name, one in zip(names, adapters, strict=True)}
        tuner = peft.LoraModel(host, configs, names[0])
        for name in names[1:]:
            tuner.inject_adapter(host, name)
        for name, one in zip(names, adapters, strict=True):
            for matrices, values in ((host.layer.lora_A, one.a), (host.layer.lora_B, one.b)):
                matrices[name].weight.copy_(torch.from_numpy(np.asarray(values, np.float32)))
        try:
            tuner.add_weighted_adapter(
                names,
                list(weights),
                "merged",
                combination_type=COMBINATIONS[method],
                density=density,
                svd_full_matrices=False,
            )
        except (ValueError, RuntimeError) as error:
            raise TttuiError(f"peft cannot merge the adapters: {error}") from error
        a, b = host.layer.lora_A["merged"].weight, host.layer.lora_B["merged"].weight
        merged = Factors(a.numpy().copy(), (b / scale).numpy(), scale)
    if not (np.isfinite(merged.a).all() and np.isfinite(merged.b).all()):
        raise RefusedInput("the merged adapter has values that are not finite; lower the weights")
    return merged

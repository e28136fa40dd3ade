"""Classifying a change of weights from their values before and after."""

from collections.abc import Iterable, Mapping

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.recorder.tensors import Tensor, sample
from tttui.recorder.watched import Watched

FEW = 1e-3
"""Share of the changed elements that must equal the base again, before that is no chance."""

STRAIGHT = 0.9999
"""Cosine between a change and the way to the base, from which on it leads there."""

DOWNHILL = 0.5
"""Cosine between a change and the negative gradient that the weights hold, from which on it is
taken for its consequence."""

OUTSIDE = "outside update"
"""A change that nobody announced, of a kind that does not show."""


@dataclass(slots=True)
class StepsSeen:
    """Optimizer steps since the last check."""

    ours: int = 0
    """Steps of optimizers that hold plastic parameters."""
    others: int = 0
    lr: float | None = None
    """Of the last one."""


def kind_of_change(
    names: Iterable[str],
    watched: Watched,
    base: Mapping[str, Tensor],
    steps: StepsSeen,
    *,
    announced: bool = False,
) -> str:
    """`gradient`, `restore`, `gradient, restore`, `reset`, `ema`, or OUTSIDE.

    reset: all weights are the base's again. restore: some elements are (CoTTA restores a random
    share of them). gradient: an optimizer stepped them, or they moved down the gradients that
    they hold. ema: they moved straight towards the base, or an optimizer stepped others and these
    followed (a teacher). `announced`: it happened in an update of which a loss was given. To be
    asked before the changes are taken. Of a large tensor some stretches are looked at.
    """
    changed = moved = back = 0
    along = [0.0, 0.0, 0.0]
    downhill = [0.0, 0.0, 0.0]
    at_base = True
    for name in names:
        now = sample(watched.now[name])
        before, first = sample(watched.kept(name)), sample(base[name])
        differs = now != before
        returned = differs & (now == first)
        changed += int(differs.sum())
        back += int(returned.sum())
        moved += int((before != first).sum())
        at_base = at_base and bool(np.array_equal(now, first, equal_nan=True))
        with np.errstate(all="ignore"):
            change, way = (np.subtract(x, before, dtype=np.float64) for x in (now, first))
            _add_products(along, change, way)
            gradient = getattr(watched.now[name], "grad", None)
            if gradient is not None:
                _add_products(downhill, change, np.negative(sample(gradient)))
    if at_base and moved and _all_at_base(watched, base):
        return "reset"
    if changed and back == changed:
        return "restore"
    if steps.ours:
        return "gradient, restore" if changed and back > FEW * changed else "gradient"
    if steps.others or _cosine(along) > STRAIGHT:
        return "ema"
    return "gradient" if announced or _cosine(downhill) > DOWNHILL else OUTSIDE


def _add_products(sums: list[float], a: Floats, b: Floats) -> None:
    for i, (x, y) in enumerate(((a, b), (a, a), (b, b))):
        sums[i] += float(np.dot(x, y))


def _cosine(sums: list[float]) -> float:
    length = (sums[1] * sums[2]) ** 0.5
    return sums[0] / length if length > 0 else 0.0


def _all_at_base(watched: Watched, base: Mapping[str, Tensor]) -> bool:
    return all(
        np.array_equal(sample(x), sample(base[name]), equal_nan=True)
        for name, x in watched.now.items()
        if name in base
    )

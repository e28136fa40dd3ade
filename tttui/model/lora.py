"""Low-rank adapters (LoRA, Hu et al. 2021): pairs of parameters, and the products of them.

A pair A [rank, in] and B [out, rank] adds scale * B A to a weight [out, in]. The pair is what is
stored; the product is what it does, and is worked out from it when somebody looks at it. Its
norm and singular values come from the QR decompositions of both factors, never from its own SVD.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.schema import Pair, TensorSpec
from tttui.model.session import History, Snapshots
from tttui.model.tensors import LARGE, Tensors, whole

MOST_ELEMENTS = 1 << 31
"""Elements of a product that is shown; thin factors in a file may ask for any number."""

A_NAME = re.compile(r"(?<![^.])lora_(embedding_)?A(?![^.])")
"""How peft names the first of a pair: `layer.lora_A.default.weight`."""


def named_pairs(plastic: Sequence[TensorSpec], settings: Mapping[str, Any]) -> Iterator[Pair]:
    """Pairs recognised by peft's names, scaled by alpha / rank if the settings name alpha."""
    known = {spec.name: spec for spec in plastic}
    for a in plastic:
        if A_NAME.search(a.name) is None:
            continue
        b = known.get(A_NAME.sub(lambda m: f"lora_{m[1] or ''}B", a.name))
        if b is None or not fit(a, b):
            continue
        name = A_NAME.sub(lambda m: f"lora_{m[1] or ''}BA", a.name)
        if name not in known:
            yield Pair(name, a, b, _scale(settings, a.matrix[0]))


def fit(a: TensorSpec, b: TensorSpec) -> bool:
    """Whether B A can be multiplied, and A is its smaller side."""
    rank = a.matrix[0]
    size = b.matrix[0] * a.matrix[1]
    return len(a.shape) > 1 < len(b.shape) and b.matrix[1] == rank and 0 < size <= MOST_ELEMENTS


def _scale(settings: Mapping[str, Any], rank: int) -> float:
    alpha = settings.get("lora_alpha")
    if alpha is None and ("rank" in settings or "r" in settings):
        alpha = settings.get("alpha")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float):
        return 1.0
    return float(alpha) / rank if math.isfinite(alpha) else 1.0


class ProductSnapshots:
    """The product of a pair at several steps [k, out, in], worked out when it is indexed."""

    def __init__(self, pair: Pair, a: Snapshots, b: Snapshots) -> None:
        self.pair, self._a, self._b = pair, a, b
        self.shape: tuple[int, ...] = (len(a), *pair.spec.matrix)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, at: Any) -> Any:
        a, b = self.factors(at)
        with np.errstate(all="ignore"):
            return np.asarray(np.matmul(b, a) * np.float32(self.pair.scale), np.float32)

    def factors(self, at: Any) -> tuple[Floats, Floats]:
        """A and B of one snapshot, or of several."""
        return np.asarray(self._a[at]), np.asarray(self._b[at])


@dataclass(frozen=True, slots=True, eq=False)
class WithProducts:
    """The tensors of a file, and the products of pairs among them."""

    tensors: Tensors
    pairs: Mapping[str, Pair]

    @property
    def specs(self) -> Mapping[str, TensorSpec]:
        own = self.tensors.specs
        there = (p for p in self.pairs.values() if _same(own, p.a) and _same(own, p.b))
        return {**own, **{pair.name: pair.spec for pair in there}}

    def read(self, name: str, first: int, stop: int) -> Floats:
        if name in self.tensors.specs:
            return self.tensors.read(name, first, stop)
        pair = self.pairs[name]
        b = self.tensors.read(pair.b.name, first, stop)
        with np.errstate(all="ignore"):
            product = np.matmul(b, whole(self.tensors, pair.a.name)) * np.float32(pair.scale)
            return np.asarray(product, np.float32)


def with_products(history: History, pairs: Sequence[Pair]) -> History:
    """The history with the products of the pairs of which it has both; of a LARGE one the
    checkpoint has what is shown."""
    products: dict[str, Snapshots] = {}
    for pair in pairs:
        small = pair.spec.size <= LARGE
        if small and _same(history.specs, pair.a) and _same(history.specs, pair.b):
            a, b = history.weights[pair.a.name], history.weights[pair.b.name]
            products[pair.name] = ProductSnapshots(pair, a, b)
    return replace(history, products=products) if products else history


def _same(specs: Mapping[str, TensorSpec], spec: TensorSpec) -> bool:
    there = specs.get(spec.name)
    return there is not None and there.shape == spec.shape


def product_values(a: Floats, b: Floats, scale: float) -> Floats:
    """The singular values [..., rank] of scale * B A, descending, from A [..., rank, in] and
    B [..., out, rank]; all others are 0. NaN where the factors are not finite."""
    finite = np.asarray(np.isfinite(a).all(axis=(-2, -1)) & np.isfinite(b).all(axis=(-2, -1)))
    ok = finite[..., None, None]
    left, right = (np.where(ok, x, 0.0).astype(np.float64) for x in (b, np.swapaxes(a, -1, -2)))
    core = np.linalg.qr(left, mode="r") @ np.swapaxes(np.linalg.qr(right, mode="r"), -1, -2)
    values = np.linalg.svd(core, compute_uv=False) * abs(scale)
    return np.where(finite[..., None], values, np.nan)


def product_norm(
    a: Floats, b: Floats, scale: float, before: tuple[Floats, Floats] | None = None
) -> float:
    """The norm of scale * B A, or of how far it is from that of the factors `before` (A, B)."""
    if before is not None:
        a = np.concatenate((a, before[0]), axis=0)
        b = np.concatenate((b, -before[1]), axis=1)
    return float(np.sqrt(np.square(product_values(a, b, scale)).sum()))

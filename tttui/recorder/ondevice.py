"""Digests and figures of torch tensors where they are, so that weights on a GPU stay there.

The digests equal those of `artifacts.contenthash`; only sums and figures are fetched.
"""

from typing import Any

import torch
from torch import Tensor

from tttui.artifacts.contenthash import CHUNK, SMALL, digest_of_sums, multipliers, tensor_digest
from tttui.recorder.statistics import FIRST_ITERATIONS, rounded

BLOCK = CHUNK * 8 * 512
"""Bytes that are summed at a time: what is needed beside them stays small."""


def device_digest(x: Tensor) -> bytes:
    """The digest of a tensor; a small one is fetched."""
    raw = x.detach().contiguous().view(-1).view(torch.uint8)
    if raw.numel() <= SMALL:
        return tensor_digest(raw.cpu().numpy())
    w = torch.from_numpy(multipliers().view("int64")).to(x.device)
    sums = []
    for begin in range(0, raw.numel(), BLOCK):
        part = raw[begin : begin + BLOCK]
        # Zeros add nothing to a sum, so the last chunk may be filled up.
        chunks = -(-part.numel() // (8 * CHUNK))
        whole = torch.zeros(chunks * 8 * CHUNK, dtype=torch.uint8, device=x.device)
        whole[: part.numel()] = part
        words = whole.view(torch.int64).view(-1, CHUNK)
        mixed = (words >> 32).bitwise_and_(0xFFFFFFFF).bitwise_xor_(words)
        sums.append(mixed.mul_(w).sum(dim=1))
    return digest_of_sums(torch.cat(sums).cpu().numpy().view("uint64"))


class DeviceFigures:
    """As `statistics.Figures`, of tensors that are not in host memory."""

    def __init__(self) -> None:
        self._vector: Tensor | None = None

    def of(self, now: Tensor, before: Tensor) -> dict[str, float]:
        """`fro`, `max_abs`, `mean`, `std`, `delta_fro`, `top_sv`; NaN where there is no telling."""
        now = now.detach()
        if not now.numel():
            return dict.fromkeys(("fro", "max_abs", "mean", "std", "delta_fro", "top_sv"), 0.0)
        wide = now if now.dtype == torch.float64 else now.float()
        fro = torch.linalg.vector_norm(wide)
        values = torch.stack(
            [
                fro,
                wide.abs().max(),
                wide.mean(),
                wide.std(correction=0),
                torch.linalg.vector_norm(wide - before),
                self._top_sv(wide, fro),
            ]
        )
        names = ("fro", "max_abs", "mean", "std", "delta_fro", "top_sv")
        found: list[Any] = values.tolist()
        return {name: rounded(value) for name, value in zip(names, found, strict=True)}

    def _top_sv(self, wide: Tensor, fro: Tensor) -> Tensor:
        matrix = wide.reshape(wide.shape[0], -1) if wide.dim() else wide
        if matrix.dim() < 2 or 1 in matrix.shape:
            return fro
        vector, rounds = self._vector, 1
        if vector is None or vector.shape[0] != matrix.shape[1]:
            generator = torch.Generator().manual_seed(0)
            vector = torch.randn(matrix.shape[1], generator=generator).to(matrix)
            rounds = FIRST_ITERATIONS
        value = fro
        for _ in range(rounds):
            vector = torch.nan_to_num(vector / torch.linalg.vector_norm(vector), nan=1.0)
            image = matrix.mv(vector)
            value = torch.linalg.vector_norm(image)
            vector = matrix.t().mv(image)
        self._vector = vector
        return value

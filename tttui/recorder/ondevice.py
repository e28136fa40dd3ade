"""Digests and statistics of torch tensors on their device, so that weights stay on a GPU.

The digests equal those of `artifacts.contenthash`; only sums and statistics are copied to the host.
"""

from typing import Any

import torch
from torch import Tensor

from tttui.artifacts.contenthash import CHUNK, SMALL, digest_of_sums, multipliers, tensor_digest
from tttui.artifacts.tensorwriter import Stored
from tttui.model.errors import TttuiError
from tttui.recorder.statistics import FIRST_ITERATIONS, NAMES, rounded
from tttui.recorder.tensors import host

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


streams: Any = torch.cuda
"""What has `current_stream` and `Event`."""


class HostCopy:
    """A copy in host memory that the device makes asynchronously.

    It is queued on the current stream: behind all that computes the tensor, and before whatever
    writes over it on that stream. Another stream that is to write over it waits by `let_pass`.
    """

    def __init__(self, x: Tensor) -> None:
        pinned = x.device.type == "cuda"  # else the copy would block
        self._device = x.device
        self._host = torch.empty(x.shape, dtype=x.dtype, pin_memory=pinned)
        self._host.copy_(x.detach(), non_blocking=True)
        self._done = streams.Event()
        self._done.record(streams.current_stream(self._device))

    def let_pass(self) -> None:
        """Make later work on the stream wait until the copy is made."""
        streams.current_stream(self._device).wait_event(self._done)

    def stored(self) -> Stored:
        """The copy, once it is made; any thread may wait for it."""
        try:
            self._done.synchronize()
        except RuntimeError as error:
            raise TttuiError(f"weights on {self._device} cannot be read: {error}") from error
        return host(self._host)


class DeviceFigures:
    """As `statistics.Figures`, of tensors that are not in host memory."""

    def __init__(self) -> None:
        self._vector: Tensor | None = None

    def of(self, now: Tensor, before: Tensor, start: Tensor | None = None) -> dict[str, float]:
        """As `statistics.Figures.of`, of tensors on one device."""
        now = now.detach()
        if not now.numel():
            return dict.fromkeys(NAMES, 0.0)
        wide = now if now.dtype == torch.float64 else now.float()
        fro = torch.linalg.vector_norm(wide)
        values = torch.stack(
            [
                fro,
                wide.abs().max(),
                wide.mean(),
                wide.std(correction=0),
                torch.linalg.vector_norm(wide - before),
                fro if start is None else torch.linalg.vector_norm(wide - start),
                self._top_sv(wide, fro),
            ]
        )
        numbers: list[Any] = values.tolist()
        figures = {name: rounded(value) for name, value in zip(NAMES, numbers, strict=True)}
        if start is None:
            del figures["moved_fro"]
        return figures

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

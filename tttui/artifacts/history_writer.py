"""Writing weights_history.npy: whole snapshots, thinned evenly when a byte budget is reached."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.appending import AppendedFile
from tttui.artifacts.atomic import write_whole
from tttui.artifacts.history import header, read_history, read_layout
from tttui.artifacts.history import record_dtype as dtype_of
from tttui.artifacts.regular import open_to_read
from tttui.model.arrays import Weights
from tttui.model.errors import TttuiError


class HistoryWriter:
    """The growing weights_history.npy of a run.

    Other programs may have mapped the file, so it is never cut in place: what shortens it makes a
    new one.
    """

    def __init__(self, path: Path, budget_bytes: int) -> None:
        self.path = path
        self.stride = 1
        """Steps of which only one snapshot was kept when older ones were thinned; 1: all."""
        self._budget = budget_bytes
        self._file = AppendedFile(path)
        self._dtype: np.dtype[Any] | None = None
        self._start = 0
        self._t: list[int] = []

    @property
    def last_t(self) -> int:
        """The step of the newest snapshot, -1 where there is none."""
        return self._t[-1] if self._t else -1

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._file.size

    def add(self, t: int, weights: Weights) -> None:
        """Record the weights in force from step t on; the same t again takes its place."""
        if self._dtype is None:
            self._create({name: matrix.shape for name, matrix in weights.items()})
        assert self._dtype is not None
        if self._t and t == self._t[-1]:
            self.flush()
            self._rewrite(range(len(self._t) - 1))
        record = np.zeros(1, dtype=self._dtype)
        record["t"] = t
        for name, matrix in weights.items():
            record[name] = matrix
        self._file.add(record.tobytes())
        self._t.append(t)
        if len(self._t) > 2 and self._start + len(self._t) * self._dtype.itemsize > self._budget:
            self.flush()
            self._thin()

    def flush(self) -> None:
        """Append what waits and count it in the header, so that np.load sees it."""
        if self._file.pending:
            self._file.flush()
            self._count()

    def sync(self) -> None:
        self.flush()
        if self._file.is_open:
            self._file.sync()

    def close(self) -> None:
        self._file.close()

    def reopen(self, last_t: int, stride: int = 1) -> None:
        """Open an existing file and drop the snapshots after step `last_t`."""
        self.stride = stride
        if last_t < 0 or not self.path.exists():
            self.path.unlink(missing_ok=True)
            return
        try:
            self._dtype, self._start, count, _ = read_layout(self.path)
            self._t = [int(t) for t in read_history(self.path)[0].t]
        except OSError as error:
            raise TttuiError(f"{self.path}: cannot be read: {error.strerror}") from error
        size = self._start + count * self._dtype.itemsize
        keep = [i for i, t in enumerate(self._t) if t <= last_t]
        if len(keep) < count or os.path.getsize(self.path) != size:
            self._rewrite(keep)
        else:
            self._file.reopen(size)

    def _create(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self._dtype = dtype_of(shapes)
        head = header(self._dtype, 0)
        self._start = len(head)
        self._file.create(head)

    def _count(self) -> None:
        assert self._dtype is not None
        count = (self._file.size - self._start) // self._dtype.itemsize
        self._file.overwrite(header(self._dtype, count), 0)

    def _thin(self) -> None:
        """Keep one snapshot in every `stride` steps, so that half the budget is free again.

        Strides are powers of two and the first snapshot of each stretch stays, so that
        thinning again gives what thinning once by the larger stride would have given. The
        first and the newest snapshot always stay.
        """
        assert self._dtype is not None
        room = max(2, (self._budget // 2 - self._start) // self._dtype.itemsize)
        keep = thinned(self._t, self.stride)
        while len(keep) > room and self.stride < 1 << 62:
            self.stride *= 2
            keep = thinned(self._t, self.stride)
        self._rewrite(keep)

    def _rewrite(self, keep: Sequence[int]) -> None:
        """Replace the file by one that holds only the records with these indices."""
        assert self._dtype is not None
        out = bytearray(header(self._dtype, len(keep)))
        size = self._dtype.itemsize
        with open_to_read(self.path) as file:
            for i in keep:
                file.seek(self._start + i * size)
                out += file.read(size)
        write_whole(self.path, bytes(out))
        self._t = [self._t[i] for i in keep]
        self._start = len(header(self._dtype, len(keep)))
        self._file.reopen(len(out))


def thinned(t: Sequence[int], stride: int) -> list[int]:
    """Indices of the first snapshot in every `stride` steps, and of the last one."""
    keep = [i for i in range(len(t)) if i == 0 or t[i] // stride != t[i - 1] // stride]
    if keep[-1] != len(t) - 1:
        keep.append(len(t) - 1)
    return keep

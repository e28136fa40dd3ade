"""What is appended by one thread while others look at what was there before."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np

T = TypeVar("T")

Column = np.ndarray[Any, Any]

LEAST = 256
"""Rows that a column has room for at first."""


class Columns:
    """Columns of equal length; views of them stay valid and unchanged while rows are appended."""

    def __init__(self, **dtypes: type) -> None:
        self._buffers: dict[str, Column] = {n: np.empty(0, dtype=d) for n, d in dtypes.items()}
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def extend(self, n: int, values: Mapping[str, Any]) -> None:
        """Append n rows; each value is an array [n] or one number for all of them."""
        end = self._n + n
        if end > len(next(iter(self._buffers.values()))):
            for name, old in self._buffers.items():
                # A new array: who looks at the old one keeps it.
                larger = np.empty(max(end + end // 2, LEAST), dtype=old.dtype)
                larger[: self._n] = old[: self._n]
                self._buffers[name] = larger
        for name, buffer in self._buffers.items():
            buffer[self._n : end] = values[name]
        self._n = end

    def views(self) -> dict[str, Column]:
        """The rows so far, read-only, by column."""
        found = {}
        for name, buffer in self._buffers.items():
            found[name] = view = buffer[: self._n]
            view.flags.writeable = False
        return found


class Beginning(Sequence[T], Generic[T]):
    """The first n items of a list to which others are appended; nothing is copied."""

    def __init__(self, items: list[T], n: int) -> None:
        self._items, self._n = items, n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, i: int) -> T: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[T]: ...
    def __getitem__(self, i: int | slice) -> T | Sequence[T]:
        if isinstance(i, slice):
            return [self._items[k] for k in range(*i.indices(self._n))]
        if not -self._n <= i < self._n:
            raise IndexError(i)
        return self._items[i if i >= 0 else self._n + i]

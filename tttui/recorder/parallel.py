"""Doing the same for many large tensors at once; numpy and hashing let other threads run."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

WORKERS = 8
"""Threads at most; what they do is bound by the memory."""

LARGE = 1 << 22
"""Bytes together from which on threads are worth it."""

Item = TypeVar("Item")
Made = TypeVar("Made")


def each(act: Callable[[Item], Made], items: Iterable[Item], size: int) -> list[Made]:
    """What `act` makes of every item, in order; in threads where there are many bytes (`size`)."""
    if size < LARGE or _processors() == 1:
        return [act(item) for item in items]
    return list(_pool(os.getpid()).map(act, items))


@lru_cache(maxsize=1)
def _pool(_process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(WORKERS, _processors()), "tttui recorder")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

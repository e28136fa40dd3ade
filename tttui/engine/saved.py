"""Engine states as checkpoints can hold them: torch has no unsigned 64 bit words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

MARK = "uint64:"
"""Before the key of an array whose bits are to be read as unsigned."""


def saved(state: Mapping[str, Any]) -> dict[str, Any]:
    """The same nested state with every uint64 array viewed as int64 under a marked key."""
    out: dict[str, Any] = {}
    for key, value in state.items():
        if isinstance(value, Mapping):
            out[key] = saved(value)
        elif isinstance(value, np.ndarray) and value.dtype == np.uint64:
            out[MARK + key] = value.view(np.int64)
        else:
            out[key] = value
    return out


def restored(state: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `saved`."""
    out: dict[str, Any] = {}
    for key, value in state.items():
        if isinstance(value, Mapping):
            out[key] = restored(value)
        elif key.startswith(MARK):
            out[key.removeprefix(MARK)] = np.ascontiguousarray(value).view(np.uint64)
        else:
            out[key] = value
    return out

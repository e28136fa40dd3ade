"""Nested states of tensors as checkpoints hold them: numpy arrays, and bfloat16 by its bits."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

BFLOAT16 = "bfloat16:"
"""Before the key of an array whose bits are those of bfloat16."""


def as_arrays(state: Mapping[Any, Any]) -> dict[Any, Any]:
    """The same state with arrays instead of tensors."""
    out: dict[Any, Any] = {}
    for key, value in state.items():
        name = f"{BFLOAT16}{key}" if _is_bfloat16(value) else key
        out[name] = _array(value)
    return out


def as_tensors(state: Mapping[Any, Any]) -> dict[Any, Any]:
    """The inverse of `as_arrays`."""
    out: dict[Any, Any] = {}
    for key, value in state.items():
        if isinstance(key, str) and key.startswith(BFLOAT16):
            bits = torch.from_numpy(np.array(value)).view(torch.bfloat16)
            out[key.removeprefix(BFLOAT16)] = bits
        else:
            out[key] = _tensor(value)
    return out


def _is_bfloat16(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype == torch.bfloat16


def _array(value: Any) -> Any:
    if _is_bfloat16(value):
        return value.detach().cpu().view(torch.int16).numpy()
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, Mapping):
        return as_arrays(value)
    if isinstance(value, (list, tuple)):
        return [_array(one) for one in value]
    return value


def _tensor(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.array(value))
    if isinstance(value, Mapping):
        return as_tensors(value)
    if isinstance(value, (list, tuple)):
        return [_tensor(one) for one in value]
    return value

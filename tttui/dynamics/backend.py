"""Which library an array belongs to: numpy for one session, torch for many or for a GPU.

What is asked for in the innermost loops goes past the wrappers of both libraries, which cost
more than the arithmetic of one session; the values are the same to the last bit.
"""

from typing import Any

import numpy as np
from array_api_compat import array_namespace

Array = Any
"""A numpy array or a torch tensor; what works on both follows the Python array API standard."""

_add: Any = np.add.reduce
_known: dict[type, Any] = {}
_eyes: dict[tuple[int, Any], Array] = {}


def namespace(x: Array) -> Any:
    """`array_namespace(x)`, remembered by type."""
    kind = type(x)
    if kind not in _known:
        _known[kind] = array_namespace(x)
    return _known[kind]


def astype(x: Array, dtype: Any) -> Array:
    """A copy of x in another type of number."""
    return x.astype(dtype) if isinstance(x, np.ndarray) else namespace(x).astype(x, dtype)


def total(x: Array, axis: Any = (-2, -1), *, keepdims: bool = False) -> Array:
    """The sum over the last two axes, or over others."""
    if isinstance(x, np.ndarray):
        return _add(x, axis=axis, keepdims=keepdims)
    return namespace(x).sum(x, axis=axis, keepdims=keepdims)


def eye_of(x: Array) -> Array:
    """The identity with as many rows as x has, of its type of number; not to be written to."""
    if not isinstance(x, np.ndarray):
        return namespace(x).eye(x.shape[-2], dtype=x.dtype, device=x.device)
    key = (x.shape[-2], x.dtype)
    if key not in _eyes:
        _eyes[key] = np.eye(x.shape[-2], dtype=x.dtype)
    return _eyes[key]


def over_matrices(value: Any) -> Any:
    """A number, or one for each session [S], as it multiplies their matrices [S, rows, cols]."""
    return value if isinstance(value, (int, float)) else value[..., None, None]


def surely(condition: Array) -> bool:
    """Whether it is known without waiting for a device that a condition holds everywhere."""
    return isinstance(condition, (np.ndarray, np.generic)) and bool(condition.all())


def is_off(value: Any) -> bool:
    """Whether a number switches off what it is for by being 0; one a session is never 0."""
    return isinstance(value, (int, float)) and value == 0


def on_host(value: Any) -> Any:
    """A value of any device as numpy's."""
    return value if isinstance(value, (np.ndarray, np.generic)) else value.cpu().numpy()

"""Array backends: numpy for one session, torch for many or for a GPU.

What is asked for in the innermost loops goes past the wrappers of both libraries, which cost
more than the arithmetic of one session; the values are the same to the last bit.
"""

from collections.abc import Callable, Sequence
from operator import matmul
from typing import Any

import numpy as np
from array_api_compat import array_namespace

Array = Any
"""A numpy array or a torch tensor; what works on both follows the Python array API standard."""

_add: Any = np.add.reduce
_dot: Any = np.ndarray.dot
_known: dict[type, Any] = {}
_constants: dict[tuple[float, Any], Array] = {}
_eyes: dict[tuple[int, Any], Array] = {}


def namespace(x: Array) -> Any:
    """`array_namespace(x)`, remembered by type."""
    kind = type(x)
    if kind not in _known:
        _known[kind] = array_namespace(x)
    return _known[kind]


def product_of(x: Array) -> Callable[[Array, Array], Array]:
    """The matrix product for arrays like x [..., rows, cols]: numpy's `dot` starts in half the time
    of its `matmul`, but supports no leading axes."""
    return _dot if isinstance(x, np.ndarray) and x.ndim == 2 else matmul


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


def constant(x: Array, value: float) -> Any:
    """A number to compute with x, of its type of number; not to be written to.

    Arithmetic of numpy takes half as long with an array of no axes as with a Python float.
    """
    if not isinstance(x, np.ndarray):
        return value
    key = (value, x.dtype)
    if key not in _constants:
        _constants[key] = np.asarray(value, dtype=x.dtype)
    return _constants[key]


def side_by_side(numbers: Sequence[Array]) -> Array:
    """Numbers [...] stacked to [..., how many]; those of one session without `np.stack`'s cost."""
    if isinstance(numbers[0], np.generic):
        return np.array(numbers)
    return namespace(numbers[0]).stack(numbers, axis=-1)


def over_points(number: Array) -> Array:
    """A number for each session [...] as it adds to their points [..., n]; for one session the
    array of no axes with which numpy is quickest."""
    if isinstance(number, (np.ndarray, np.generic)) and number.ndim == 0:
        return np.asarray(number)
    return number[..., None]


def over_matrices(value: Any) -> Any:
    """A number, or one for each session [S], as it multiplies their matrices [S, rows, cols]."""
    return value if isinstance(value, (int, float)) else value[..., None, None]


def where_matrices(mask: Array, x: Array, y: Array) -> Array:
    """The matrices [..., rows, cols] of x where the mask [...] says so, those of y elsewhere."""
    if isinstance(mask, np.bool_):
        return x if mask else y
    return namespace(x).where(mask[..., None, None], x, y)


def surely(condition: Array) -> bool:
    """Whether a condition surely holds everywhere, without waiting for a device."""
    if isinstance(condition, np.bool_):
        return bool(condition)
    return isinstance(condition, np.ndarray) and bool(condition.all())


def is_off(value: Any) -> bool:
    """Whether a number is 0, which switches its feature off; an array of one per session never
    is."""
    return isinstance(value, (int, float)) and value == 0


def on_host(value: Any) -> Any:
    """A value of any device as numpy's."""
    return value if isinstance(value, (np.ndarray, np.generic)) else value.cpu().numpy()

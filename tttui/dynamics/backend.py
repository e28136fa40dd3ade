"""Which library an array belongs to: numpy for one session, torch for many or for a GPU."""

from typing import Any

from array_api_compat import array_namespace

Array = Any
"""A numpy array or a torch tensor; what works on both follows the Python array API standard."""

_known: dict[type, Any] = {}


def namespace(x: Array) -> Any:
    """`array_namespace(x)`, remembered by type: it is asked for in the innermost loops."""
    kind = type(x)
    if kind not in _known:
        _known[kind] = array_namespace(x)
    return _known[kind]

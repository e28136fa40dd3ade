"""Engine states as checkpoints can hold them: torch has no unsigned 64 bit words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.jsonfile import whole
from tttui.model.errors import TttuiError

MARK = "uint64:"
"""Before the key of an array whose bits are to be read as unsigned."""


def step_reached(engine: Mapping[str, Any], path: Path) -> int:
    """The step that is predicted next, as the checkpoint in a file has it.

    Raises TttuiError if it lacks one.
    """
    try:
        stepper = restored(engine)["stepper"]
        t, revealed = whole(stepper["t"]), whole(stepper["revealed"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        t = revealed = None
    if t is None or revealed is None or t < 0 or revealed < 0:
        raise TttuiError(f"{path}: does not say which step the session has reached")
    return t + revealed


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

"""tttui: the cockpit for neural networks that keep learning while they run."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tttui.model.errors import RecorderError as RecorderError
    from tttui.recorder import Recorder as Recorder

__version__ = "0.1.0"

# Textual reads it when it is imported: at its default of 60 a key waits 8 ms longer on average.
os.environ.setdefault("TEXTUAL_FPS", "120")

_LATER = {
    "Recorder": "tttui.recorder",
    "RecorderError": "tttui.model.errors",
    "adapt": "tttui.engine.torch_learner",
}
"""What people use in their own programs, and where it is: imported when it is asked for."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

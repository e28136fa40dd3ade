"""tttui: the cockpit for neural networks that keep learning while they run."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tttui.model.errors import RecorderError as RecorderError
    from tttui.recorder import Recorder as Recorder

__version__ = "0.1.0"

# Textual reads it when it is imported: at its default of 60 a key waits 8 ms longer on average.
os.environ.setdefault("TEXTUAL_FPS", "120")


def __getattr__(name: str) -> Any:
    """What people use in their own programs, imported when it is asked for."""
    if name == "Recorder":
        from tttui.recorder import Recorder

        return Recorder
    if name == "RecorderError":
        from tttui.model.errors import RecorderError

        return RecorderError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Recording of any model that learns while it runs, from a user's own loop."""

from tttui.recorder.recorder import Recorder

__all__ = ["Recorder"]

"""Recording of any model that learns while it runs, from a loop that is somebody's own."""

from tttui.recorder.recorder import Recorder

__all__ = ["Recorder"]

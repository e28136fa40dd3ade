"""tttui: the cockpit for neural networks that keep learning while they run."""

import os

__version__ = "0.1.0"

# Textual reads it when it is imported: at its default of 60 a key waits 8 ms longer on average.
os.environ.setdefault("TEXTUAL_FPS", "120")

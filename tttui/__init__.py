"""tttui: the cockpit for neural networks that keep learning while they run."""

__version__ = "0.1.0"

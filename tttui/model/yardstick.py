"""What another predictor reached on the same trajectory."""

from dataclasses import dataclass

from tttui.model.arrays import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Yardstick:
    """One predictor's mean squared error [n] at the steps t [n]."""

    name: str
    t: Ints
    mse: Floats

"""The yardsticks as a table."""

import numpy as np

from tttui.draw.envelope import Series
from tttui.draw.look import Look
from tttui.draw.plot import Plot, Trace
from tttui.widgets.yardsticks import table


def test_means_are_over_the_same_steps_and_adaptive_is_a_multiple_of_each() -> None:
    t = np.arange(300)
    adaptive = np.where(t == 299, 1e9, 0.04)  # a step that the yardstick does not have
    averaged = Series(t, np.full(300, 0.05))
    shown = Plot(
        traces=(
            Trace("oracle", Series(t[:-1], np.full(299, 0.02)), 1, end="dated"),
            Trace("frozen", Series(t, np.full(300, 0.4)), "frozen", end="ended"),
            Trace("adaptive", averaged, heavy=True, raw=Series(t, adaptive), end="ended"),
        ),
        compare=(2, 1),
    )
    text = [line.rstrip() for line in table(shown, 250, 44, Look()).text()]
    assert text == [
        "yardsticks         t 250  mean 100  adaptive",
        "─ oracle          0.0200    0.0200    2.00 x",
        "━ adaptive        0.0500    0.0400",
        "─ frozen           0.400     0.400   0.100 x",
        "means of the errors themselves over t 199 to",
        "298; adaptive's as a multiple of each",
    ]

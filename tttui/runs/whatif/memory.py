"""How much memory a what-if takes, told before it begins."""

from tttui.model.ages import size_text
from tttui.model.errors import RefusedInput
from tttui.model.numbers import count

BUDGET = 400_000_000
"""Bytes that the rows and transactions of one what-if may take."""

A_STEP = 40
"""Bytes for a step: five columns, with room to grow."""

AN_EVENT = 4000
"""Bytes for a transaction with its figures, as it was measured."""


def refuse_too_long(steps: int, steps_an_event: int) -> None:
    """Raise RefusedInput where so many steps, a transaction each few of them, need too much."""
    needed = steps * (A_STEP + AN_EVENT / max(1, steps_an_event))
    if needed > BUDGET:
        raise RefusedInput(
            f"what-if of {count(steps)} steps needs {size_text(needed)}; "
            f"the budget is {size_text(BUDGET)}: choose a later step"
        )

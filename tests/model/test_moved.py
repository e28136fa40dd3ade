"""How much rows and columns moved is told in a percentage that is never a rounded nothing."""

import pytest

from tttui.model.tensor_axes import AxisChange


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.314, "31 %"), (1.0, "100 %"), (0.00024, "0.02 %")]
)
def test_a_small_share_keeps_a_digit(share: float, text: str) -> None:
    assert AxisChange("B", 0, 3, "state 3", 1.0, share).percent == text

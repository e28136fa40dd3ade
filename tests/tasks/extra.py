"""The libraries of the extra `hf`, as the task itself imports them."""

from typing import Any

import pytest

from tttui.model.errors import RefusedInput
from tttui.tasks.hf.library import library


def needed(name: str) -> Any:
    """A library; the tests of the module that asks are skipped where it is not installed."""
    try:
        return library(name)
    except RefusedInput as lacking:
        pytest.skip(str(lacking), allow_module_level=True)

"""Testing a composition: against its parents and the base, all on the same held-out streams."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tttui.lab.registry import Version, results_of

RESULT = "genome"
"""The key of what a test has found, beside a version."""


def newest_test(root: Path, version: Version) -> Mapping[str, Any] | None:
    """What the newest test of a composition has found; None where there was none."""
    found = [one["result"] for one in results_of(root, version) if one["key"] == RESULT]
    return found[-1] if found else None

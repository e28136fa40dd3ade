"""kill -9 at any moment: a job goes on from its last checkpoint, to the same bytes."""

from pathlib import Path

import pytest

from tests.lab.killing import CASES, difference, killed, left_alone
from tttui.lab.kinds import kind_names


@pytest.mark.parametrize("kind", kind_names())
def test_a_job_that_is_killed_again_and_again_ends_as_if_nothing_was(
    tmp_path: Path, kind: str
) -> None:
    assert kind in CASES, f"say in tests/lab/killing.py how a job of {kind} is made"
    whole = left_alone(tmp_path / "whole", kind)
    _, job = killed(tmp_path / "killed", kind, 5, seed=1)
    assert difference(job, whole) == ""

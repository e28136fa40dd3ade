"""A checkpoint that is whole, checksum and all, but holds what was never written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tasks.pointmass.runs.sessions import create, settings
from tttui.artifacts.check import check_session
from tttui.artifacts.checkpoint import ENGINE, PREVIOUS, read_checkpoint, read_generation
from tttui.artifacts.checksum import pt_bytes
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.model.errors import TttuiError
from tttui.model.session import Place
from tttui.tasks.pointmass.runs.resume import resume

EMPTY = np.zeros((0, 3), dtype=np.float32)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    run = create(tmp_path / "a", settings(steps=60))
    run.advance(30)
    run.checkpoint()
    run.advance(10)
    run.intervene("mu", 0.2)
    run.close("interrupted")
    return tmp_path / "a"


CHANGES: list[tuple[tuple[str, ...], Any, str]] = [
    (("format",), EMPTY, "has the format"),
    (("plastic", "B"), "abc", "weights that are no matrices"),
    (("plastic", "B"), np.zeros(()), "weights that are no matrices"),
    (("checksums",), EMPTY, "no checksums or no copies"),
    (("copies",), [], "no checksums or no copies"),
    (("copies", "session/meta.json"), 1, "copies that are no texts"),
    (("checksums", "per_step.csv"), None, "checksums of 'per_step.csv'"),
    (("checksums", "per_step.csv", "size"), EMPTY, "checksums of 'per_step.csv'"),
    (("checksums", "per_step.csv", "size"), 10**12, "checksums of 'per_step.csv'"),
    (("checksums", "interventions.jsonl", "block"), {}, "checksums of 'interventions.jsonl'"),
    (("checksums", "weights_history.npy", "stride"), 0, "checksums of 'weights_history.npy'"),
    (("checksums", "weights_history.npy", "t"), EMPTY, "checksums of 'weights_history.npy'"),
]


def change(path: Path, keys: tuple[str, ...], value: Any) -> None:
    """Put another value at these keys of a checkpoint."""
    state = inner = read_pt(path)
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_bytes(pt_bytes(write_pt(state)))


@pytest.mark.parametrize(("keys", "value", "reason"), CHANGES)
def test_it_is_damaged_and_the_one_before_counts(
    keys: tuple[str, ...], value: Any, reason: str, session: Path
) -> None:
    change(session / "session" / ENGINE, keys, value)
    with pytest.raises(TttuiError, match=reason):
        read_generation(session, ENGINE)
    assert read_checkpoint(session).path.name == PREVIOUS
    findings = check_session(Place(session, "native")).findings
    assert any(reason in finding.reason for finding in findings)
    run, until = resume(session)
    run.close("interrupted")
    assert until == 60


@pytest.mark.parametrize("stepper", [EMPTY, "abc", {"t": float("inf")}, {}])
def test_one_that_names_no_step_has_none(stepper: Any, session: Path) -> None:
    change(session / "session" / ENGINE, ("engine", "stepper"), stepper)
    assert read_generation(session, ENGINE).step is None

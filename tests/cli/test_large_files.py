"""Files of a session that somebody made as large as they may be are checked and repaired a piece
at a time."""

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tasks.pointmass.runs.sessions import run_through, settings
from tttui.artifacts.check import check_session
from tttui.cli.main import main
from tttui.model.session import Place

HOLE = 90_000_000


@pytest.fixture
def little_memory() -> Iterator[None]:
    """What happens in the test may take no more than half of the hole."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < HOLE / 2


def session(tmp_path: Path, name: str) -> Path:
    """A session of which one file ends in a hole."""
    path = run_through(tmp_path / "a", settings(steps=60, chunk=16))
    os.truncate(path / name, HOLE)
    return path


@pytest.mark.usefixtures("little_memory")
def test_a_history_with_a_hole_is_cut_where_its_snapshots_end(tmp_path: Path) -> None:
    path = session(tmp_path, "weights_history.npy")
    assert main(["fsck", str(path), "--repair"]) == 0
    assert (path / "weights_history.npy").stat().st_size < 1_000_000
    assert check_session(Place(path, "native")).findings == ()


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("name", ["engine_state.pt", "plastic_state.pt", "optim_state.pt"])
def test_a_checkpoint_with_a_hole_is_found(name: str, tmp_path: Path) -> None:
    path = session(tmp_path, f"session/{name}")
    findings = check_session(Place(path, "native")).findings
    assert path / "session" / name in [finding.path for finding in findings]


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "name", ["base_checkpoint.pt", "update_events.json", "update_events.jsonl"]
)
def test_a_file_with_a_hole_is_restored_from_another(name: str, tmp_path: Path) -> None:
    path = session(tmp_path, name)
    assert main(["fsck", str(path), "--repair"]) == 0
    assert check_session(Place(path, "native")).findings == ()

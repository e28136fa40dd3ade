"""The real files of the predecessor open, and say what they are known to say."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.summary import read_summary
from tttui.model.session import SessionData

KNOWN = [
    # session, run, frozen and adaptive last-100 MSE, commits of 18
    ("linear", 0, 0.559, 4.512, 3),
    ("mu_high", 0, 0.058, 1.477, 12),
    ("mu_high", 1, 0.281, 13.53, 3),
    ("mu_high_fork", 0, 0.073, 0.961, 5),
]


def read(data: Path, name: str, run: int) -> SessionData:
    (place,) = [place for place in find_sessions([data]) if place.name == name]
    return SessionReader(place, place.runs[run] if place.runs else None).refresh()


@pytest.mark.parametrize(("name", "run", "frozen", "adaptive", "commits"), KNOWN)
def test_the_known_results_are_read(
    name: str, run: int, frozen: float, adaptive: float, commits: int, foreign_data: Path
) -> None:
    data = read(foreign_data, name, run)
    assert len(data.steps) == 600
    assert data.steps.frozen[-100:].mean() == pytest.approx(frozen, abs=6e-4)
    assert data.steps.adaptive[-100:].mean() == pytest.approx(adaptive, abs=6e-3)
    assert data.transactions.counts()["commit"] == commits
    assert len(data.transactions) == 18
    assert data.transactions.t[:3].tolist() == [31, 63, 95]
    assert not [p for p in data.problems if not p.missing and p.part != "metrics"]


@pytest.mark.parametrize(("name", "run", "frozen", "adaptive", "commits"), KNOWN)
def test_summaries_agree(
    name: str, run: int, frozen: float, adaptive: float, commits: int, foreign_data: Path
) -> None:
    (place,) = [place for place in find_sessions([foreign_data]) if place.name == name]
    summary = read_summary(place, place.runs[run] if place.runs else None)
    assert summary.frozen_last100 == pytest.approx(frozen, abs=6e-4)
    assert summary.adaptive_last100 == pytest.approx(adaptive, abs=6e-3)
    assert (summary.steps, summary.attempted, summary.committed) == (600, 18, commits)


def test_every_number_of_every_row_is_exact(foreign_data: Path) -> None:
    for path in foreign_data.rglob("per_step.csv"):
        (place,) = find_sessions([path])
        steps = SessionReader(place).refresh().steps
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert steps.adaptive.tolist() == [float(row["adaptive_mse"]) for row in rows]


def test_the_tree_of_a_store_is_read(foreign_data: Path) -> None:
    fork = read(foreign_data, "mu_high_fork", 0).meta
    assert (fork.parent_session_id, fork.root_session_id) == ("mu_high", "mu_high")


def test_trajectories_of_a_store_are_read(foreign_data: Path) -> None:
    for place in find_sessions([foreign_data / "store"]):
        for run in place.runs:
            trajectory = SessionReader(place, run).trajectory()
            assert trajectory is not None
            assert trajectory.z.shape == (600, 4)
            assert np.isfinite(trajectory.z).all()


def test_looking_at_files_does_not_import_torch(foreign_data: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from tttui.artifacts.discover import find_sessions\n"
        "from tttui.artifacts.reader import SessionReader\n"
        "from tttui.artifacts import lock, names, summary, watch, writer\n"
        "[SessionReader(p).refresh() for p in find_sessions([Path(sys.argv[1])])]\n"
        "print([m for m in ('torch', 'textual', 'psutil', 'rich') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(foreign_data)], capture_output=True, text=True
    )
    assert run.stdout.strip() == "[]", run.stderr

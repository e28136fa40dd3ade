"""Whatever is spoiled in a session, nothing breaks, hangs, eats memory or leaves the session."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.mark.timeout(600)
@pytest.mark.parametrize("more", [["12"], ["2", "--app"]], ids=["commands", "tabs"])
def test_spoiled_sessions_break_nothing(more: list[str], tmp_path: Path) -> None:
    # How long it takes on a busy machine does not decide.
    words = [sys.executable, "-m", "tests.fuzz", *more, "--longest", "60", "--dir", str(tmp_path)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

"""A disk that is full, to the last byte, while a session runs."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.live import state, status, wait_until
from tests.tasks.pointmass.runs.sessions import create, run_through, same, settings
from tttui.cli.main import main

CHOSEN = settings(steps=2000, checkpoint_s=0.2)

ROOM = "size=3m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of a few megabytes; skipped where this user may make none."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", ROOM, "tmpfs", str(path)]
    try:
        made = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        made = False
    if not made:
        pytest.skip("only root may mount a small disk here")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(path: Path) -> None:
    """Write until there is room for nothing more."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_disk_that_fills_up_under_a_run_is_named_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path, small_disk: Path
) -> None:
    whole, session = run_through(tmp_path / "whole", CHOSEN), small_disk / "a"
    create(session, CHOSEN).close("interrupted")
    words = [sys.executable, "-m", "tttui", "resume", str(session), "--quiet"]
    process = subprocess.Popen([*words, "--speed-limit", "200"], stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: (session / "update_events.jsonl").stat().st_size > 0)
        fill(small_disk / "other")
        _, complaint = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    assert "the disk is full" in complaint
    assert state(session) == "failed"
    assert "free some space, then resume" in status(session)["error"]
    assert main(["resume", str(session), "--quiet"]) == 1  # still no room
    (small_disk / "other").unlink()
    assert main(["resume", str(session), "--quiet"]) == 0
    assert same(whole, session) == []

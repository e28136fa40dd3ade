"""Snapshots that were thinned or replaced after the checkpoint: a crash costs none of them."""

import json
from pathlib import Path

import pytest

from tests.tasks.pointmass.runs.sessions import (
    create,
    run_through,
    same,
    settings,
)
from tests.tasks.pointmass.runs.test_recovery import CHOSEN, finish
from tttui.tasks.pointmass.runs.session import SessionRun


def test_a_history_that_was_thinned_after_the_checkpoint_ends_as_without_the_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.tasks.pointmass.runs.session.MEGABYTE", 24_000)
    chosen = settings(chunk=8, min_buffer=8, history_mb=1, inner_steps=1)
    whole = run_through(tmp_path / "whole", chosen)
    run = create(tmp_path / "a", chosen)
    run.advance(30)
    run.checkpoint()
    while run.meta.get("history_stride", 1) == 1 and run.t < 190:
        run.advance(8)
        run.tell()
        run.meta = json.loads((run.path / "session" / "meta.json").read_text())
    assert run.t > 30
    run.fail(RuntimeError("gone"))
    again = SessionRun.open(run.path)
    assert again.t == 30
    assert not any("weights_history.npy" in line and "stays" in line for line in again.notices)
    # As far as the run before came, when the file is thinned for the second time in its life.
    again.advance(run.t - 30)
    again.close("interrupted")
    short = run_through(tmp_path / "short", chosen.updated({"steps": run.t}))
    assert same(short, run.path) == []
    finish(run.path)
    assert same(whole, run.path) == []


def test_a_snapshot_that_was_replaced_after_the_checkpoint_is_no_damage(tmp_path: Path) -> None:
    def drive(directory: Path, *, crash: bool) -> Path:
        run = create(directory, CHOSEN)
        run.advance(60)
        run.intervene("update")
        run.checkpoint()
        run.intervene("rollback", 40)
        if crash:
            run.tell()
            run.fail(RuntimeError("gone"))
            run = SessionRun.open(directory)
            assert not any("stays so" in line or "counts" in line for line in run.notices)
        run.advance(200 - run.t)
        run.close("completed")
        return directory

    whole = drive(tmp_path / "whole", crash=False)
    assert same(whole, drive(tmp_path / "a", crash=True)) == []

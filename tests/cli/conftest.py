"""What the tests of the command line share."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.pointmass.runs.sessions import settings
from tttui.model.session import Place
from tttui.tasks.pointmass.runs.fork import fork
from tttui.tasks.pointmass.runs.planned import plan_session, prepare
from tttui.tasks.pointmass.runs.session import SessionRun


@pytest.fixture(autouse=True)
def _own_key(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that signs jobs is not the one of whoever runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(autouse=True)
def _disk_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Syncing guards against a power failure, which no test has; it takes most of their time."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda _handle: None)


SHORT = settings(steps=120, pretrain_steps=30, pretrain_seq=16, pretrain_batch=4, chunk=16)


def stop_after(steps: int) -> dict[str, Any]:
    """Options of `prepare` that stop a pretraining after so many steps."""
    done: list[int] = []
    return {
        "should_stop": lambda: len(done) >= steps,
        "on_progress": lambda step, loss: done.append(step),  # noqa: ARG005
    }


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with every file that there is: a session that was pretrained for and steered, a
    fork of it, and one whose base is being pretrained."""
    root = tmp_path_factory.mktemp("made")
    plan_session(root / "a", SHORT)
    prepare(root / "a", should_stop=lambda: False)
    run = SessionRun.open(root / "a")
    run.advance(50)
    run.intervene("mu", 0.2)
    run.advance(30)
    run.checkpoint()
    run.advance(40)
    run.close("completed")
    forked = fork(Place(root / "a", "native"), root, name="b", changes={"steps": 60})
    forked.advance(60)
    forked.close("completed")
    plan_session(root / "c", SHORT.updated({"pretrain_steps": 31}))
    prepare(root / "c", **stop_after(20))
    return root

"""Jobs for tests: real ones, in processes of their own, of a base that is tiny or never done."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import end
from tttui.lab.job import Job, jobs_folder
from tttui.lab.jobs import handles
from tttui.lab.kinds.pretrain import settings_of
from tttui.lab.launchers import local
from tttui.lab.starting import start
from tttui.model.pointmass.settings import Settings

ENDLESS = 1_000_000
"""Steps that no test waits for."""


@pytest.fixture(autouse=True)
def _disk_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Syncing guards against a power failure, which no test has; it takes most of their time."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda _handle: None)


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that signs jobs is not the one of whoever runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A run root; whatever jobs run there are killed at the end."""
    path = tmp_path / "runs"
    yield path
    for handle in handles(path):
        end(jobs_folder(path) / handle)
    for child in local.children:
        child.wait()


def small(steps: int = 3, seed: int = 0) -> Settings:
    """A base that is trained in a moment, or (with ENDLESS steps) never."""
    return Settings().updated(
        {
            "pretrain_steps": steps,
            "pretrain_seq": 8,
            "pretrain_batch": 2,
            "pretrain_seed": seed,
        }
    )


def pretraining(root: Path, steps: int = 3, seed: int = 0) -> Job:
    """A job that trains such a base."""
    words = ("tttui", "pretrain", "--pretrain-steps", str(steps))
    return start(root, "pretrain", settings_of(small(steps, seed), force=False), command=words)

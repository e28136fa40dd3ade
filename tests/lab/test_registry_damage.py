"""The registry when writers are killed, the disk is full, or somebody sent it."""

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lab.test_registry import BASE, COMMAND, moved, register_skill
from tttui.lab import audit
from tttui.lab.auditing import verify
from tttui.lab.registry import (
    deploy,
    personas,
    register,
    resolve,
    results_of,
    rollback,
    versions,
)
from tttui.lab.registry.starting import runner_for, start_weights
from tttui.lab.registry.version import base_path
from tttui.model.errors import RefusedInput, TttuiError

REPOSITORY = Path(__file__).parents[2]


def test_whoever_is_killed_leaves_the_old_state_or_the_new() -> None:
    """Ten kills here; `python -m tests.lab.registry_kills` makes two hundred, and at each moment
    of every change."""
    words = [sys.executable, "-m", "tests.lab.registry_kills", "10", "0", "4"]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the old state or the new after each" in done.stdout


@contextmanager
def _files_up_to(size: int) -> Iterator[None]:
    """No file of this process may become larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_half_of_the_weights_leaves_nothing_registered(root: Path) -> None:
    register_skill(root)
    large = {"W": np.ones((200, 200), np.float32)}
    with _files_up_to(100_000), pytest.raises(TttuiError, match=r"weights\.safetensors: cannot be"):
        register(
            root,
            "walker",
            large,
            task="pointmass",
            task_settings={},
            settings={},
            base=BASE,
            origin={},
            command=COMMAND,
        )
    skill = root / ".lab" / "registry" / "skills" / "walker"
    assert sorted(path.name for path in skill.iterdir()) == ["v1"]
    assert verify(root).fits
    assert register_skill(root).name == "walker@v2"


def test_a_disk_that_takes_half_a_line_of_the_audit_changes_nothing(root: Path) -> None:
    for value in range(8):
        moved(root, register_skill(root, value=float(value)), force=True)
    size = audit.audit_path(root).stat().st_size
    assert size > 6000
    with _files_up_to(size + 40), pytest.raises(TttuiError, match=r"audit\.jsonl: cannot be"):
        rollback(root, "helper", command=COMMAND)
    assert audit.audit_path(root).stat().st_size == size
    assert resolve(root, "@helper").name == "walker@v8"
    assert verify(root).notes == ()


@pytest.mark.parametrize("change", ["register", "deploy"])
def test_a_disk_that_is_full_from_any_moment_on_leaves_the_old_state_or_the_new(
    root: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    moved(root, register_skill(root))
    for at in range(1, 30):
        before = len(list(audit.lines(root)))
        version = resolve(root, "walker")
        with monkeypatch.context() as patched:
            count = _full_from(at, patched)
            try:
                if change == "register":
                    register_skill(root, value=2.0)
                else:
                    deploy(root, version, "helper", domain=f"d{at}", command=COMMAND)
            except TttuiError as error:
                assert "disk is full" in str(error)  # noqa: PT017 - each moment is another one
                made = 0
            else:
                made = 1
        result = verify(root)
        assert (result.findings, result.notes) == ((), ())
        assert result.lines == before + made
        if count[0] < at:
            return
    pytest.fail("there is no end to what is written")


def _full_from(at: int, patched: pytest.MonkeyPatch) -> list[int]:
    """From the `at`-th write on there is no room; returns a count of the writes."""
    count, write = [0], os.pwrite

    def full(*args: Any) -> int:
        count[0] += 1
        if count[0] >= at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(*args)

    patched.setattr(os, "pwrite", full)
    return count


def test_nothing_is_read_through_a_link_out_of_a_registry_that_somebody_sent(
    root: Path, tmp_path: Path
) -> None:
    moved(root, register_skill(root))
    outside = tmp_path / "outside"
    registry = root / ".lab" / "registry"
    for name in ("personas", "skills"):
        (registry / name).rename(outside := tmp_path / f"my-{name}")
        (registry / name).symlink_to(outside)
    for ask in (
        lambda: resolve(root, "walker"),
        lambda: versions(root),
        lambda: personas(root),
        lambda: register_skill(root),
    ):
        with pytest.raises(RefusedInput, match="is a link"):
            ask()


def test_a_lock_that_leads_out_of_a_registry_is_not_followed(root: Path, tmp_path: Path) -> None:
    moved(root, register_skill(root))
    outside, lock = tmp_path / "outside", root / ".lab" / "audit.lock"
    outside.touch()
    lock.unlink()
    lock.symlink_to(outside)
    assert not verify(root).findings
    with pytest.raises(TttuiError, match="is a link"):
        register_skill(root)


def test_the_base_of_a_version_is_never_a_path_or_a_link(root: Path, tmp_path: Path) -> None:
    folder = root / ".lab" / "registry" / "bases"
    assert base_path(root, "../../../base").parent == folder
    start = start_weights(root, register_skill(root), runner_for(register_skill(root)))
    assert start.base_file is not None
    assert start.base_file.parent == folder
    folder.symlink_to(tmp_path)
    with pytest.raises(RefusedInput, match="is a link"):
        start_weights(root, register_skill(root), runner_for(register_skill(root)))


@pytest.mark.parametrize("file", ["weights.safetensors", "version.json"])
def test_a_file_of_a_version_that_leads_out_of_it_is_not_read(
    root: Path, tmp_path: Path, file: str
) -> None:
    path = register_skill(root).path / file
    path.rename(tmp_path / file)
    path.symlink_to(tmp_path / file)
    with pytest.raises(TttuiError, match=r"leads out"):
        resolve(root, "walker").tensors()


def _junk(path: Path, value: object) -> None:
    path.chmod(0o644)
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())


JUNK: list[object] = [b"", b"\x00" * 50, b"{", [], {"skill": 3}, b'{"a":' * 200, {"domains": []}]


@pytest.mark.parametrize("junk", JUNK)
def test_damaged_files_are_named_in_one_line_and_the_rest_is_still_there(
    root: Path, junk: object
) -> None:
    moved(root, register_skill(root))
    register_skill(root, "runner", value=2.0)
    registry = root / ".lab" / "registry"
    _junk(registry / "skills" / "runner" / "v1" / "version.json", junk)
    problems: list[str] = []
    assert [one.name for one in versions(root, problems=problems)] == ["walker@v1"]
    assert "runner/v1/version.json" in problems[0]
    _junk(registry / "personas" / "helper.json", junk)
    with pytest.raises(TttuiError, match=r"personas/helper\.json"):
        resolve(root, "@helper")
    _junk(root / ".lab" / "audit.head.json", junk)
    assert resolve(root, "walker").number == 1
    results = registry / "skills" / "walker" / "results-v1"
    results.mkdir()
    (results / "00000001.json").write_bytes(b"{")
    assert results_of(root, resolve(root, "walker")) == []
    _junk(root / ".lab" / "audit.jsonl", junk)
    assert not verify(root).fits or junk == b""


def test_a_fifo_in_the_place_of_a_file_holds_nobody_up(root: Path) -> None:
    version = register_skill(root)
    for path in (version.path / "version.json", root / ".lab" / "audit.jsonl"):
        path.unlink()
        os.mkfifo(path)
    with pytest.raises(TttuiError, match="named pipe"):
        resolve(root, "walker")

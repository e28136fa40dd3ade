"""kill -9 while the registry is changed: `python -m tests.lab.registry_kills [KILLS] [SEED]`.

First every change is killed before and after each single call that writes. Then several processes
register, deploy, roll back, measure and remove at the same time, and are killed at random
moments. After each kill there is the old state or the new one: what the audit says, read here
without the code that keeps it, and `audit --verify` agrees. Nothing that was reported as done is
ever lost.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from tttui.artifacts.mutex import locked
from tttui.lab.auditing import verify
from tttui.lab.changing import LOCK, settle
from tttui.lab.registry import (
    BaseRef,
    Version,
    deploy,
    record_result,
    register,
    remove,
    resolve,
    rollback,
    versions,
)
from tttui.model.errors import RefusedInput, TttuiError

WRITERS = 4

LONGEST_S = 0.06
"""Seconds after which one is killed at the latest; a change takes some 5 ms."""

COMMAND = ("tttui", "model")

WRITES = ("replace", "rename", "fsync", "ftruncate", "pwrite", "mkdir", "unlink", "chmod")
"""Functions of os before and after which a change is killed."""


def register_skill(root: Path, skill: str, value: float) -> Version:
    return register(
        root,
        skill,
        {"W": np.full((3, 4), value, np.float32)},
        task="pointmass",
        task_settings={},
        settings={"lr": 0.1},
        base=BaseRef("b" * 64),
        origin={"kind": "session", "id": "night"},
        command=COMMAND,
    )


def moved(root: Path, version: Version) -> None:
    deploy(root, version, "helper", force=True, command=COMMAND)


CHANGES: Mapping[str, Callable[[Path], object]] = {
    "register": lambda root: register_skill(root, "walker", 9.0),
    "deploy": lambda root: moved(root, resolve(root, "walker@v2")),
    "roll back": lambda root: rollback(root, "helper", command=COMMAND),
    "measure": lambda root: record_result(
        root, resolve(root, "walker@v1"), "test", {"baseline": "base"}, command=COMMAND
    ),
    "remove": lambda root: remove(root, resolve(root, "walker@v2"), command=COMMAND),
}


def state(root: Path) -> dict[str, Any]:
    """What is there: versions with their bytes, results, and where personas point."""
    folder = root / ".lab" / "registry"
    results: dict[str, Any] = {}
    for path in sorted(folder.glob("skills/*/v*")):
        names = sorted(one.name for one in path.iterdir())
        assert names == ["version.json", "weights.safetensors"], (path, names)
        hashes = {n: sha256((path / n).read_bytes()).hexdigest() for n in names}
        results[f"{path.parent.name}@{path.name}"] = hashes
    for path in sorted(folder.glob("skills/*/results-v*/*.json")):
        results[f"result {path.stem}"] = sha256(path.read_bytes()).hexdigest()
    for path in sorted(folder.glob("personas/*.json")):
        for moves in json.loads(path.read_text())["domains"].values():
            results[f"@{path.stem}"] = moves[-1]["version"]
    return results


def expected_state(root: Path) -> dict[str, Any]:
    """What the lines of the audit say should be there."""
    path, result, before = root / ".lab" / "audit.jsonl", dict[str, Any](), "0" * 64
    data = path.read_bytes() if path.exists() else b""
    results: dict[str, dict[str, str]] = {}
    for n, raw in enumerate(data.splitlines(), start=1):
        line = json.loads(raw)
        assert (line["n"], line["previous"]) == (n, before), raw
        before, name, after = sha256(raw).hexdigest(), line["subject"], line["after"]
        match line["action"]:
            case "models:registered":
                result[name] = {
                    "version.json": after["version_sha256"],
                    "weights.safetensors": after["weights_sha256"],
                }
            case "models:removed":
                del result[name]
                results.pop(name, None)
            case "models:measured":
                results.setdefault(name, {})[f"result {n:08}"] = after["sha256"]
            case _:
                result[name] = after["version"]
    return result | {k: v for one in results.values() for k, v in one.items()}


def check(root: Path, done: Path) -> None:
    """Raise AssertionError where there is a third state, or something was lost."""
    result = verify(root)
    assert result.fits, result.findings
    settle(root)
    with locked(root / ".lab" / LOCK, 60.0):
        settled = state(root)
        assert settled == expected_state(root), (settled, expected_state(root))
        lines = (root / ".lab" / "audit.jsonl").read_bytes().splitlines()
        for said in done.read_text().split() if done.exists() else ():
            n, _, digest = said.partition(":")
            assert sha256(lines[int(n) - 1]).hexdigest() == digest, f"change {n} was lost"


def lines_of(root: Path) -> int:
    return (root / ".lab" / "audit.jsonl").read_bytes().count(b"\n")


def killed_at(root: Path, change: Callable[[Path], object], at: int) -> bool:
    """Make a change in a process that dies at its `at`-th moment; whether it came to that."""
    child = os.fork()
    if child == 0:
        _die_at(at)
        try:
            change(root)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def _die_at(at: int) -> None:
    count = 0

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*args, **more)
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted

    for name in WRITES:
        setattr(os, name, dying(getattr(os, name)))


def at_every_moment(folder: Path, every: int = 1) -> int:
    """Kill each change at each moment; the state is the old one or the new. Returns how many."""
    kills = 0
    for name, change in CHANGES.items():
        at = 1
        while True:
            root = folder / f"{name}-{at}"
            for value in (1.0, 2.0, 3.0):
                register_skill(root, "walker", value)
            moved(root, resolve(root, "walker@v3"))
            if name == "roll back":
                moved(root, resolve(root, "walker@v1"))
            old, before = state(root), lines_of(root)
            if not killed_at(root, change, at):
                break
            check(root, root / "none")
            made = lines_of(root) - before
            assert made in (0, 1), (name, at)
            if not made:
                assert state(root) == old, (name, at)
                change(root)  # nothing stands in its way
                check(root, root / "none")
            at += every
            kills += 1
        print(f"{name}: killed at {at - 1} moments", flush=True)
    return kills


def write_for_ever(root: Path, done: Path, seed: int) -> NoReturn:
    """Change the registry again and again, and note what is done."""
    chosen = random.Random(seed)
    handle = os.open(done, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    while True:
        try:
            _change(root, chosen)
        except TttuiError as error:  # a version is in use already, is needed, or was removed
            if not isinstance(error, RefusedInput) and "is missing" not in str(error):
                raise
        lines = (root / ".lab" / "audit.jsonl").read_bytes().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        if whole:
            digest = sha256(whole[-1][:-1]).hexdigest()
            os.write(handle, f"{len(whole)}:{digest}\n".encode())


def _change(root: Path, chosen: random.Random) -> None:
    there = versions(root, problems=[])
    what = chosen.choice(("register", "deploy", "deploy", "rollback", "rollback", "measure", "rm"))
    if what == "register" or len(there) < 3:
        register_skill(root, chosen.choice(("walker", "runner")), chosen.random())
    elif what == "deploy":
        moved(root, chosen.choice(there))
    elif what == "rollback":
        rollback(root, "helper", command=COMMAND)
    elif what == "measure":
        record_result(root, chosen.choice(there), "test", {"baseline": "base"}, command=COMMAND)
    elif len(there) > 6:
        remove(root, chosen.choice(there), command=COMMAND)


def at_random_moments(root: Path, kills: int, seed: int) -> None:
    """Kill so many writers while several write; check after each."""
    chosen, done = random.Random(seed), root.with_name("done")
    register_skill(root, "walker", 1.0)

    def started() -> int:
        child = os.fork()
        if child == 0:
            try:
                write_for_ever(root, done, os.getpid())
            finally:
                traceback.print_exc()
                os._exit(1)
        return child

    writers = [started() for _ in range(WRITERS)]
    try:
        for _ in range(kills):
            time.sleep(chosen.uniform(0.0, LONGEST_S))
            victim = writers.pop(chosen.randrange(WRITERS))
            os.kill(victim, signal.SIGKILL)
            assert os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1]) == -signal.SIGKILL
            check(root, done)
            writers.append(started())
    finally:
        for writer in writers:
            os.kill(writer, signal.SIGKILL)
            os.waitpid(writer, 0)
    check(root, done)


def main(kills: int = 200, seed: int = 0, every: int = 1) -> None:
    """`every`: of the moments of a change each such one is tried."""
    setattr(os, "fsync", lambda _handle: None)  # noqa: B010 - it guards against power failures
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tttui-registry-") as folder:
        moments = at_every_moment(Path(folder), every)
        root = Path(folder) / "runs"
        at_random_moments(root, kills, seed)
        changes = len((root / ".lab" / "audit.jsonl").read_bytes().splitlines())
    took = time.perf_counter() - begin
    print(
        f"{moments} kills at chosen and {kills} at random moments of {WRITERS} writers, "
        f"{changes} changes, in {took:.0f} s: the old state or the new after each, verified"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Sessions made for tests, and what of their files has to be equal."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.checkpoint import ENGINE, PREVIOUS, read_checkpoint
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass.runs.base import Base, find_base
from tttui.tasks.pointmass.runs.session import SessionRun


def settings(**values: Any) -> Settings:
    """Noisy, short, with checkpoints only where a test makes them."""
    wanted = {"noise_std": 0.01, "seed": 5, "steps": 200, "checkpoint_s": 1e6, **values}
    return Settings().with_preset(wanted.pop("preset", "stable")).updated(wanted).validate()


def base_of(chosen: Settings) -> Base:
    base = find_base(Path("nowhere"), chosen)
    assert base is not None
    return base


def create(directory: Path, chosen: Settings | None = None, **more: Any) -> SessionRun:
    chosen = chosen or settings()
    return SessionRun.create(directory, chosen, base_of(chosen), **more)


def run_through(directory: Path, chosen: Settings | None = None, **more: Any) -> Path:
    """A session that was never stopped."""
    run = create(directory, chosen, **more)
    run.advance(run.steps_total)
    run.close("completed")
    return directory


def events(directory: Path) -> list[dict[str, Any]]:
    lines = (directory / "update_events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def content(directory: Path) -> dict[str, Any]:
    """Everything that must not depend on how the run was cut: all but times and durations."""
    timeless = [
        {k: str(v) for k, v in event.items() if k != "duration_ms"} for event in events(directory)
    ]
    checkpoint = read_checkpoint(directory)
    assert checkpoint.consistent, checkpoint.problems
    return {
        "per_step.csv": (directory / "per_step.csv").read_bytes(),
        "trajectory.csv": (directory / "trajectory.csv").read_bytes(),
        "weights_history.npy": np.load(directory / "weights_history.npy").tobytes(),
        "plastic_state.pt": (directory / "session" / "plastic_state.pt").read_bytes(),
        "optim_state.pt": (directory / "session" / "optim_state.pt").read_bytes(),
        "metrics.json": (directory / "session" / "metrics.json").read_bytes(),
        "engine_state.pt": write_pt(dict(checkpoint.engine)),
        "events": timeless,
        "event list": len(json.loads((directory / "update_events.json").read_text())),
    }


def same(one: Path, other: Path) -> list[str]:
    """The names of the contents that differ; empty where the sessions are the same."""
    a, b = content(one), content(other)
    return [name for name in a if a[name] != b[name]]


def as_an_older_version_left_it(source: Path, target: Path) -> Path:
    """A copy of a session without any checksums."""
    shutil.copytree(source, target)
    session = target / "session"
    (session / PREVIOUS).unlink(missing_ok=True)
    for path in (session / "meta.json", session / "metrics.json", target / "status.json"):
        lines = path.read_text().splitlines()
        path.write_text("\n".join(line for line in lines if '"checksum"' not in line) + "\n")
    state = read_pt(session / ENGINE)
    old = ("format", "engine", "plastic", "optim", "sizes", "sha256")
    del state["sha256"]["metrics.json"]
    (session / ENGINE).write_bytes(write_pt({key: state[key] for key in old}))
    return target

"""Run directories of any size, layout and state, made in a moment, for tests and benchmarks.

Their numbers are those of tests/drawnrun.py; equal arguments give equal files.
"""

import csv
import hashlib
import io
import json
import os
import pickle
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.drawnrun import Content, content, metrics_of
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.processes import boottime, own_process
from tttui.artifacts.ptfile import write_pt
from tttui.artifacts.runs import runs_of
from tttui.model.pointmass.settings import Settings
from tttui.model.session import Layout, Place
from tttui.tasks.pointmass.runs.writer import RunWriter, model_signature, new_meta

CREATED = 1_795_289_100
"""Unix seconds at which all generated sessions were created."""

STATUS_BYTES = 480


def make_run(
    path: Path,
    *,
    layout: Layout = "native",
    steps: int = 600,
    chunk: int = 32,
    seed: int = 0,
    shape: tuple[int, int] = (16, 32),
    mu: float = 0.1234,
    trajectory: bool = True,
    snapshots: bool = True,
    status: str | None = "completed",
    planned: int | None = None,
    runs: int = 1,
    parent: str | None = None,
    damage: Iterable[str] = (),
) -> Place:
    """Write a session at `path` (a store's is <root>/sessions/<id>) and return its Place.

    `status` (native): a state of status.json; `running`, `paused` and `queued` name this
    process, `crashed` one that is gone, `stalled` one that does not report; None: no status file.
    `planned` (native): the steps that the run is to have, if not those that it has.
    `runs` (store): how many runs, 0 for a session that never ran. `damage`: names of DAMAGE.
    """
    data = content(steps, chunk, seed, shape)
    settings = replace(
        Settings(seed=seed, steps=steps),
        model=replace(Settings().model, u_dim=shape[0], n_state=shape[1]),
        plasticity=replace(Settings().plasticity, chunk=max(chunk, 1)),
    )
    base_bytes = write_pt({"model_state": data.base, "cfg": {"u_dim": shape[0]}})
    meta = new_meta(
        settings,
        session_id=path.name if layout != "flat" else "session_001",
        base_ckpt_hash=hashlib.sha256(base_bytes).hexdigest(),
        mu=mu,
        created_at=CREATED,
        parent_session_id=parent,
    )
    if layout == "native":
        _native(path, data, meta, base_bytes, trajectory=trajectory, snapshots=snapshots)
        if status is not None:
            write_status(path, status, steps, planned or steps)
    elif layout == "flat":
        _flat(path, data, _foreign(meta), base_bytes)
    else:
        _store(path, data, _foreign(meta), base_bytes, runs, trajectory=trajectory)
    place = Place(path, layout, runs_of(path) if layout == "store" else ())
    for name in damage:
        DAMAGE[name](place)
    return place


def steps_path(place: Place) -> Path:
    """per_step.csv of the newest run."""
    if place.layout == "store":
        return place.path / "runs" / place.runs[-1] / "per_step.csv"
    return place.path / "per_step.csv"


def session_path(place: Place) -> Path:
    """The directory with meta.json and the weights."""
    return place.path if place.layout == "store" else place.path / "session"


def _native(
    path: Path,
    data: Content,
    meta: dict[str, Any],
    base_bytes: bytes,
    *,
    trajectory: bool,
    snapshots: bool,
) -> None:
    writer = RunWriter(path)
    writer.begin(meta, base_bytes)
    n = len(data.frozen)
    for i in range(0, n, 4096):
        j = slice(i, i + 4096)
        writer.steps(i, data.frozen[j], data.adaptive[j], data.did_update[j], data.update_ok[j])
        if trajectory:
            after = np.vstack((data.z[j][1:], data.z[j][-1:]))
            writer.trajectory(i, data.z[j], data.a[j], after + 0.1, after + 0.01, meta["mu"])
    if snapshots:
        writer.snapshot(0, data.weights(0))
    for event in data.events:
        extra = {"lr": 0.01, "inner_steps": 8, "duration_ms": 4.2, "implied_mu": meta["mu"] + 0.01}
        matrix = {"fro": 1.5, "max_abs": 0.5, "mean": 0.01, "std": 0.2, "delta_fro": 0.1}
        writer.event({**event, **extra, **dict.fromkeys(("W_u", "B", "W_o"), matrix)})
    for k, t in enumerate(data.commits if snapshots else (), start=1):
        writer.snapshot(t, data.weights(k))
    newest = data.weights(len(data.commits))
    momentum = {name: np.zeros_like(matrix) for name, matrix in newest.items()}
    writer.checkpoint({"t": n}, newest, momentum, metrics_of(data))
    writer.finish()
    if not trajectory:
        (path / "trajectory.csv").unlink()


def write_status(path: Path, status: str, steps: int, planned: int) -> None:
    """Write status.json; see `make_run` for the states."""
    fields = {
        **status_of_process(status),
        "device": "cpu",
        "t": steps,
        "steps_total": planned,
        "steps_per_second": 5000.0,
        "started_at": time.time() - 60,
    }
    # as long whatever the process is: sizes of files are shown
    short = json_bytes({**fields, "padding": ""})
    content = json_bytes({**fields, "padding": "." * (STATUS_BYTES - len(short))})
    (path / "status.json").write_bytes(content)


def status_of_process(status: str) -> dict[str, Any]:
    """What status.json says of the process; see `make_run` for the states."""
    now, silent = time.time(), 200 if status in ("crashed", "stalled") else 0
    process = {k: v for k, v in own_process().items() if k != "process_started_at"}
    written = "running" if status in ("crashed", "stalled") else status
    fields = {**process, "state": written, "heartbeat_at": now - silent}
    if status in ("queued", "running", "paused", "stalled"):
        # Nothing beats here: a live one must not fall silent, however slow the machine is.
        fields["heartbeat_boottime"] = round(boottime() - (silent or -1e6))
    if status == "crashed":
        fields["process_start_ticks"] = 1
    return fields


def _foreign(meta: dict[str, Any]) -> dict[str, Any]:
    """The keys that the predecessor writes, with its learner's settings."""
    names = ("chunk", "lr", "momentum", "nesterov", "ns_steps", "weight_decay", "rollback_tol")
    plasticity = {name: meta["plasticity_cfg"][name] for name in names}
    plasticity |= {"buffer_len": 32, "grad_norm_max": 20.0, "state_norm_max": 1e6}
    kept = ("schema_version", "session_id", "mu", "env_mode", "model_cfg", "base_ckpt_hash")
    return {
        **{name: meta[name] for name in kept},
        "created_at_unix": CREATED,
        "plasticity_cfg": plasticity,
        "model_signature": model_signature(meta["model_cfg"], meta["base_ckpt_hash"]),
        "parent_session_id": meta["parent_session_id"],
        "root_session_id": meta["root_session_id"],
    }


def _table(header: str, columns: list[Any], line_end: str) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator=line_end)
    table.writerow(header.split(","))
    table.writerows(zip(*columns, strict=True))
    return out.getvalue()


def _columns(data: Content) -> list[Any]:
    flags = [data.did_update.astype(int).tolist(), data.update_ok.astype(int).tolist()]
    return [range(len(data.frozen)), data.frozen.tolist(), data.adaptive.tolist(), *flags]


def _foreign_events(data: Content) -> list[dict[str, Any]]:
    """The predecessor's events carry the step just observed."""
    return [{**event, "t": event["t"] - 1} for event in data.events]


def _write_session(path: Path, data: Content, meta: dict[str, Any], metrics: Any) -> None:
    path.mkdir(parents=True, exist_ok=True)
    (path / "meta.json").write_text(json.dumps(meta, indent=2))
    (path / "metrics.json").write_text(json.dumps(metrics, indent=2))
    newest = data.weights(len(data.commits))
    (path / "plastic_state.pt").write_bytes(write_pt(newest))
    (path / "optim_state.pt").write_bytes(write_pt({"state": newest, "param_groups": []}))


def _flat(path: Path, data: Content, meta: dict[str, Any], base_bytes: bytes) -> None:
    _write_session(path / "session", data, meta, metrics_of(data))
    (path / "base_checkpoint.pt").write_bytes(base_bytes)
    header = "t,baseline_mse,adaptive_mse,did_update,update_ok"
    (path / "per_step.csv").write_text(_table(header, _columns(data), "\r\n"), newline="")
    events = json.dumps(_foreign_events(data), indent=2)
    (path / "update_events.json").write_text(events)


def _store(
    path: Path,
    data: Content,
    meta: dict[str, Any],
    base_bytes: bytes,
    runs: int,
    *,
    trajectory: bool,
) -> None:
    root = path.parent.parent
    (root / "base").mkdir(parents=True, exist_ok=True)
    (root / "base" / "base_checkpoint.pt").write_bytes(base_bytes)
    base_meta = {k: meta[k] for k in ("base_ckpt_hash", "model_cfg", "model_signature")}
    (root / "base" / "base_meta.json").write_text(json.dumps(base_meta))
    names = [f"{path.name}_{CREATED + 10 * k}_seed{k}" for k in range(runs)]
    ours = metrics_of(data)
    metrics: dict[str, Any] = {"notes": "created, not run yet"}
    if names:
        metrics = {
            "run_id": names[-1],
            "base_mse_mean": ours["baseline_mse_mean"],
            "adaptive_mse_mean": ours["adaptive_mse_mean"],
            "base_mse_last100_mean": ours["baseline_mse_last100_mean"],
            "adaptive_last100_mean": ours["adaptive_mse_last100_mean"],
            **{k: v for k, v in ours.items() if k.startswith("updates")},
        }
    _write_session(path, data, meta, metrics)
    index_path = path.parent / "index.json"
    index = json.loads(index_path.read_text())["sessions"] if index_path.exists() else {}
    index[path.name] = {"session_id": path.name}
    index_path.write_text(json.dumps({"schema_version": 1, "sessions": index}))
    events = _foreign_events(data)
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (path / "update_events.jsonl").write_text(lines * runs)
    columns = _columns(data)
    columns.insert(2, data.frozen.tolist())
    header = "t,base_mse,session_no_update_mse,adaptive_mse,did_update,update_ok"
    keys = ("x", "y", "vx", "vy", "ax", "ay")
    rows = np.hstack((data.z, data.a)).tolist()
    points = [{"t": t, **dict(zip(keys, row, strict=True))} for t, row in enumerate(rows)]
    for name in names:
        run = path / "runs" / name
        run.mkdir(parents=True, exist_ok=True)
        (run / "per_step.csv").write_text(_table(header, columns, "\n"))
        (run / "update_events.json").write_text(json.dumps(events, indent=2))
        if trajectory:
            (run / "trajectory.json").write_text(json.dumps(points, indent=2))


def _events_path(place: Place) -> Path:
    native = place.layout == "native"
    return steps_path(place).parent / ("update_events.jsonl" if native else "update_events.json")


def _cut(path: Path, size: int) -> None:
    """Remove `size` bytes from the end, in place, as a crash or a full disk does."""
    os.truncate(path, max(0, path.stat().st_size - size))


def _edit_line(path: Path, line: int, text: bytes) -> None:
    lines = path.read_bytes().split(b"\n")
    lines[line - 1] = text
    path.write_bytes(b"\n".join(lines))


def _no_events(place: Place) -> None:
    folder = steps_path(place).parent
    for path in (folder, place.path):
        (path / "update_events.json").unlink(missing_ok=True)
        (path / "update_events.jsonl").unlink(missing_ok=True)


DAMAGE: dict[str, Callable[[Place], object]] = {
    "no_steps": lambda place: steps_path(place).unlink(),
    "no_events": _no_events,
    "no_meta": lambda place: (session_path(place) / "meta.json").unlink(),
    "no_metrics": lambda place: (session_path(place) / "metrics.json").unlink(),
    "no_weights": lambda place: (session_path(place) / "plastic_state.pt").unlink(),
    "empty_steps": lambda place: steps_path(place).write_bytes(b""),
    "half_line": lambda place: _cut(steps_path(place), 4),
    "wrong_line": lambda place: _edit_line(steps_path(place), 7, b"5,abc,0.001,0,0"),
    "short_line": lambda place: _edit_line(steps_path(place), 7, b"5,0.001"),
    "nan_line": lambda place: _edit_line(
        steps_path(place),
        7,
        b"5," + b",".join([b"nan"] * (2 + (place.layout == "store"))) + b",0,0",
    ),
    "half_events": lambda place: _cut(_events_path(place), 20),
    "bad_meta": lambda place: (session_path(place) / "meta.json").write_text('{"mu": '),
    "wrong_meta": lambda place: (session_path(place) / "meta.json").write_text('{"mu": "abc"}'),
    "nan_metrics": lambda place: (session_path(place) / "metrics.json").write_text(
        '{"baseline_mse_mean": NaN, "adaptive_mse_mean": Infinity}'
    ),
    "truncated_weights": lambda place: _cut(session_path(place) / "plastic_state.pt", 3000),
    "pickled_weights": lambda place: (session_path(place) / "plastic_state.pt").write_bytes(
        pickle.dumps({"W_u": [1.0]})
    ),
    "bad_trajectory": lambda place: (place.path / "trajectory.csv").write_bytes(bytes(5000)),
    "half_record": lambda place: _cut(place.path / "weights_history.npy", 100),
}
"""Ways to spoil a session, by name; each takes the Place."""

"""Directories of sessions that are not of the point mass, as a recorder writes them.

The numbers are drawn, and equal for equal arguments. What a session has is chosen: numbers
alone, a module of any number of parameters, series, controls, rollbacks with reasons of a
person, a frozen model that is evaluated now and then, a loss that should rise.
"""

import io
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.rundirs import CREATED, write_status
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.ptfile import write_pt
from tttui.model.arrays import Floats
from tttui.model.session import Place

Shape = tuple[int, ...]

REASONS = ("Entropy too high", "recall < 0.8")
"""What the person said who rolled back; their statuses follow."""

STATUSES = ("rollback_entropy_too_high", "rollback_recall_0_8")

LOSSES: dict[str, dict[str, Any]] = {
    "cross-entropy": {"name": "cross-entropy", "unit": "nats", "lower_is_better": True},
    "accuracy": {"name": "accuracy", "unit": "accuracy", "lower_is_better": False},
}


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A module tree: its plastic parameters with their shapes, and what is frozen beside them."""

    plastic: Mapping[str, Shape]
    frozen: Mapping[str, Shape] = field(default_factory=dict[str, Shape])

    def tree(self) -> list[dict[str, Any]]:
        """The key `model` of meta.json."""
        owners: dict[str, list[dict[str, Any]]] = {"": []}
        for name, shape in sorted({**self.frozen, **self.plastic}.items(), key=_in_order):
            path, _, own = name.rpartition(".")
            parts = path.split(".")
            for k in range(1, len(parts) + 1):
                owners.setdefault(".".join(parts[:k]), [])
            entry = {"name": own, "shape": list(shape), "dtype": "float32"}
            owners[path].append({**entry, "plastic": name in self.plastic})
        return [
            {"path": path, "type": _kind(path), "parameters": own} for path, own in owners.items()
        ]


def _in_order(item: tuple[str, Shape]) -> list[tuple[int, str]]:
    return [(int(p) if p.isdigit() else 0, p) for p in item[0].split(".")]


def _kind(path: str) -> str:
    last = path.rpartition(".")[2]
    if not path:
        return "Decoder"
    if last.isdigit():
        return "Block"
    return {"blocks": "ModuleList", "mlp": "MLP", "embed": "Embedding"}.get(
        last, "LayerNorm" if last.startswith("norm") else "Linear"
    )


def module(blocks: int, width: int = 16) -> Model:
    """A decoder of so many blocks, with six plastic parameters in each of them."""
    plastic: dict[str, Shape] = {}
    frozen: dict[str, Shape] = {"embed.weight": (64, width), "head.weight": (64, width)}
    for i in range(blocks):
        at = f"blocks.{i}"
        plastic |= {
            f"{at}.norm1.weight": (width,),
            f"{at}.norm1.bias": (width,),
            f"{at}.mlp.up_proj.weight": (2 * width, width),
            f"{at}.mlp.down_proj.weight": (width, 2 * width),
            f"{at}.norm2.weight": (width,),
            f"{at}.norm2.bias": (width,),
        }
        frozen |= {f"{at}.attention.weight": (3 * width, width)}
    return Model(plastic, frozen)


def small_module() -> Model:
    """Three parameters: a vector, a matrix and a kernel of four axes."""
    return Model(
        {"norm.weight": (24,), "down_proj.weight": (12, 24), "conv.kernel": (4, 3, 3, 3)},
        {"embed.weight": (64, 24)},
    )


def make_recorded(
    path: Path,
    *,
    steps: int = 320,
    seed: int = 0,
    model: Model | None = None,
    loss: str = "cross-entropy",
    frozen_every: int | None = 1,
    updates: bool = True,
    series: Sequence[str] = (),
    controls: Sequence[str] = (),
    kept: Sequence[str] | None = None,
    large: bool = False,
    task: str = "recorded",
    status: str = "completed",
) -> Place:
    """Write a session at `path` and return its Place.

    `model` None: the plain form, of numbers alone. `frozen_every` None: the frozen model is
    never evaluated. `kept`: the parameters in the history, all by default. `large`: the weights
    are safetensors.
    """
    rng = np.random.default_rng(seed)
    (path / "session").mkdir(parents=True)
    spec = LOSSES[loss]
    table = _steps(rng, steps, better=-1 if spec["lower_is_better"] else 1, updates=updates)
    _write_steps(path, table, frozen_every)
    if series or controls:
        _write_series(path, rng, table, series, controls)
    weights = None if model is None else _drawn(rng, model)
    names = list(model.plastic if kept is None else kept) if model is not None else []
    events = _events(rng, table) if updates else []
    if model is not None and weights is not None:
        commits = [e["t"] for e in events if e["status"] == "commit"]
        after = [weights(k) for k in range(len(commits) + 1)]
        _add_figures(events, after)
        _write_history(path, [0, *commits], after, model, names)
        suffix = "safetensors" if large else "pt"
        to_bytes = safetensors if large else write_pt
        (path / "session" / f"plastic_state.{suffix}").write_bytes(to_bytes(after[-1]))
        (path / f"base_plastic.{suffix}").write_bytes(to_bytes(after[0]))
    lines = "".join(json.dumps(event) + "\n" for event in events)
    if updates:
        (path / "update_events.jsonl").write_text(lines)
    (path / "session" / "meta.json").write_bytes(
        json_bytes(_meta(path.name, spec, model, names, frozen_every, series, controls, task))
    )
    (path / "session" / "metrics.json").write_bytes(json_bytes(_metrics(table, events)))
    write_status(path, status, steps, steps)
    return Place(path, "native")


def _meta(
    name: str,
    loss: dict[str, Any],
    model: Model | None,
    kept: list[str],
    frozen_every: int | None,
    series: Sequence[str],
    controls: Sequence[str],
    task: str,
) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "schema_version": 2,
        "session_id": name,
        "created_at_unix": CREATED,
        "task": {"name": task, "version": "1", "settings": {"lr": 0.001, "optimizer": "SGD"}},
        "loss": loss,
        "recorder": {"form": "plain" if model is None else "module", "frozen_every": frozen_every},
        "series": [{"name": s, "unit": "nats"} for s in series],
        "controls": list(controls),
    }
    if model is not None:
        meta["plastic"] = [
            {"name": k, "shape": list(shape), "dtype": "float32"}
            for k, shape in model.plastic.items()
        ]
        meta["kept"] = kept
        meta["model"] = model.tree()
    return meta


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    frozen: Floats
    adaptive: Floats
    tried: Floats
    committed: Floats


def _steps(rng: np.random.Generator, n: int, *, better: int, updates: bool) -> _Table:
    """Losses of about 2.5 that fall to 1.7, or shares of about 0.4 that rise to 0.8."""
    t = np.arange(n)
    tried = (t > 0) & (t % 16 == 0) & updates
    committed = tried & (rng.random(n) < 0.8)
    gain = 1 - np.exp(-np.cumsum(committed) / 4)
    noise = rng.normal(0, 1, n)
    if better < 0:
        frozen = 2.5 + 0.2 * noise
        return _Table(frozen, frozen - 0.8 * gain, tried, committed)
    frozen = np.clip(0.4 + 0.05 * noise, 0, 1)
    return _Table(frozen, np.clip(frozen + 0.4 * gain, 0, 1), tried, committed)


def _write_steps(path: Path, table: _Table, every: int | None) -> None:
    rows = ["t,baseline_mse,adaptive_mse,did_update,update_ok"]
    for t in range(len(table.frozen)):
        frozen = f"{table.frozen[t]:.6g}" if every is not None and t % every == 0 else ""
        flags = f"{int(table.tried[t])},{int(table.committed[t])}"
        rows.append(f"{t},{frozen},{table.adaptive[t]:.6g},{flags}")
    (path / "per_step.csv").write_text("\n".join(rows) + "\n")


def _write_series(
    path: Path,
    rng: np.random.Generator,
    table: _Table,
    series: Sequence[str],
    controls: Sequence[str],
) -> None:
    n = len(table.adaptive)
    columns = {name: np.cumsum(rng.normal(0, 0.1, n)) + k for k, name in enumerate(series)}
    for name in controls:
        columns[f"control:{name}"] = 0.5 * (table.frozen + table.adaptive)
    rows = [",".join(["t", *columns])]
    for t in range(n):
        values = [
            f"{y[t]:.6g}" if not name.startswith("control:") or t % 4 == 0 else ""
            for name, y in columns.items()
        ]
        rows.append(f"{t},{','.join(values)}")
    (path / "series.csv").write_text("\n".join(rows) + "\n")


def _events(rng: np.random.Generator, table: _Table) -> list[dict[str, Any]]:
    events = []
    for i, t in enumerate(np.flatnonzero(table.tried).tolist()):
        pre = float(table.adaptive[t])
        event: dict[str, Any] = {"t": t, "status": "commit", "why": "gradient", "pre_loss": pre}
        event |= {"post_loss": 0.9 * pre, "grad_norm": float(rng.lognormal(0, 0.3)), "lr": 0.001}
        event |= {"trained_on": [[t - 16, t - 1]], "duration_ms": 3.5}
        event["gates"] = [{"name": "recall", "value": 0.93, "limit": 0.8, "passed": True}]
        if not table.committed[t]:
            event |= {"status": STATUSES[i % 2], "reason": REASONS[i % 2]}
            event["gates"] = [{"name": "recall", "value": 0.7, "limit": 0.8, "passed": False}]
        events.append(event)
    return events


def _drawn(rng: np.random.Generator, model: Model) -> Any:
    """The plastic parameters after k commits."""
    start = {k: rng.standard_normal(s).astype(np.float32) for k, s in model.plastic.items()}
    drift = {k: rng.standard_normal(s).astype(np.float32) for k, s in model.plastic.items()}

    def after(k: int) -> dict[str, Floats]:
        part = np.float32(0.05 * k)
        return {name: start[name] + part * drift[name] for name in start}

    return after


def _add_figures(events: list[dict[str, Any]], after: list[dict[str, Floats]]) -> None:
    k = 0
    for event in events:
        before = after[k]
        k += event["status"] == "commit"
        event["weights"] = {
            name: {
                "fro": float(np.linalg.norm(W)),
                "max_abs": float(np.abs(W).max()),
                "mean": float(W.mean()),
                "std": float(W.std()),
                "delta_fro": float(np.linalg.norm(W - before[name])),
            }
            for name, W in after[k].items()
        }


def _write_history(
    path: Path, t: list[int], after: list[dict[str, Floats]], model: Model, names: list[str]
) -> None:
    if not names:
        return
    dtype = np.dtype([("t", "<i8"), *((n, "<f4", model.plastic[n]) for n in names)])
    records = np.zeros(len(t), dtype)
    for i, (at, weights) in enumerate(zip(t, after, strict=True)):
        records[i]["t"] = at
        for name in names:
            records[i][name] = weights[name]
    out = io.BytesIO()
    np.save(out, records)
    (path / "weights_history.npy").write_bytes(out.getvalue())


def _metrics(table: _Table, events: list[dict[str, Any]]) -> dict[str, Any]:
    committed = sum(event["status"] == "commit" for event in events)
    return {
        "adaptive_mse_mean": float(table.adaptive.mean()),
        "adaptive_mse_last100_mean": float(table.adaptive[-100:].mean()),
        "updates_attempted": len(events),
        "updates_committed": committed,
        "updates_rolled_back": len(events) - committed,
    }


def safetensors(values: Mapping[str, Floats], dtype: str = "F32") -> bytes:
    """A safetensors file; `dtype` BF16 keeps the upper half of every float32."""
    header, parts, at = {}, [], 0
    for name, value in values.items():
        raw = np.ascontiguousarray(value, dtype="<f4").tobytes()
        if dtype == "BF16":
            raw = np.frombuffer(raw, "<u2")[1::2].tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(value.shape),
            "data_offsets": [at, at + len(raw)],
        }
        parts.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def sparse_safetensors(path: Path, shapes: Mapping[str, Shape]) -> None:
    """A safetensors file of zeros that takes no room on the disk."""
    header, at = {}, 0
    for name, shape in shapes.items():
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)

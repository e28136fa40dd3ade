"""Directories of sessions of the task `text`, made in a moment: no model is trained.

The losses are drawn, and equal for equal arguments: the adaptive model is better at the bytes of
words that have occurred before. The weights are those of the decoder that ships, and drift.
"""

import io
import json
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from tests.rundirs import CREATED, write_status
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.ptfile import write_pt
from tttui.model.arrays import Floats
from tttui.model.session import Place
from tttui.tasks.text.shipped import shipped

PROSE = (
    "The harbour master wrote harbour_log every evening.\n"
    "Ships came and went; the harbour_log told of each of them.\n"
    "\n"
    "When the harbour master was ill, nobody wrote harbour_log, and ships that\n"
    "came at night were never told of.\n"
) * 6


def make_text_run(
    path: Path,
    content: bytes = PROSE.encode(),
    *,
    scored: int | None = None,
    chunk: int = 64,
    context: int = 128,
    snapshots: Sequence[int] = (0, 4),
    status: str = "completed",
    seed: int = 0,
    tokens: Sequence[int] | None = None,
    plastic: str = "*",
) -> Place:
    """Write a session at `path`, of which `scored` bytes (all by default) were read.

    `tokens` are the bytes at which tokens begin, where a model reads those: it is of the task hf.
    `plastic` is a pattern of the names of the weights that learn.
    """
    (path / "session").mkdir(parents=True)
    (path / "document.bin").write_bytes(content)
    losses = drawn_losses(content, seed)
    if tokens is not None:
        losses = losses[: len(tokens)]
        offsets = np.array([*tokens, len(content)], dtype="<u4")
        (path / "tokens.offsets").write_bytes(offsets.tobytes())
    steps = -(-len(losses) // chunk)
    done = steps if scored is None else scored // chunk
    write_scores(path, losses, range(done), chunk)
    commits = list(range(1, done))
    events = [{"t": t, "status": "commit", "why": "gradient", "grad_norm": 1.0} for t in commits]
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (path / "update_events.jsonl").write_text(lines)
    base = {name: W for name, W in shipped()[1].items() if fnmatchcase(name, plastic)}
    (path / "base_plastic.pt").write_bytes(write_pt(dict(base)))
    (path / "session" / "plastic_state.pt").write_bytes(write_pt(dict(base)))
    if snapshots:
        _write_history(path, base, snapshots, seed)
    meta: dict[str, Any] = {
        "schema_version": 2,
        "session_id": path.name,
        "created_at_unix": CREATED,
        "task": {"name": "text", "version": "2", "settings": {"chunk": chunk, "context": context}},
        "loss": {"name": "bits per byte", "unit": "bits", "lower_is_better": True},
        "document": {"name": f"{path.name}.txt", "bytes": len(content)},
        "plastic": [
            {"name": name, "shape": list(W.shape), "dtype": "float32"} for name, W in base.items()
        ],
        "kept": list(base),
        "plasticity_cfg": {"optimizer": "sgd", "lr": 0.07},
    }
    if tokens is not None:
        meta["task"]["name"] = "hf"
        meta["loss"] = {"name": "nats per token", "unit": "nats", "lower_is_better": True}
        meta["document"]["tokens"] = len(tokens)
        meta["base_model"] = {"path": "/nowhere", "fingerprint": "sha256:0", "bytes": 1}
    (path / "session" / "meta.json").write_bytes(json_bytes(meta))
    (path / "session" / "metrics.json").write_bytes(json_bytes({}))
    write_status(path, status, done, steps)
    return Place(path, "native")


def drawn_losses(content: bytes, seed: int = 0) -> Floats:
    """Bits of every byte by the frozen and by the adaptive model [n, 2]."""
    rng = np.random.default_rng(seed)
    frozen = rng.lognormal(1.0, 0.5, len(content))
    adaptive = frozen + rng.normal(0.2, 0.3, len(content))
    known = set[bytes]()
    for match in re.finditer(rb"\w+", content[:1_000_000]):
        if match.group() in known:
            adaptive[match.start() : match.end()] *= 0.2
        known.add(match.group())
    return np.stack([frozen, np.maximum(adaptive, 0.01)], axis=1).astype("<f2")


def write_scores(path: Path, losses: Floats, steps: range, chunk: int) -> None:
    """Append the losses of these steps to tokens.f16 and per_step.csv."""
    begin, end = steps.start * chunk, steps.stop * chunk
    with (path / "tokens.f16").open("ab") as file:
        file.write(losses[begin:end].astype("<f2").tobytes())
    rows = []
    for t in steps:
        frozen, adaptive = losses[t * chunk : (t + 1) * chunk].astype(np.float64).mean(axis=0)
        rows.append(f"{t},{frozen:.6g},{adaptive:.6g},{int(t > 0)},{int(t > 0)}\n")
    table = path / "per_step.csv"
    head = "" if table.exists() else "t,baseline_mse,adaptive_mse,did_update,update_ok\n"
    with table.open("a") as text:
        text.write(head + "".join(rows))


def _write_history(
    path: Path, base: "dict[str, Floats] | Any", snapshots: Sequence[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    drift = {name: 0.02 * rng.standard_normal(W.shape) for name, W in base.items()}
    dtype = np.dtype([("t", "<i8"), *((name, "<f4", W.shape) for name, W in base.items())])
    records = np.zeros(len(snapshots), dtype)
    for i, t in enumerate(snapshots):
        records[i]["t"] = t
        for name, W in base.items():
            records[i][name] = W + i * drift[name]
    out = io.BytesIO()
    np.save(out, records)
    (path / "weights_history.npy").write_bytes(out.getvalue())


class InMemory:
    """`model.document.Stretches` of bytes that are at hand, and counts what is read."""

    def __init__(self, content: bytes, losses: Floats | None = None) -> None:
        self._content = content
        self._losses = np.full((len(content), 2), np.nan) if losses is None else losses
        self.bytes_read = 0

    def read(self, begin: int, end: int) -> bytes:
        result = self._content[max(begin, 0) : max(end, 0)]
        self.bytes_read += len(result)
        return result

    def losses(self, begin: int, end: int) -> Floats:
        values = np.full((end - begin, 2), np.nan)
        known = self._losses[begin:end]
        values[: len(known)] = known
        return values

"""Writing a session of the point mass: what grows in whole records, all else replaced whole."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

import tttui
from tttui.artifacts.again import EVENTS, INTERVENTIONS, META
from tttui.artifacts.appending import AppendedFile, Cut
from tttui.artifacts.atomic import remove_temporaries, write_error, write_whole
from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.checkpoint import Checkpoint, Contents, write_checkpoint
from tttui.artifacts.checksum import Carried, json_checksum, plain
from tttui.artifacts.history_writer import SnapshotChecksums
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.layout import BASE
from tttui.artifacts.regular import open_to_read, read_bytes
from tttui.artifacts.steps_csv import HEADER, LOSSES, TRAJECTORY_HEADER
from tttui.artifacts.writer import (
    FLUSH_BYTES,
    FLUSH_S,
    HISTORY,
    LAST_SNAPSHOT,
    STEPS,
    STEPS_HEADER,
    TRAJECTORY,
    SessionFilesWriter,
    write_meta,
)
from tttui.model.arrays import Bools, Floats, Weights
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.settings import Settings

OTHERS = (INTERVENTIONS, LOSSES)
"""Files that others append to, whose checksums a checkpoint holds as well."""

LARGEST_COPY = 1 << 20
"""Bytes of a text that is copied into every checkpoint."""


SCHEMA_VERSION = 1

MODEL_KEYS = ("obs_dim", "act_dim", "z_dim", "u_dim", "n_state", "dt")
"""Keys of model_cfg; the signature is made of exactly these."""

RUN_KEYS = ("steps", "checkpoint_s", "history_mb", "mu_schedule")


class RunWriter(SessionFilesWriter):
    """Writes the files of one session (FORMATS: a run directory).

    A new session is begun with `begin`, an existing one opened with `truncate`. Records are
    flushed every FLUSH_S seconds as long as something is written; call `flush` before a pause.
    """

    def __init__(
        self,
        directory: Path,
        *,
        history_bytes: int = 64_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(directory, history_bytes=history_bytes, clock=clock)
        self._steps = AppendedFile(directory / STEPS, BlockChecksums())
        self._trajectory = AppendedFile(directory / TRAJECTORY, BlockChecksums())
        self._events = AppendedFile(directory / EVENTS, BlockChecksums())
        self._others: dict[str, BlockChecksums] = {}
        self._copies: dict[str, str] = {}
        """Texts for the checkpoint, by the names of their files."""
        self._saved: dict[str, int] | None = None
        """`sizes` of the checkpoint that is there, where it is one to keep."""

    def begin(self, meta: Mapping[str, Any], base_bytes: bytes) -> None:
        """Make the files of a new session; a directory that holds one is refused."""
        for path in (self.directory / META, self._steps.path):
            if path.exists():
                raise RefusedInput(f"{self.directory}: holds a session already; choose a new name")
        try:
            (self.directory / "session").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(self.directory / "session", error) from error
        self.update_meta(meta)
        write_whole(self.directory / BASE, base_bytes)
        self._steps.create(STEPS_HEADER)
        self._trajectory.create(TRAJECTORY_HEADER)
        self._events.create()

    def truncate(self, checkpoint: Checkpoint, *, newest: bool = True) -> list[Cut]:
        """Open an existing session and cut its growing files back to what a checkpoint says.

        `newest`: it is the one in engine_state.pt, which the next one makes the previous one.
        Returns what was cut off.
        """
        for directory in (self.directory, self.directory / "session"):
            remove_temporaries(directory)
        sizes, known = checkpoint.sizes, checkpoint.checksums
        cuts = [
            file.reopen(sizes.get(file.path.name, 0), _restored(known.get(file.path.name)))
            for file in (self._steps, self._trajectory, self._events)
        ]
        for name in OTHERS:
            if (sums := _restored(known.get(name))) is not None:
                self._others[name] = sums
        self._copies = dict(checkpoint.copies)
        self._take_meta()
        snapshots = known.get(HISTORY)
        cuts.append(
            self._history.reopen(
                sizes.get(LAST_SNAPSHOT, -1),
                stride=self.meta.get("history_stride", 1),
                snapshots=None if snapshots is None else SnapshotChecksums.restored(snapshots),
                newest=checkpoint.plastic,
            )
        )
        self._saved = dict(sizes) if newest else None
        self._write_event_list(self._events.size)
        return [cut for cut in cuts if cut is not None]

    def steps(
        self, t0: int, baseline: Floats, adaptive: Floats, did_update: Bools, update_ok: Bools
    ) -> None:
        """Append rows t0, t0+1, ... to per_step.csv; arrays [n]."""
        n = len(baseline)
        number = _exact(baseline, adaptive)
        values = zip(
            range(t0, t0 + n),
            baseline.tolist(),
            adaptive.tolist(),
            did_update.tolist(),
            update_ok.tolist(),
            strict=True,
        )
        row = f"%d,{number},{number},%d,%d\n"
        self._steps.add((row * n % tuple(chain.from_iterable(values))).encode())
        self._flush_when_due()

    def trajectory(
        self,
        t0: int,
        z: Floats,
        a: Floats,
        baseline_pred: Floats,
        adaptive_pred: Floats,
        mu: Floats | float,
    ) -> None:
        """Append rows t0, t0+1, ... to trajectory.csv: z_t [n, 4], a_t [n, 2], the predictions of
        z_{t+1} [n, 4], and the friction in force (one number or [n])."""
        n = len(z)
        number = _exact(z, a, baseline_pred, adaptive_pred)
        columns = np.hstack((z, a, baseline_pred, adaptive_pred)).tolist()
        frictions = np.broadcast_to(np.asarray(mu, dtype=np.float64), n).tolist()
        values = chain.from_iterable(
            (t, *row, friction)
            for t, row, friction in zip(range(t0, t0 + n), columns, frictions, strict=True)
        )
        row = "%d," + f"{number}," * (len(HEADER) - 2) + "%r\n"
        self._trajectory.add((row * n % tuple(values)).encode())
        self._flush_when_due()

    def event(self, record: Mapping[str, Any]) -> None:
        """Append one transaction to update_events.jsonl."""
        self._events.add(json.dumps(dict(record), default=plain).encode() + b"\n")
        self._flush_when_due()

    def snapshot(self, t: int, weights: Weights) -> None:
        """Append the weights in force from step t on to weights_history.npy.

        When the budget of bytes is reached, older snapshots are thinned evenly, and meta.json
        says in `history_stride` of how many steps one was kept.
        """
        self._history.add(t, weights)
        self._note_stride()
        self._flush_when_due()

    def recorded(self, t: int, weights: Weights) -> bool:
        """Whether these are the weights that the snapshot of step t was made of."""
        return self._history.recorded(t, weights)

    def flush(self) -> None:
        """Hand all whole records to the operating system."""
        self._flushed_at = self._clock()
        self._history.flush()
        for file in (self._trajectory, self._steps, self._events):
            file.flush()

    def sizes(self) -> dict[str, int]:
        """Bytes of the growing files after a flush, and the step of the newest snapshot."""
        files = (self._steps, self._trajectory, self._events)
        sizes = {file.path.name: file.size for file in files}
        return {**sizes, HISTORY: self._history.size, LAST_SNAPSHOT: self._history.last_t}

    def checkpoint(
        self,
        engine_state: Mapping[str, Any],
        plastic: Weights,
        optim: Mapping[str, Any],
        metrics: Mapping[str, Any],
    ) -> None:
        """Save a point from which the session goes on exactly, with all records before it.

        The checkpoint before it is kept; of the same moment one is enough.
        """
        self._flushed_at = self._clock()
        self._history.sync()
        for file in (self._trajectory, self._steps, self._events):
            file.sync()
        sizes = self.sizes()
        keep = self._saved is not None and self._saved != sizes
        contents = Contents(sizes, self._checksums(), self._copies)
        write_checkpoint(self.directory, engine_state, plastic, optim, metrics, contents, keep=keep)
        self._saved = sizes
        self._write_event_list_when_due(self._events.size)

    def finish(self) -> None:
        """Write the complete list of events and close the files; the last checkpoint is taken."""
        self.flush()
        self._write_event_list(self._events.size)
        self.close()

    def close(self) -> None:
        """Close the files; what was not flushed is dropped."""
        self._history.close()
        for file in (self._trajectory, self._steps, self._events):
            file.close()

    def update_meta(self, changes: Mapping[str, Any]) -> None:
        """Change some keys of meta.json."""
        self.meta.update(changes)
        self._copies[META] = write_meta(self.directory, self.meta).decode()

    def _take_meta(self) -> None:
        """Go on with the meta.json that is there; one of an older version gets a checksum."""
        path = self.directory / META
        try:
            content = read_bytes(path)
        except OSError as error:
            raise TttuiError(f"{path}: cannot be read ({error.strerror})") from None
        self.meta = dict(read_object(path))
        if json_checksum(content) is Carried.NONE:
            self.update_meta({})
        else:
            self._copies[META] = content.decode()

    def _checksums(self) -> dict[str, Any]:
        """Of every growing file, as it is on the disk."""
        sums = {
            file.path.name: file.checksums.state()
            for file in (self._steps, self._trajectory, self._events)
            if file.checksums is not None
        }
        for name in OTHERS:
            self._look_at(name)
        others = {name: known.state() for name, known in self._others.items()}
        return {**sums, **others, HISTORY: self._history.snapshots().state()}

    def _look_at(self, name: str) -> None:
        """Go on with the checksums of a file that others append to."""
        path = self.directory / name
        try:
            size = path.stat().st_size
            known = self._others.setdefault(name, BlockChecksums())
            if size > known.size:
                with open_to_read(path) as file:
                    known.add_file(file, size)
                if name == INTERVENTIONS and size <= LARGEST_COPY:
                    self._copies[name] = read_bytes(path, LARGEST_COPY).decode(errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise write_error(path, error) from error

    def _flush_when_due(self) -> None:
        waiting = max(f.pending for f in (self._steps, self._trajectory, self._events))
        if waiting > FLUSH_BYTES or self._clock() - self._flushed_at >= FLUSH_S:
            self.flush()


def _exact(*arrays: Floats) -> str:
    """The shortest format of fixed cost that gives the same numbers back."""
    return "%.9g" if all(array.dtype == np.float32 for array in arrays) else "%r"


def _restored(checksums: Mapping[str, Any] | None) -> BlockChecksums | None:
    return None if checksums is None else BlockChecksums.restored(checksums)


def model_signature(model_cfg: Mapping[str, Any], base_ckpt_hash: str) -> str:
    """sha256 of the sorted JSON of model_cfg followed by the base's hash."""
    text = json.dumps(dict(model_cfg), sort_keys=True) + base_ckpt_hash
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def new_meta(
    settings: Settings,
    *,
    session_id: str,
    base_ckpt_hash: str,
    mu: float,
    created_at: float | None = None,
    parent_session_id: str | None = None,
    root_session_id: str | None = None,
    forked_at_t: int | None = None,
    torch_version: str | None = None,
) -> dict[str, Any]:
    """All that meta.json says of a new session: every setting, and what it started from.

    `mu` is the friction that was drawn or given.
    """
    flat = settings.flat()
    model_cfg = {key: flat[key] for key in MODEL_KEYS}
    world = asdict(settings.world)
    return {
        "schema_version": SCHEMA_VERSION,
        "session_id": session_id,
        "created_at_unix": time.time() if created_at is None else created_at,
        "mu": mu,
        "env_mode": settings.world.env_mode,
        "model_signature": model_signature(model_cfg, base_ckpt_hash),
        "base_ckpt_hash": base_ckpt_hash,
        "model_cfg": model_cfg,
        "plasticity_cfg": asdict(settings.plasticity),
        "env_cfg": {k: v for k, v in world.items() if k not in ("env_mode", "mu")},
        "pretraining_cfg": {
            "decay_init": settings.model.decay_init,
            **asdict(settings.pretraining),
        },
        "run_cfg": {key: flat[key] for key in RUN_KEYS},
        "seed": settings.seed,
        "device": settings.device,
        "parent_session_id": parent_session_id,
        "root_session_id": root_session_id or session_id,
        "forked_at_t": forked_at_t,
        "torch_version": torch_version,
        "tttui_version": tttui.__version__,
    }

"""Writing weights_history.npy: whole snapshots, thinned evenly when a byte budget is reached.

The checkpoint holds a checksum of every snapshot (key `checksums`), since thinning moves them:

    {"stride": 1, "t": int64 array, "crc32": int32 array, the bits of the CRC of each record}
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from tttui.artifacts.appending import AppendedFile, Cut
from tttui.artifacts.atomic import write_whole
from tttui.artifacts.blocks import as_int32, from_int32
from tttui.artifacts.history import header, read_layout
from tttui.artifacts.history import record_dtype as dtype_of
from tttui.artifacts.regular import open_to_read, stat_regular
from tttui.model.arrays import Weights
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotChecksums:
    """The snapshots that a history had at a checkpoint: their steps, the CRC of each record."""

    stride: int
    """One older snapshot is kept per this many steps."""
    t: Sequence[int]
    sums: Sequence[int]

    def state(self) -> dict[str, Any]:
        """As a checkpoint holds them."""
        return {
            "stride": self.stride,
            "t": np.array(self.t, dtype=np.int64),
            "crc32": as_int32(array("L", self.sums)),
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> "SnapshotChecksums":
        """The inverse of `state`. Raises ValueError or KeyError where it is none."""
        t, sums, stride = np.asarray(state["t"]), state["crc32"], int(state["stride"])
        if t.ndim != 1 or t.dtype != np.int64 or len(t) != len(sums) or stride < 1:
            raise ValueError("checksums of another kind")
        return cls(stride, t.tolist(), from_int32(sums))


def records_of(path: Path, dtype: np.dtype[Any], start: int) -> list[tuple[int, int]]:
    """Step and CRC of every whole record of a history, in the order of the file."""
    field, offset = dtype.fields["t"][:2] if dtype.fields else (dtype, 0)
    records = []
    with open_to_read(path) as file:
        file.seek(start)
        while len(record := file.read(dtype.itemsize)) == dtype.itemsize:
            t = int(np.frombuffer(record, dtype=field, count=1, offset=offset)[0])
            records.append((t, crc32(record)))
    return records


class HistoryWriter:
    """The growing weights_history.npy of a run.

    Other programs may have mapped the file, so it is never cut in place: what shortens it makes a
    new one.
    """

    def __init__(self, path: Path, budget_bytes: int) -> None:
        self.path = path
        self.stride = 1
        """Steps of which only one snapshot was kept when older ones were thinned; 1: all."""
        self._budget = budget_bytes
        self._file = AppendedFile(path)
        self._dtype: np.dtype[Any] | None = None
        self._start = 0
        self._t: list[int] = []
        self._sums: list[int] = []
        """The CRC of each record."""
        self._gone: set[int] = set()
        """Steps among them that a process which was killed had thinned out already: they count
        until they are thinned out again, so that this happens at the same step as then."""

    @property
    def last_t(self) -> int:
        """The step of the newest snapshot, -1 where there is none."""
        return self._t[-1] if self._t else -1

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._file.size

    def snapshots(self) -> SnapshotChecksums:
        """The snapshots of the file after a flush."""
        return SnapshotChecksums(self.stride, tuple(self._t), tuple(self._sums))

    def recorded(self, t: int, weights: Weights) -> bool:
        """Whether the snapshot of step t holds exactly these weights."""
        if self._dtype is None or t not in self._t:
            return False
        return self._sums[self._t.index(t)] == crc32(_record(self._dtype, t, weights))

    def add(self, t: int, weights: Weights) -> None:
        """Record the weights in force from step t on; the same t again takes its place."""
        if self._dtype is None:
            self._create({name: matrix.shape for name, matrix in weights.items()})
        assert self._dtype is not None
        if self._t and t == self._t[-1]:
            self.flush()
            self._rewrite(range(len(self._t) - 1))
        self._append(t, _record(self._dtype, t, weights))
        if len(self._t) > 2 and self._start + len(self._t) * self._dtype.itemsize > self._budget:
            self.flush()
            self._thin()

    def flush(self) -> None:
        """Append pending snapshots and count them in the header, so that np.load sees them."""
        if self._file.pending:
            self._file.flush()
            self._count()

    def sync(self) -> None:
        self.flush()
        if self._file.is_open:
            self._file.sync()

    def close(self) -> None:
        self._file.close()

    def reopen(
        self,
        last_t: int,
        *,
        stride: int = 1,
        snapshots: SnapshotChecksums | None = None,
        newest: Weights | None = None,
    ) -> Cut | None:
        """Open an existing file and drop what came after the snapshot of step `last_t`.

        `stride` is the one that meta.json names. With `snapshots`, those of the checkpoint, and
        the weights of the `newest` of them, what another process left of a later moment is
        dropped as well. Returns what was cut off.
        """
        self.stride = stride if snapshots is None else snapshots.stride
        self._t, self._sums, self._gone = [], [], set()
        if last_t < 0 or not self.path.exists():
            self.path.unlink(missing_ok=True)
            return None
        try:
            if snapshots is not None and newest is not None:
                # As the checkpoint says: a damaged header is none to rely on.
                self._dtype = dtype_of({name: matrix.shape for name, matrix in newest.items()})
                self._start = len(header(self._dtype, 0))
            else:
                self._dtype, self._start, _, _ = read_layout(self.path)
            records = records_of(self.path, self._dtype, self._start)
            size = stat_regular(self.path).st_size
        except OSError as error:
            raise TttuiError(f"{self.path}: cannot be read: {error.strerror}") from error
        keep = _first(records, last_t) if snapshots is None else _known(records, snapshots)
        valid = [records[i] for i in keep]
        cut = _cut(self.path, self._start, self._dtype.itemsize, size, len(valid), len(records))
        self._t, self._sums = [t for t, _ in valid], [crc for _, crc in valid]
        if cut is not None or keep != list(range(len(records))):
            self._replace(keep)
        else:
            self._file.reopen(size)
            self._count()
        if snapshots is not None:
            self._adopt(snapshots, newest)
        return cut

    def _adopt(self, snapshots: SnapshotChecksums, newest: Weights | None) -> None:
        """Restore the state of the process that wrote the checkpoint, even if the file was thinned
        since or its newest snapshot replaced."""
        assert self._dtype is not None
        had = set(self._t)
        if newest is not None and snapshots.t and self._t and self._t[-1] == snapshots.t[-1]:
            record = _record(self._dtype, snapshots.t[-1], newest)
            if self._sums[-1] != snapshots.sums[-1] == crc32(record):
                self._rewrite(range(len(self._t) - 1))
                self._append(snapshots.t[-1], record)
                self.flush()
        self._t, self._sums = list(snapshots.t), list(snapshots.sums)
        self._gone = set(self._t) - had

    def _append(self, t: int, record: bytes) -> None:
        self._file.add(record)
        self._t.append(t)
        self._sums.append(crc32(record))

    def _create(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self._dtype = dtype_of(shapes)
        head = header(self._dtype, 0)
        self._start = len(head)
        self._file.create(head)

    def _count(self) -> None:
        assert self._dtype is not None
        count = (self._file.size - self._start) // self._dtype.itemsize
        self._file.overwrite(header(self._dtype, count), 0)

    def _thin(self) -> None:
        """Keep one snapshot in every `stride` steps, so that half the budget is free again.

        Strides are powers of two and the first snapshot of each stretch stays, so that
        thinning again gives what thinning once by the larger stride would have given. The
        first and the newest snapshot always stay.
        """
        assert self._dtype is not None
        room = max(2, (self._budget // 2 - self._start) // self._dtype.itemsize)
        keep = thinned(self._t, self.stride)
        while len(keep) > room and self.stride < 1 << 62:
            self.stride *= 2
            keep = thinned(self._t, self.stride)
        self._rewrite(keep)

    def _rewrite(self, keep: Sequence[int]) -> None:
        """Keep only the snapshots with these indices."""
        positions: dict[int, int] = {}
        for i, t in enumerate(self._t):
            if t not in self._gone:
                positions[i] = len(positions)
        self._replace([positions[i] for i in keep if i in positions])
        self._t, self._sums = [self._t[i] for i in keep], [self._sums[i] for i in keep]
        self._gone &= set(self._t)

    def _replace(self, records: Sequence[int]) -> None:
        """Replace the file by one that holds only these of its records."""
        assert self._dtype is not None
        head, size = header(self._dtype, len(records)), self._dtype.itemsize
        with open_to_read(self.path) as file:

            def kept() -> Iterator[bytes]:
                yield head
                for i in records:
                    file.seek(self._start + i * size)
                    yield file.read(size)

            write_whole(self.path, kept())
        self._start = len(head)
        self._file.reopen(self.path.stat().st_size)


def thinned(t: Sequence[int], stride: int) -> list[int]:
    """Indices of the first snapshot in every `stride` steps, and of the last one."""
    keep = [i for i in range(len(t)) if i == 0 or t[i] // stride != t[i - 1] // stride]
    if keep[-1] != len(t) - 1:
        keep.append(len(t) - 1)
    return keep


def _record(dtype: np.dtype[Any], t: int, weights: Weights) -> bytes:
    record = np.zeros(1, dtype=dtype)
    record["t"] = t
    for name, matrix in weights.items():
        record[name] = matrix
    return record.tobytes()


def _first(records: Iterable[tuple[int, int]], last_t: int) -> list[int]:
    """Indices of the records up to step `last_t`, as far as their steps ascend."""
    keep: list[int] = []
    before = -1
    for i, (t, _) in enumerate(records):
        if not before < t <= last_t:
            break
        keep.append(i)
        before = t
    return keep


def _known(records: Iterable[tuple[int, int]], snapshots: SnapshotChecksums) -> list[int]:
    """Indices of the records of these snapshots, each once, in order."""
    index, keep, at = {t: i for i, t in enumerate(snapshots.t)}, list[int](), 0
    for i, (t, _) in enumerate(records):
        if index.get(t, -1) >= at:
            at = index[t] + 1
            keep.append(i)
    return keep


def _cut(path: Path, start: int, record: int, size: int, count: int, total: int) -> Cut | None:
    """The dropped end of a history."""
    begin = start + count * record
    if begin >= size:
        return None
    dropped, rest = total - count, size - start - total * record
    parts = [f"{dropped} snapshot{'s' * (dropped != 1)}"] if dropped else []
    if rest:
        parts.append(f"{rest} bytes of another")
    return Cut(path, begin, size - begin, ", ".join(parts))

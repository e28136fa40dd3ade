"""Tensors that are watched: a copy of each as it was last seen, and what has changed since."""

import math
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from tttui.artifacts.contenthash import tensor_digest, version_of
from tttui.artifacts.tensorwriter import Stored
from tttui.model.errors import RecorderError
from tttui.recorder.statistics import FigureTracker, Taking
from tttui.recorder.tensors import (
    Tensor,
    address,
    copied,
    copy_into,
    device_name,
    differ,
    dtype_name,
    host,
    is_elsewhere,
    is_torch,
    same,
    write_back,
)

if TYPE_CHECKING:
    from tttui.recorder.ondevice import DeviceFigures, HostCopy

SHARE = 0.01
"""Of the time that passes, what comparing contents may take between two updates."""

CHEAP_S = 30e-6
"""Seconds of a comparison that is made at every look, whatever its share."""

EAGER_SHARE, EAGER_S = 0.02, 1e-3
"""The same before an update, to which nothing must be ascribed that happened before it."""

LARGE = 64 << 20
"""Bytes from which on comparing takes so long that its time is measured once."""

Getter = Callable[[], Mapping[str, Tensor]]


class _Cell:
    """One tensor: as it was found, its copy, and where both are."""

    __slots__ = (
        "copying",
        "counted",
        "digest",
        "figures",
        "kept",
        "kept_at",
        "now",
        "now_at",
        "size",
        "torch",
    )

    def __init__(self, x: Tensor) -> None:
        self.kept = copied(x)
        self.digest: bytes | None = None
        self.figures: FigureTracker | DeviceFigures | None = None
        self.copying: HostCopy | None = None
        """The last copy to host memory that was begun."""
        self.see(x)

    def see(self, x: Tensor) -> None:
        """Remember the tensor that now equals the copy."""
        self.now, self.torch = x, is_torch(x)
        at, self.size = address(x)
        self.kept_at, _ = address(self.kept)
        self.counted = x._version if self.torch else 0
        self.now_at = x.data_ptr() if self.torch else at

    def differs(self) -> bool:
        """Whether the tensor that was found differs from the copy."""
        if self.size and self.kept_at:
            return differ(self.now_at, self.kept_at, self.size)
        return not same(self.now, self.kept)

    def take(self, x: Tensor, start: Tensor | None, *, measured: bool) -> dict[str, float]:
        """Bring the copy up to date; the figures of what it becomes, where they are wanted, with
        how far it is from `start`."""
        found: dict[str, float] = {}
        if is_elsewhere(x):
            if measured:
                found = self._figures_there().of(x, self.kept, start)
            if self.copying is not None:
                self.copying.let_pass()
                self.copying = None
            self.kept, self.digest = copy_into(x, self.kept), None
        elif x is not self.kept and all(address(x)) and all(address(self.kept)):
            now, kept = host(x), host(self.kept)
            taking = Taking(now, kept)
            if measured:
                begun = None if start is None else host(start)
                found = self._figures_here().of(now, kept, taking, begun)
            else:
                taking.take_all()
            self.digest = taking.digest()
        else:
            if measured:
                begun = None if start is None else host(start)
                found = self._figures_here().of(host(x), host(self.kept), start=begun)
            self.kept, self.digest = copy_into(x, self.kept), None
        self.see(x)
        return found

    def begin_copy(self) -> Callable[[], Stored]:
        """Begin to copy the copy to host memory; what is returned gives it when it is there."""
        if not is_elsewhere(self.kept):
            found = host(self.kept)
            own = Stored(found.dtype, found.array.copy())
            return lambda: own
        from tttui.recorder.ondevice import HostCopy

        self.copying = HostCopy(self.kept)
        return self.copying.stored

    def _figures_here(self) -> FigureTracker:
        if not isinstance(self.figures, FigureTracker):
            self.figures = FigureTracker()
        return self.figures

    def _figures_there(self) -> "DeviceFigures":
        from tttui.recorder.ondevice import DeviceFigures

        if not isinstance(self.figures, DeviceFigures):
            self.figures = DeviceFigures()
        return self.figures


class Watched:
    """Named tensors, wherever they are kept, and a copy of each as it was when last looked at.

    `changed` first compares what costs nothing (is it another tensor, has torch counted a
    change), then contents: always where that is cheap or asked for, else as often as SHARE of the
    time allows, so that what is written past torch's counter is found a little later. Raises
    RecorderError where a tensor changed its shape.
    """

    def __init__(self, getter: Getter) -> None:
        self._getter = getter
        self._now: Mapping[str, Tensor] = getter()
        self._cells = {name: _Cell(x) for name, x in self._now.items()}
        self._version: str | None = None
        self._compared_at, self._cost = 0.0, math.inf
        large = self.size_of(self._cells) > LARGE
        for _ in range(1 if large else 5):  # the first time is slow, others may be interrupted
            begun = time.perf_counter()
            for cell in self._cells.values():
                cell.differs()
            self._compared_at = time.perf_counter()
            self._cost = min(self._cost, self._compared_at - begun)
        self.compared = True
        """The last look compared the contents of all."""
        self.late = False
        """What `changed` found may have come about before the look before."""
        self._looked_at, self._look = 0.0, 0.0

    def __bool__(self) -> bool:
        return bool(self._cells)

    @property
    def names(self) -> list[str]:
        return list(self._cells)

    @property
    def now(self) -> Mapping[str, Tensor]:
        """The tensors themselves, as they were found by the last look."""
        return self._now

    def kept(self, name: str) -> Tensor:
        """The copy of one; it changes with `take`."""
        return self._cells[name].kept

    def copies(self) -> dict[str, Tensor]:
        """Copies of all that stay as they are."""
        return {name: copied(cell.kept) for name, cell in self._cells.items()}

    def begin_copies(self, names: Iterable[str]) -> dict[str, Callable[[], Stored]]:
        """Begin to copy these to host memory as they are now."""
        return {name: self._cells[name].begin_copy() for name in names}

    def stored(self) -> dict[str, Stored]:
        """The copies in host memory, in order."""
        return {name: host(cell.kept) for name, cell in self._cells.items()}

    def version(self) -> str:
        """The version of the copies."""
        if self._version is None:
            unknown = [name for name, cell in self._cells.items() if cell.digest is None]
            each(self._digest, unknown, self.size_of(unknown))
            self._version = version_of(
                (name, dtype_name(cell.kept), tuple(cell.kept.shape), cell.digest or b"")
                for name, cell in self._cells.items()
            )
        return self._version

    def size_of(self, names: Iterable[str]) -> int:
        """Bytes of these together."""
        return sum(self._cells[name].size for name in names)

    def largest(self, names: Collection[str], most: int) -> Collection[str]:
        """So many of these, the largest where there are more."""
        if len(names) <= most:
            return names
        return sorted(names, key=lambda name: -math.prod(self._cells[name].kept.shape))[:most]

    def _digest(self, name: str) -> None:
        cell = self._cells[name]
        if is_elsewhere(cell.kept):
            from tttui.recorder.ondevice import device_digest

            cell.digest = device_digest(cell.kept)
        else:
            cell.digest = tensor_digest(host(cell.kept).array)

    def changed(self, *, full: bool = False, quick: bool = False, eager: bool = False) -> list[str]:
        """The names of the tensors that differ from their copies; `quick`: as far as it shows
        without comparing contents; `eager`: at more cost than elsewhere."""
        self._now = now = self._getter()
        cells, found = self._cells, []
        for name, x in now.items():
            cell = cells.get(name)
            if cell is None:
                continue
            if x is cell.now and (
                not cell.torch or (x._version == cell.counted and x.data_ptr() == cell.now_at)
            ):
                continue
            _check_alike(name, x, cell.kept)
            if same(x, cell.kept):
                cell.see(x)
            else:
                found.append(name)
        if quick:
            self.late = False
            return found
        begun = time.perf_counter()
        self.late = False
        cheap, share = (EAGER_S, EAGER_SHARE) if eager else (CHEAP_S, SHARE)
        due = self._cost <= cheap or begun - self._compared_at >= self._cost / share
        if full or due:
            others = [name for name in now if name in cells and name not in found]
            behind = [name for name in others if cells[name].differs()]
            self.late = bool(behind) and not self.compared
            self._compared_at = time.perf_counter()
            if not found:  # all were compared; an interruption must not look expensive for long
                self._cost = min(self._compared_at - begun, 2 * self._cost)
            found += behind
            self.compared = True
        else:
            self.compared = False
        return found

    def changed_if_cheap(self) -> list[str]:
        """As `changed`, but as often only as SHARE of the time allows."""
        begun = time.perf_counter()
        if begun - self._looked_at < self._look / SHARE:
            return []
        found = self.changed()
        self._looked_at = time.perf_counter()
        self._look = self._looked_at - begun
        return found

    def take(
        self,
        names: Collection[str],
        measured: Collection[str] = (),
        start: Mapping[str, Tensor] | None = None,
    ) -> dict[str, dict[str, float]]:
        """Bring the copies of these up to date; the figures of those that are `measured`, with how
        far they are from the `start`."""
        begun = start or {}

        def act(name: str) -> dict[str, float]:
            cell, x = self._cells[name], self._now[name]
            return cell.take(x, begun.get(name), measured=name in measured)

        found = dict(zip(names, each(act, names, self.size_of(names)), strict=True))
        if names:
            self._version = None
        return {name: found[name] for name in measured}

    def put_back(self, values: Mapping[str, Tensor] | None, names: Collection[str]) -> list[str]:
        """Write values (None: those of the copies) into the tensors of these names, and take
        them; returns the names of those that cannot be written."""
        done: list[str] = []
        refused: list[str] = []
        for name in names:
            x, cell = self._now.get(name), self._cells[name]
            value = cell.kept if values is None else values.get(name)
            if x is None or value is None or not write_back(x, value):
                refused.append(name)
            elif values is None:
                cell.see(x)
            else:
                done.append(name)
        self.take(done)
        return refused

    def add(self, getter: Getter) -> None:
        """Watch more tensors; `getter` gives all of them from now on."""
        self._getter = getter
        self._now = getter()
        for name, x in self._now.items():
            if name not in self._cells:
                self._cells[name] = _Cell(x)
        self._version = None


def _check_alike(name: str, x: Tensor, kept: Tensor) -> None:
    if tuple(x.shape) != tuple(kept.shape):
        raise RecorderError(
            f"{name} had the shape {list(kept.shape)} and has now {list(x.shape)}: what changes "
            "its shape has to be recorded as a session of its own"
        )
    for what, of in (("dtype", dtype_name), ("device", device_name)):
        if of(x) != of(kept):
            raise RecorderError(
                f"{name} had the {what} {of(kept)} and has now {of(x)}: make the recorder after "
                "the model has been converted and moved"
            )


WORKERS = 8
"""Threads at most; what they do is bound by the memory."""

LARGE = 1 << 22
"""Bytes together from which on threads are worth it."""

Item = TypeVar("Item")
Made = TypeVar("Made")


def each(act: Callable[[Item], Made], items: Iterable[Item], size: int) -> list[Made]:
    """What `act` makes of every item, in order; in threads where there are many bytes (`size`)."""
    if size < LARGE or _processors() == 1:
        return [act(item) for item in items]
    return list(_pool(os.getpid()).map(act, items))


@lru_cache(maxsize=1)
def _pool(_process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(WORKERS, _processors()), "tttui recorder")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

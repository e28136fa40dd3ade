"""Watched tensors: a copy of each, and the changes since."""

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
    """One watched tensor, its copy, and their addresses."""

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
        """Note the tensor that now equals the copy."""
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
        """Update the copy; returns its statistics, if asked for, with the distance from `start`."""
        figures: dict[str, float] = {}
        if is_elsewhere(x):
            if measured:
                figures = self._figures_there().of(x, self.kept, start)
            if self.copying is not None:
                self.copying.let_pass()
                self.copying = None
            self.kept, self.digest = copy_into(x, self.kept), None
        elif x is not self.kept and all(address(x)) and all(address(self.kept)):
            now, copy = host(x), host(self.kept)
            taking = Taking(now, copy)
            if measured:
                begun = None if start is None else host(start)
                figures = self._figures_here().of(now, copy, taking, begun)
            else:
                taking.take_all()
            self.digest = taking.digest()
        else:
            if measured:
                begun = None if start is None else host(start)
                figures = self._figures_here().of(host(x), host(self.kept), start=begun)
            self.kept, self.digest = copy_into(x, self.kept), None
        self.see(x)
        return figures

    def begin_copy(self) -> Callable[[], Stored]:
        """Start copying the copy to host memory; returns a function that waits for it."""
        if not is_elsewhere(self.kept):
            stored = host(self.kept)
            own = Stored(stored.dtype, stored.array.copy())
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
        """The tensors at the last check."""
        return self._now

    def kept(self, name: str) -> Tensor:
        """The copy of one tensor; `take` changes it."""
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
        """The `most` largest of these tensors."""
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
        cells, names = self._cells, []
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
                names.append(name)
        if quick:
            self.late = False
            return names
        begun = time.perf_counter()
        self.late = False
        cheap, share = (EAGER_S, EAGER_SHARE) if eager else (CHEAP_S, SHARE)
        due = self._cost <= cheap or begun - self._compared_at >= self._cost / share
        if full or due:
            others = [name for name in now if name in cells and name not in names]
            behind = [name for name in others if cells[name].differs()]
            self.late = bool(behind) and not self.compared
            self._compared_at = time.perf_counter()
            if not names:  # all were compared; an interruption must not look expensive for long
                self._cost = min(self._compared_at - begun, 2 * self._cost)
            names += behind
            self.compared = True
        else:
            self.compared = False
        return names

    def changed_if_cheap(self) -> list[str]:
        """As `changed`, but at most SHARE of the time."""
        begun = time.perf_counter()
        if begun - self._looked_at < self._look / SHARE:
            return []
        names = self.changed()
        self._looked_at = time.perf_counter()
        self._look = self._looked_at - begun
        return names

    def take(
        self,
        names: Collection[str],
        measured: Collection[str] = (),
        start: Mapping[str, Tensor] | None = None,
    ) -> dict[str, dict[str, float]]:
        """Update the copies of these tensors; returns the statistics of the `measured` ones, with
        the distance from `start`."""
        begun = start or {}

        def act(name: str) -> dict[str, float]:
            cell, x = self._cells[name], self._now[name]
            return cell.take(x, begun.get(name), measured=name in measured)

        results = dict(zip(names, each(act, names, self.size_of(names)), strict=True))
        if names:
            self._version = None
        return {name: results[name] for name in measured}

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


def _check_alike(name: str, x: Tensor, copy: Tensor) -> None:
    if tuple(x.shape) != tuple(copy.shape):
        raise RecorderError(
            f"{name} had the shape {list(copy.shape)} and has now {list(x.shape)}: what changes "
            "its shape has to be recorded as a session of its own"
        )
    for what, of in (("dtype", dtype_name), ("device", device_name)):
        if of(x) != of(copy):
            raise RecorderError(
                f"{name} had the {what} {of(copy)} and has now {of(x)}: make the recorder after "
                "the model has been converted and moved"
            )


WORKERS = 8
"""Threads at most; what they do is bound by the memory."""

LARGE = 1 << 22
"""Bytes together from which on threads are worth it."""

Item = TypeVar("Item")
Made = TypeVar("Made")


def each(act: Callable[[Item], Made], items: Iterable[Item], size: int) -> list[Made]:
    """The results of `act` for every item, in order; in threads if `size` (bytes) is large."""
    if size < LARGE or _processors() == 1:
        return [act(item) for item in items]
    return list(_pool(os.getpid()).map(act, items))


@lru_cache(maxsize=1)
def _pool(_process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(WORKERS, _processors()), "tttui recorder")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

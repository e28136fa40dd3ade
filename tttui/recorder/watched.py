"""Tensors that are watched: a copy of each as it was last seen, and what has changed since."""

import time
from collections.abc import Callable, Iterable, Mapping

from tttui.artifacts.contenthash import tensor_digest, version_of
from tttui.artifacts.tensorwriter import Stored
from tttui.model.errors import RecorderError
from tttui.recorder.parallel import each
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

SHARE = 0.01
"""Of the time that passes, what comparing contents may take between two updates."""

CHEAP_S = 30e-6
"""Seconds of a comparison that is made at every look, whatever its share."""

Getter = Callable[[], Mapping[str, Tensor]]


class _Cell:
    """One tensor: as it was found, its copy, and where both are."""

    __slots__ = ("counted", "digest", "kept", "kept_at", "now", "now_at", "size", "torch")

    def __init__(self, x: Tensor) -> None:
        self.kept = copied(x)
        self.digest: bytes | None = None
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
        self._compared_at = self._cost = 0.0
        for _ in range(2):  # the first time is slow, and says nothing about the others
            begun = time.perf_counter()
            for cell in self._cells.values():
                cell.differs()
            self._compared_at = time.perf_counter()
            self._cost = self._compared_at - begun
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

    def _digest(self, name: str) -> None:
        cell = self._cells[name]
        if is_elsewhere(cell.kept):
            from tttui.recorder.ondevice import device_digest

            cell.digest = device_digest(cell.kept)
        else:
            cell.digest = tensor_digest(host(cell.kept).array)

    def changed(self, *, full: bool, quick: bool = False) -> list[str]:
        """The names of the tensors that differ from their copies; `quick`: as far as it shows
        without comparing contents."""
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
        if full or begun - self._compared_at >= self._cost / SHARE:
            behind = [
                name
                for name in now
                if name in cells and name not in found and cells[name].differs()
            ]
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
        found = self.changed(full=False)
        self._looked_at = time.perf_counter()
        self._look = self._looked_at - begun
        return found

    def take(self, names: Iterable[str]) -> None:
        """Bring the copies of these up to date."""
        for name in names:
            cell, x = self._cells[name], self._now[name]
            cell.kept = copy_into(x, cell.kept)
            cell.see(x)
            cell.digest = self._version = None

    def put_back(self, values: Mapping[str, Tensor] | None, names: Iterable[str]) -> list[str]:
        """Write values (None: those of the copies) into the tensors of these names, and take
        them; returns the names of those that cannot be written."""
        done: list[str] = []
        refused: list[str] = []
        for name in names:
            x = self._now.get(name)
            value = self._cells[name].kept if values is None else values.get(name)
            written = x is not None and value is not None and write_back(x, value)
            (done if written else refused).append(name)
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

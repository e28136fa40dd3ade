"""system.csv: the resources that a running job or session uses, every two seconds.

Results do not depend on it; an error ends the samples, never the run.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tttui.artifacts.alarms import Alarms
from tttui.artifacts.gpus import Gpu, Nvml, gpus_of
from tttui.artifacts.processes import PROC
from tttui.artifacts.regular import remove
from tttui.artifacts.series_writer import SeriesWriter
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError

SYSTEM = "system.csv"

EVERY_S = 2.0

LARGEST = 200 << 20
"""Bytes of a file that is gone on with, months of samples: it is read whole for that."""

LEAVING_S = 1.0
"""Seconds that a sample may take to end: a driver that hangs must not hold up a run."""


class Sampling:
    """A thread that samples this process until it is closed.

    Nothing is imported, queried or written before the first sample is due, so a shorter run pays
    nothing. `gpus` are those of the driver's numbering; `device` names one as a session does
    (`cuda:1`). When the machine runs short, an event is published in `root`. `warn` receives once
    why sampling ended.
    """

    def __init__(
        self,
        directory: Path,
        started_at: float,
        *,
        gpus: Sequence[int] = (),
        device: str = "",
        root: Path | None = None,
        warn: Callable[[str], object],
    ) -> None:
        self._directory, self._started_at = directory, started_at
        self._gpus, self._device, self._root, self._warn = tuple(gpus), device, root, warn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tttui samples", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the samples; nothing more is written."""
        self._stop.set()
        self._thread.join(LEAVING_S)

    def _run(self) -> None:
        if self._stop.wait(EVERY_S):
            return
        sampler: Sampler | None = None
        try:
            nvml = Nvml() if self._gpus or self._device.startswith("cuda") else None
            gpus = self._gpus or (gpus_of(self._device, nvml) if nvml is not None else ())
            sampler = Sampler(self._directory, self._started_at, gpus, nvml)
            alarms = None if self._root is None else Alarms(self._root)
            while not self._stop.is_set():
                row = sampler.look()
                if self._stop.is_set():  # the driver took its time
                    return
                sampler.write(row)
                if alarms is not None:
                    alarms.look(row, sampler.memory_total)
                self._stop.wait(EVERY_S)
        except Exception as error:
            self._warn(f"{SYSTEM}: no more samples of the machine: {error}")
        finally:
            if sampler is not None:
                sampler.close()


class Sampler:
    """Samples this process, its children and its GPUs; for one thread.

    Columns: `t` (whole seconds since `started_at`, Unix seconds), `cpu` (percent of one core),
    `memory` (bytes, resident), `machine_cpu` (percent), `machine_memory` (bytes in use), and for
    each GPU `gpuN`, `gpuN_memory`, `gpuN_temperature`, `gpuN_power` (percent, bytes, Celsius, W).
    """

    def __init__(
        self,
        directory: Path,
        started_at: float,
        gpus: Sequence[int] = (),
        nvml: Nvml | None = None,
    ) -> None:
        import psutil

        self._psutil = psutil
        self._started_at = started_at
        self._usage = Usage()
        self.memory_total = 0.0
        """Bytes of the machine."""
        self._last = -1
        self._nvml, self._gpus = nvml or Nvml(), tuple(gpus)
        self._writer = SeriesWriter(directory / SYSTEM)
        try:
            with suppress(FileNotFoundError):
                if os.stat(directory / SYSTEM).st_size > LARGEST:
                    raise TttuiError(f"{SYSTEM} is too large")
            self._writer.reopen(self._now())
        except TttuiError:  # damaged: what was sampled before is of no use to anybody
            self._writer.close()
            remove(directory / SYSTEM)
            self._writer = SeriesWriter(directory / SYSTEM)
        psutil.cpu_percent(None)
        self._usage.of([os.getpid()])

    def look(self) -> dict[str, float]:
        """The row of this moment; shares of the processors are since the last look."""
        own = self._usage.of([os.getpid()])[os.getpid()]
        machine = self._psutil.virtual_memory()
        self.memory_total = float(machine.total)
        row = {
            "cpu": own.cpu or 0.0,
            "memory": float(own.memory),
            "machine_cpu": float(self._psutil.cpu_percent(None)),
            "machine_memory": float(machine.total - machine.available),
        }
        for index in self._gpus:
            row |= _of_gpu(self._nvml.read(index))
        return row

    def write(self, row: dict[str, float]) -> None:
        """Append a row. Raises TttuiError where the disk takes none."""
        self._last = max(self._last + 1, self._now())
        self._writer.add(self._last, row)
        self._writer.flush()

    def _now(self) -> int:
        return max(0, int(time.time() - self._started_at))

    def close(self) -> None:
        self._writer.close()


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """The resources that a process and its descendants use now."""

    pids: tuple[int, ...]
    cpu: float | None
    """Percent of one core since the last look; None at the first."""
    memory: int
    """Bytes, resident."""


class Usage:
    """Measures processes with their descendants, since the previous call."""

    def __init__(self) -> None:
        import psutil

        self._psutil = psutil
        self._known: dict[int, Any] = {}

    def of(self, pids: Iterable[int]) -> dict[int, ResourceUse]:
        """The use of each process; one that has ended uses nothing."""
        seen, uses = dict[int, Any](), dict[int, ResourceUse]()
        for pid in pids:
            cpu, memory, known = 0.0, 0, False
            members = family(pid)
            for one in members:
                with suppress(self._psutil.Error):
                    process = self._known.get(one)
                    if process is None or not process.is_running():
                        process = self._psutil.Process(one)
                        process.cpu_percent(None)
                    else:
                        cpu, known = cpu + process.cpu_percent(None), True
                    seen[one] = process
                    memory += process.memory_info().rss
            uses[pid] = ResourceUse(tuple(members), round(cpu, 1) if known else None, memory)
        self._known = seen
        return uses


def family(pid: int) -> list[int]:
    """A process and all its running descendants.

    Reads the kernel's lists of children if it has them: scanning all processes of a machine takes
    long.
    """
    if not (PROC / str(pid) / "task" / str(pid) / "children").exists():
        import psutil

        with suppress(psutil.Error):
            return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        return [pid]
    pids = [pid]
    for one in pids:  # which grows
        with suppress(OSError):
            for task in os.listdir(PROC / str(one) / "task"):
                with suppress(OSError):
                    children = (PROC / str(one) / "task" / task / "children").read_text()
                    pids += [int(child) for child in children.split() if int(child) not in pids]
    return pids


def _of_gpu(gpu: Gpu) -> dict[str, float]:
    values = {
        "": gpu.use,
        "_memory": gpu.memory,
        "_temperature": gpu.temperature,
        "_power": gpu.power,
    }
    return {f"gpu{gpu.index}{k}": float(v) for k, v in values.items() if v is not None}

"""system.csv: what a job used of the machine, every two seconds."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tttui.artifacts.regular import remove
from tttui.artifacts.series_writer import SeriesWriter
from tttui.lab.job import SYSTEM
from tttui.model.errors import TttuiError

EVERY_S = 2.0


class Sampler:
    """Samples this process, its children and its GPUs; not for several threads at once.

    Columns: `t` (whole seconds since the job was first executed), `cpu` (percent of one core),
    `memory` (bytes, resident), `machine_cpu` (percent), `machine_memory` (bytes in use), and for
    each GPU `gpuN`, `gpuN_memory`, `gpuN_temperature`, `gpuN_power` (percent, bytes, Celsius, W).
    """

    def __init__(self, directory: Path, started_at: float, gpus: Sequence[int] = ()) -> None:
        import psutil

        self._psutil = psutil
        self._started_at = started_at
        self._known: dict[int, Any] = {}
        self._last = -1
        self._gpus = _handles(gpus)
        self._writer = SeriesWriter(directory / SYSTEM)
        try:
            self._writer.reopen(self._now())
        except TttuiError:  # damaged: what was sampled before is of no use to anybody
            self._writer.close()
            remove(directory / SYSTEM)
            self._writer = SeriesWriter(directory / SYSTEM)
        psutil.cpu_percent(None)
        self._processes()

    def sample(self) -> None:
        """Write one row. Raises TttuiError where the disk takes none."""
        cpu = memory = 0.0
        for process in self._processes():
            with suppress(self._psutil.Error):
                cpu += process.cpu_percent(None)
                memory += process.memory_info().rss
        machine = self._psutil.virtual_memory()
        row = {
            "cpu": round(cpu, 1),
            "memory": memory,
            "machine_cpu": float(self._psutil.cpu_percent(None)),
            "machine_memory": float(machine.total - machine.available),
        }
        for index, handle in self._gpus.items():
            row |= _of_gpu(index, handle)
        self._last = max(self._last + 1, self._now())
        self._writer.add(self._last, row)
        self._writer.flush()

    def _now(self) -> int:
        return max(0, int(time.time() - self._started_at))

    def close(self) -> None:
        self._writer.close()

    def _processes(self) -> list[Any]:
        """This process and its children; the same objects, since they remember the last look."""
        with suppress(self._psutil.Error):
            own = self._known.get(os.getpid()) or self._psutil.Process()
            found = [own, *own.children(recursive=True)]
            for process in found:
                if process.pid not in self._known:
                    with suppress(self._psutil.Error):
                        process.cpu_percent(None)
            self._known = {p.pid: self._known.get(p.pid, p) for p in found}
        return list(self._known.values())


def _handles(gpus: Sequence[int]) -> dict[int, Any]:
    if not gpus:
        return {}
    try:
        import pynvml

        pynvml.nvmlInit()
        return {index: pynvml.nvmlDeviceGetHandleByIndex(index) for index in gpus}
    except Exception:  # its errors exist only where it does
        return {}


def _of_gpu(index: int, handle: Any) -> dict[str, float]:
    import pynvml

    row: dict[str, float] = {}
    with suppress(pynvml.NVMLError):
        row[f"gpu{index}"] = float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    with suppress(pynvml.NVMLError):
        row[f"gpu{index}_memory"] = float(pynvml.nvmlDeviceGetMemoryInfo(handle).used)
    with suppress(pynvml.NVMLError):
        row[f"gpu{index}_temperature"] = float(pynvml.nvmlDeviceGetTemperature(handle, 0))
    with suppress(pynvml.NVMLError):
        row[f"gpu{index}_power"] = pynvml.nvmlDeviceGetPowerUsage(handle) / 1000.0
    return row

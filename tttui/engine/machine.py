"""How busy this machine is while runs share it: processors, memory, and GPUs where NVML is."""

from dataclasses import dataclass
from typing import Any, cast

GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Load:
    """Shares in percent, memory in GB; rounded, so that it changes only where it matters."""

    cpu: int
    memory: float
    memory_total: float
    gpus: tuple[str, ...] = ()
    """One text a GPU; empty where there is none, or nothing that tells about it."""

    def __str__(self) -> str:
        """`CPU 35 %   memory 2.1 of 8 GB   no GPU`."""
        gpus = "   ".join(self.gpus) or "no GPU"
        return f"CPU {self.cpu} %   memory {self.memory:g} of {self.memory_total:g} GB   {gpus}"


class Machine:
    """Measures the load since the last time it was asked; not for several threads at once."""

    def __init__(self) -> None:
        import psutil  # only where somebody looks at many runs

        psutil.cpu_percent(None)
        self._psutil = psutil
        self._gpus = _find_gpus()

    def load(self) -> Load:
        memory = self._psutil.virtual_memory()
        return Load(
            cpu=5 * round(self._psutil.cpu_percent(None) / 5),
            memory=round((memory.total - memory.available) / GIGABYTE, 1),
            memory_total=round(memory.total / GIGABYTE, 1),
            gpus=_gpu_loads(self._gpus),
        )


def gpu_count() -> int | None:
    """How many GPUs NVML knows; None without it or its driver."""
    nvml = _find_gpus()
    return None if nvml is None else int(cast(Any, nvml).nvmlDeviceGetCount())


def _find_gpus() -> object:
    """NVML's module, ready to be asked; None without it, its driver, or a GPU."""
    try:
        import pynvml

        pynvml.nvmlInit()
        return pynvml if pynvml.nvmlDeviceGetCount() else None
    except Exception:  # it raises kinds of its own, which exist only where it does
        return None


def _gpu_loads(nvml: object) -> tuple[str, ...]:
    if nvml is None:
        return ()
    n, found = cast(Any, nvml), list[str]()
    try:
        for i in range(n.nvmlDeviceGetCount()):
            handle = n.nvmlDeviceGetHandleByIndex(i)
            busy = 5 * round(n.nvmlDeviceGetUtilizationRates(handle).gpu / 5)
            memory = n.nvmlDeviceGetMemoryInfo(handle)
            used, total = memory.used / GIGABYTE, memory.total / GIGABYTE
            found.append(f"GPU {i} {busy} %, {used:.1f} of {total:.0f} GB")
    except n.NVMLError:
        return ("GPU does not tell",)
    return tuple(found)

"""How busy this machine is while runs share it: processors, memory, and GPUs where NVML is."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

GIGABYTE = 1e9

MOST = 3
"""GPUs that are told one by one; a line has room for no more."""


@dataclass(frozen=True, slots=True)
class Load:
    """Shares in percent, memory in GB; rounded, so that it changes only where it matters."""

    cpu: int
    memory: float
    memory_total: float
    gpus: tuple[str, ...] = ()
    """Texts about the GPUs; empty where there is none, or nothing that tells about it."""

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
    if nvml is None:
        return None
    n = cast(Any, nvml)
    try:
        return int(n.nvmlDeviceGetCount())
    except n.NVMLError:
        return None


def _find_gpus() -> object:
    """NVML's module, ready to be asked; None without it, its driver, or a GPU."""
    try:
        import pynvml

        pynvml.nvmlInit()
        return pynvml if pynvml.nvmlDeviceGetCount() else None
    except Exception:  # it raises kinds of its own, which exist only where it does
        return None


def _gpu_loads(nvml: object) -> tuple[str, ...]:
    """A text a GPU; of more than MOST one for all."""
    if nvml is None:
        return ()
    n = cast(Any, nvml)
    try:
        count = int(n.nvmlDeviceGetCount())
    except n.NVMLError:
        return ("the GPUs do not tell",)
    found = [_gpu(n, i) for i in range(count)]
    if count <= MOST:
        return tuple(str(gpu) for gpu in found)
    busy = [gpu.busy for gpu in found if gpu.busy is not None]
    shares = f"{min(busy)} to {max(busy)} %" if busy else "busy ?"
    used, total = sum(gpu.used for gpu in found), sum(gpu.total for gpu in found)
    return (f"{count} GPUs {shares}, {used:.1f} of {total:.0f} GB",)


@dataclass(frozen=True, slots=True)
class _Gpu:
    index: int
    busy: int | None
    """Percent; None where it does not tell (one that is split into instances does not)."""
    used: float
    total: float
    """Memory in GB; 0 where it does not tell."""

    def __str__(self) -> str:
        busy = "busy ?" if self.busy is None else f"{self.busy} %"
        memory = f"{self.used:.1f} of {self.total:.0f} GB" if self.total else "memory ?"
        return f"GPU {self.index} {busy}, {memory}"


def _gpu(n: Any, index: int) -> _Gpu:
    busy, used, total = None, 0.0, 0.0
    with suppress(n.NVMLError):
        handle = n.nvmlDeviceGetHandleByIndex(index)
        with suppress(n.NVMLError):
            busy = 5 * round(n.nvmlDeviceGetUtilizationRates(handle).gpu / 5)
        memory = n.nvmlDeviceGetMemoryInfo(handle)
        used, total = memory.used / GIGABYTE, memory.total / GIGABYTE
    return _Gpu(index, busy, used, total)

"""The load of this machine: CPUs, memory, and GPUs if NVML is installed."""

from tttui.artifacts.gpus import Gpu, Nvml
from tttui.model.dataclass import dataclass

GIGABYTE = 1e9

MOST = 3
"""GPUs that are told one by one; a line has room for no more."""


@dataclass(frozen=True, slots=True)
class Load:
    """Shares in percent, memory in GB; rounded, so that small changes do not show."""

    cpu: int
    memory: float
    memory_total: float
    gpus: tuple[str, ...] = ()
    """Texts about the GPUs; empty where there is none, or nothing that tells about it."""

    def __str__(self) -> str:
        """`CPU 35 %   memory 2.1 of 8 GB   no GPU`."""
        gpus = "   ".join(self.gpus) or "no GPU"
        return f"CPU {self.cpu} %   memory {self.memory:g} of {self.memory_total:g} GB   {gpus}"


class LoadMeter:
    """Measures the load since the previous call; for one thread."""

    def __init__(self) -> None:
        import psutil  # only where somebody looks at many runs

        psutil.cpu_percent(None)
        self._psutil = psutil
        self._nvml = Nvml()

    def load(self) -> Load:
        memory = self._psutil.virtual_memory()
        return Load(
            cpu=5 * round(self._psutil.cpu_percent(None) / 5),
            memory=round((memory.total - memory.available) / GIGABYTE, 1),
            memory_total=round(memory.total / GIGABYTE, 1),
            gpus=_gpu_loads(self._nvml),
        )


def gpu_count() -> int | None:
    """How many GPUs NVML knows; None without it or its driver."""
    return Nvml().count() or None


def _gpu_loads(nvml: Nvml) -> tuple[str, ...]:
    """A text for each GPU; one for all if there are more than MOST."""
    if nvml.why_none:
        return ()
    if nvml.count() is None:
        return ("the GPUs do not tell",)
    gpus = nvml.all(processes=False)
    if len(gpus) <= MOST:
        return tuple(map(_gpu_load, gpus))
    busy = [5 * round(gpu.use / 5) for gpu in gpus if gpu.use is not None]
    shares = f"{min(busy)} to {max(busy)} %" if busy else "busy ?"
    used = sum(gpu.memory or 0 for gpu in gpus) / GIGABYTE
    total = sum(gpu.memory_total or 0 for gpu in gpus) / GIGABYTE
    return (f"{len(gpus)} GPUs {shares}, {used:.1f} of {total:.0f} GB",)


def _gpu_load(gpu: Gpu) -> str:
    busy = "busy ?" if gpu.use is None else f"{5 * round(gpu.use / 5)} %"
    memory = "memory ?"
    if gpu.memory is not None and gpu.memory_total:
        memory = f"{gpu.memory / GIGABYTE:.1f} of {gpu.memory_total / GIGABYTE:.0f} GB"
    return f"GPU {gpu.index} {busy}, {memory}"

"""The GPUs of this machine through NVML, the driver's library; never raises."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from tttui.model.dataclass import dataclass

VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process that holds memory of a GPU, in bytes; None where the driver does not tell."""

    pid: int
    memory: int | None


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU now; unknown values are None, as the use of a GPU that is split into instances."""

    index: int
    """As the driver numbers it."""
    name: str = ""
    use: int | None = None
    """Percent of the last moments in which something was computed."""
    memory: int | None = None
    """Bytes in use, by whomever."""
    memory_total: int | None = None
    temperature: int | None = None
    """Degrees Celsius."""
    power: float | None = None
    """Watts."""
    power_limit: float | None = None
    processes: tuple[GpuProcess, ...] = ()


class Nvml:
    """An NVML session; `why_none` tells a person why there is no GPU."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: dict[int, Any] = {}
        self.why_none = ""
        try:
            import pynvml
        except Exception:
            self.why_none = "the package nvidia-ml-py is missing; `pip install nvidia-ml-py`"
            return
        try:
            pynvml.nvmlInit()
            self._nvml = pynvml
            if self.count() == 0:
                self.why_none = "the NVIDIA driver knows no GPU"
        except Exception as error:  # its errors exist only where it does
            self.why_none = f"no NVIDIA driver ({' '.join(str(error).split())[:60]})"

    def count(self) -> int | None:
        """How many GPUs there are; None without the driver, or where it does not tell."""
        if self._nvml is not None:
            with suppress(self._nvml.NVMLError):
                return int(self._nvml.nvmlDeviceGetCount())
        return None

    def all(self, *, processes: bool = True) -> tuple[Gpu, ...]:
        """Every GPU, with the processes that hold its memory."""
        return tuple(self.read(i, processes=processes) for i in range(self.count() or 0))

    def read(self, index: int, *, processes: bool = False) -> Gpu:
        """One GPU by the driver's number; all is None where it does not answer."""
        handle = self._handle(index)
        if handle is None:
            return Gpu(index)
        memory = self._ask("nvmlDeviceGetMemoryInfo", handle)
        use = self._ask("nvmlDeviceGetUtilizationRates", handle)
        power = self._ask("nvmlDeviceGetPowerUsage", handle)
        limit = self._ask("nvmlDeviceGetEnforcedPowerLimit", handle)
        name = self._ask("nvmlDeviceGetName", handle)
        return Gpu(
            index=index,
            name=name.decode(errors="replace") if isinstance(name, bytes) else str(name or ""),
            use=None if use is None else int(use.gpu),
            memory=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
            temperature=self._ask("nvmlDeviceGetTemperature", handle, 0),
            power=None if power is None else power / 1000.0,
            power_limit=None if limit is None else limit / 1000.0,
            processes=self._processes(handle) if processes else (),
        )

    def _processes(self, handle: Any) -> tuple[GpuProcess, ...]:
        memory_of: dict[int, int | None] = {}
        for kind in ("Compute", "Graphics"):
            for one in self._ask(f"nvmlDeviceGet{kind}RunningProcesses", handle) or ():
                memory = one.usedGpuMemory
                memory_of[int(one.pid)] = None if memory is None else int(memory)
        return tuple(GpuProcess(pid, memory_of[pid]) for pid in sorted(memory_of))

    def _handle(self, index: int) -> Any:
        if self._nvml is not None and index not in self._handles:
            with suppress(self._nvml.NVMLError):
                self._handles[index] = self._nvml.nvmlDeviceGetHandleByIndex(index)
        return self._handles.get(index)

    def _ask(self, function: str, *args: Any) -> Any:
        """Call a function; None if this GPU, driver or binding does not support it."""
        with suppress(self._nvml.NVMLError, AttributeError):
            return getattr(self._nvml, function)(*args)
        return None


def visible_gpus(count: int, environment: Mapping[str, str] = os.environ) -> list[int]:
    """The GPUs among `count` that CUDA_VISIBLE_DEVICES makes visible, in its order."""
    value = environment.get(VISIBLE)
    if value is None:
        return list(range(count))
    names = [name.strip() for name in value.split(",")]
    return [int(name) for name in names if name.isdecimal() and int(name) < count]


def gpus_of(device: str, nvml: Nvml) -> Sequence[int]:
    """The driver's number of the device of a session: that of `cuda:1` where one sees GPUs 2
    and 3 is 3; empty for a processor."""
    kind, _, number = device.partition(":")
    seen = visible_gpus(nvml.count() or 0) if kind == "cuda" else []
    at = int(number) if number.isdecimal() else 0
    return seen[at : at + 1]

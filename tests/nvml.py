"""NVML's binding as a machine with GPUs has it, for machines without."""

from types import ModuleType, SimpleNamespace
from typing import Any


class NVMLError(Exception):
    """As NVML's binding raises it."""


class FakeNvml(ModuleType):
    """NVML's binding with so many GPUs; `broken` names the calls that fail."""

    NVMLError = NVMLError

    def __init__(self, gpus: int) -> None:
        super().__init__("pynvml")
        self.gpus = gpus
        self.broken: set[str] = set()
        self.processes: dict[int, list[tuple[int, int | None]]] = {}
        """By GPU: processes and the bytes that they hold."""

    def _call(self, name: str) -> None:
        if name in self.broken:
            raise NVMLError(name)

    def nvmlInit(self) -> None:  # noqa: N802
        self._call("init")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        self._call("count")
        return self.gpus

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        self._call(f"handle {index}")
        return index

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:  # noqa: N802
        self._call(f"busy {handle}")
        return SimpleNamespace(gpu=10 * handle + 33)

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:  # noqa: N802
        self._call(f"memory {handle}")
        return SimpleNamespace(used=1.5e9 * (handle + 1), total=80e9)

    def nvmlDeviceGetName(self, handle: int) -> Any:  # noqa: N802
        return b"Tester 80GB" if handle else "Tester 80GB"  # older bindings give bytes

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:  # noqa: N802
        self._call(f"temperature {handle}")
        return 40 + handle

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        self._call(f"power {handle}")
        return 310_500

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: int) -> int:  # noqa: N802
        self._call(f"limit {handle}")
        return 700_000

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Any]:  # noqa: N802
        self._call(f"processes {handle}")
        held = self.processes.get(handle, [])
        return [SimpleNamespace(pid=pid, usedGpuMemory=memory) for pid, memory in held]

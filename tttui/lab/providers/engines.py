"""The engines of this machine, detected without configuration: numpy, torch on CPU and GPUs."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

from tttui.lab.providers.base import Deadline, Done, Failure, Probe, Provider, TrainingCheck
from tttui.lab.providers.measuring import machine
from tttui.model.errors import TttuiError

CAPABILITIES = ("predict", "adapt", "pretrain", "rollback", "resume", "batch")


class Engine(Provider):
    """The engine of this package, on one kind of arrays and one device."""

    capabilities = CAPABILITIES
    needed = CAPABILITIES
    kind = "engine"
    is_local = True

    library: ClassVar[str]
    """The package whose arrays it computes with."""
    modules: ClassVar[bool]
    """Whether it trains torch modules, as all tasks but the point mass need."""

    def __init__(self, name: str, device: str = "cpu", what: str = "") -> None:
        self.name, self.device, self._what = name, device, what

    @property
    def detail(self) -> str:
        try:
            return f"{self.library} {version(self.library)}, {self._what or 'this CPU'}"
        except PackageNotFoundError:
            return f"{self.library} is not installed: pip install {self.library}"

    @property
    def identity(self) -> str:
        return f"{machine()}, {self._what}" if self._what else machine()

    @property
    def gpu(self) -> int | None:
        _, colon, index = self.device.partition(":")
        return int(index) if colon else None

    def probe(self, capability: str) -> Probe:
        from tttui.tasks.probes import CAPABILITIES as PROBES

        try:
            work = PROBES[capability](self.device, self.modules)
        except TttuiError as error:  # the device is not there, or this torch cannot use it
            raise Failure(str(error)) from error

        def once(deadline: Deadline) -> Done:
            deadline.check()
            work.once()
            return Done(work.amount)

        return Probe(work.what, work.unit, once, work.prepare)

    def training_checks(
        self, task: Any, values: Mapping[str, Any], root: Path
    ) -> Sequence[TrainingCheck]:
        from tttui.lab.providers.training import engine_checks

        return engine_checks(self, task, values, root)


class NumpyEngine(Engine):
    """numpy on the CPU: sessions of the point mass, and its pretraining."""

    library = "numpy"
    modules = False


class TorchEngine(Engine):
    """torch on a device: sessions of every task."""

    library = "torch"
    modules = True


def engines() -> Iterator[Engine]:
    """The engines of this machine. Asks the driver, not torch, whose import takes seconds."""
    yield NumpyEngine("numpy")
    yield TorchEngine("torch-cpu")
    from tttui.artifacts.gpus import Nvml, visible_gpus

    nvml = Nvml()
    for index, number in enumerate(visible_gpus(nvml.count() or 0)):
        yield TorchEngine(f"cuda:{index}", f"cuda:{index}", nvml.read(number).name or "a GPU")

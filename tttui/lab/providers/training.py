"""Whether an engine can train a task here: device, memory, disk, dtype, dependencies, a base."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tttui.lab.providers.base import TrainingCheck
from tttui.model.ages import size_text
from tttui.model.errors import TttuiError
from tttui.model.here import absolute
from tttui.tasks.base import AnyTask, Task
from tttui.tasks.find import EXTRAS

if TYPE_CHECKING:
    from tttui.lab.providers.engines import Engine

SPARE = 1.2
"""What must be free, as a multiple of what is needed."""

DTYPES = ("float32", "bfloat16", "float16")

OF_WEIGHTS = 4
"""Copies of a model's weights in memory: itself, its frozen twin, gradients and optimizer."""


def engine_checks(
    engine: "Engine", task: type[AnyTask], values: Mapping[str, Any], root: Path
) -> Sequence[TrainingCheck]:
    """All checks of one engine; `values` are settings of the task that are not its defaults."""
    settings = {name: one.default for name, one in task.session_settings().items()} | dict(values)
    checks = [_device(engine, task), _dependencies(engine, task)]
    there = all(check.ok for check in checks)
    checks.append(_dtype(engine, settings, there))
    weights = _weights(settings)
    checks += _memory(engine, task, weights)
    checks.append(_disk(task, settings, weights, root))
    checks.append(_base(task, values, settings, root))
    return checks


def _device(engine: "Engine", task: type[AnyTask]) -> TrainingCheck:
    of_modules = issubclass(task, Task)
    if of_modules and not engine.modules:
        remedy = "choose torch-cpu or cuda:N"
        return TrainingCheck("device", False, f"{engine.name} trains no modules of torch", remedy)
    if engine.modules and not of_modules:
        remedy = "choose numpy; sessions run on this device with --device"
        return TrainingCheck(
            "device", False, f"the base of {task.name} is trained by numpy", remedy
        )
    from tttui.engine.device import check_device

    try:
        check_device(engine.device)
    except TttuiError as error:
        why = str(error).partition("; ")[0]
        return TrainingCheck("device", False, why, "choose torch-cpu")
    return TrainingCheck("device", True, engine.detail)


def _dependencies(engine: "Engine", task: type[AnyTask]) -> TrainingCheck:
    needs = (engine.library, *EXTRAS.get(task.name, ()))
    missing = [name for name in needs if find_spec(name) is None]
    if not missing:
        return TrainingCheck("dependencies", True, f"{', '.join(needs)} installed")
    extra = f"pip install 'tttui[{task.name}]'" if task.name in EXTRAS else ""
    remedy = extra or f"pip install {' '.join(missing)}"
    return TrainingCheck("dependencies", False, f"{', '.join(missing)} missing", remedy)


def _dtype(engine: "Engine", settings: Mapping[str, Any], there: bool) -> TrainingCheck:
    """Whether the device computes in the dtypes that the settings ask for, by doing it."""
    chosen = {str(settings.get(name, "")) for name in ("dtype", "autocast")} & set(DTYPES)
    dtypes = sorted(chosen | {"float32"})
    if not there:
        return TrainingCheck("dtype", False, "not tried", "first put right what is above")
    if engine.modules and (wrong := _computes(engine.device, dtypes)) is not None:
        name, why = wrong
        return TrainingCheck("dtype", False, f"{name}: {why}", "choose --set dtype=float32")
    return TrainingCheck("dtype", True, ", ".join(dtypes))


def _computes(device: str, dtypes: Sequence[str]) -> tuple[str, str] | None:
    """The first dtype that the device cannot learn in, and why."""
    from tttui.tasks.probes import learns_in

    for name in dtypes:
        try:
            learns_in(device, name)
        except (TttuiError, RuntimeError) as error:
            return name, str(error).partition("\n")[0]
    return None


def _weights(settings: Mapping[str, Any]) -> int:
    """Bytes of the weights of the model that the settings name; 0 where they name none."""
    path = Path(str(settings.get("model") or ""))
    if path.is_file():
        return path.stat().st_size
    if not settings.get("model") or not path.is_dir():
        return 0
    return sum(one.stat().st_size for one in path.glob("*.safetensors") if one.is_file())


def _memory(engine: "Engine", task: type[AnyTask], weights: int) -> Iterator[TrainingCheck]:
    import psutil

    on_gpu = engine.gpu is not None
    needed = task.memory_mb * 1e6 + (0 if on_gpu else OF_WEIGHTS * weights)
    yield _enough("memory", needed, psutil.virtual_memory().available, "end other programs")
    if engine.gpu is not None:
        from tttui.artifacts.gpus import Nvml, gpus_of

        nvml = Nvml()
        at = gpus_of(engine.device, nvml)
        gpu = nvml.read(at[0]) if at else None
        if gpu is not None and gpu.memory_total and gpu.memory is not None:
            free = gpu.memory_total - gpu.memory
            needed = 5e8 + OF_WEIGHTS * weights
            yield _enough("GPU memory", needed, free, "choose another GPU, or end what holds it")


def _disk(
    task: type[AnyTask], settings: Mapping[str, Any], weights: int, root: Path
) -> TrainingCheck:
    place = absolute(root)
    while not place.exists() and place != place.parent:
        place = place.parent
    needed = task.bytes_with(task.steps_with(settings) or 600, settings) + 3 * weights
    return _enough("disk", needed, shutil.disk_usage(place).free, "free some, or choose --root")


def _enough(name: str, needed: float, free: float, remedy: str) -> TrainingCheck:
    detail = f"about {size_text(needed)} of {size_text(free)} that are free"
    return TrainingCheck(name, free >= SPARE * needed, detail, remedy)


def _base(
    task: type[AnyTask],
    values: Mapping[str, Any],
    settings: Mapping[str, Any],
    root: Path,
) -> TrainingCheck:
    """Whether a base exists to start from; does not check the data."""
    from tttui.runs.runner import runner_of

    wrong = {name: why for name, why in task.wrong(settings).items() if name != "file"}
    for name, why in wrong.items():
        return TrainingCheck("base", False, f"{name}: {why}", f"say which with --set {name}=...")
    try:
        todo = runner_of(task).preparation(root, dict(values))
    except TttuiError as error:
        return TrainingCheck("base", False, str(error), "correct that setting with --set")
    return TrainingCheck("base", True, todo or "there is one that fits")

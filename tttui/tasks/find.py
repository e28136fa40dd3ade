"""Finding tasks by their typed names.

Only the person at the command line names code: a session directory that somebody sends names a
task that ships, or none that is loaded (`shipped`).
"""

import sys
from collections.abc import Mapping
from importlib import import_module, util
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from tttui.model.errors import RefusedInput
from tttui.model.here import absolute
from tttui.model.schema import POINT_MASS
from tttui.tasks.base import AnyTask

SHIPPED: Mapping[str, str] = {
    POINT_MASS: "tttui.tasks.pointmass.task:PointMass",
    "text": "tttui.tasks.text.task:TextTask",
    "hf": "tttui.tasks.hf.task:HfTask",
}
"""Tasks of tttui itself, by name."""

GROUP = "tttui.tasks"
"""Entry points by which installed packages offer tasks."""

EXTRAS: Mapping[str, tuple[str, ...]] = {"hf": ("transformers", "peft")}
"""What tasks need that tttui does without; they are offered where it is installed."""


def offered() -> tuple[str, ...]:
    """The names of the installed tasks: those that ship, and those of other packages."""
    own = [n for n in SHIPPED if all(util.find_spec(need) for need in EXTRAS.get(n, ()))]
    others = {entry.name for entry in entry_points(group=GROUP)} - set(SHIPPED)
    return (*own, *sorted(others))


def shipped(name: str) -> type[AnyTask] | None:
    """A task of tttui itself; None where there is none of that name."""
    return _imported(SHIPPED[name]) if name in SHIPPED else None


def find_task(called: str) -> type[AnyTask]:
    """The task of a name, `package.module:Class`, or `path/to/file.py:Class`.

    May run foreign code: `called` must come from the person. Raises RefusedInput.
    """
    if (task := shipped(called)) is not None:
        return task
    source, colon, name = called.rpartition(":")
    if colon and source.endswith(".py"):
        return _task(_loaded(Path(source)), name, called)
    if colon:
        return _imported(called)
    for entry in entry_points(group=GROUP, name=called):
        return _imported(entry.value)
    known = ", ".join([*SHIPPED, *(e.name for e in entry_points(group=GROUP))])
    raise RefusedInput(
        f"--task {called}: there is no such task; choose from {known}, or name one as "
        "package.module:Class or path/to/file.py:Class"
    )


def again(called: str) -> str:
    """The name of a task for another process: with the absolute path of its file."""
    source, colon, name = called.rpartition(":")
    return f"{absolute(Path(source))}:{name}" if colon and source.endswith(".py") else called


def _imported(called: str) -> type[AnyTask]:
    source, _, name = called.rpartition(":")
    try:
        return _task(import_module(source), name, called)
    except ImportError as error:
        raise RefusedInput(f"--task {called}: cannot be imported: {error}") from error


def _loaded(path: Path) -> Any:
    if not path.is_file():
        raise RefusedInput(f"--task {path}: there is no such file")
    spec = util.spec_from_file_location(f"tttui_task_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look up their module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise RefusedInput(f"--task {path}: cannot be loaded: {error!r}") from error
    return module


def _task(module: Any, name: str, called: str) -> type[AnyTask]:
    task = getattr(module, name, None)
    if not (isinstance(task, type) and issubclass(task, AnyTask)):
        raise RefusedInput(f"--task {called}: {name!r} is no subclass of tttui.tasks.base.Task")
    if abstract := getattr(task, "__abstractmethods__", ()):
        lacking = ", ".join(sorted(abstract))
        raise RefusedInput(f"--task {called}: {name} does not define {lacking}")
    return task

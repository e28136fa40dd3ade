"""The settings of a session of a task, and meta.json, which holds them all."""

import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import tttui
from tttui.model.adaptation import Adaptation, Conduct
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.setting import options
from tttui.tasks.base import AnyTask, Task
from tttui.tasks.find import shipped

RUN_KEYS = ("steps", "threads", "checkpoint_s", "history_mb", "weights_every")
"""Fields of Conduct that stand in `run_cfg`."""


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """Everything that determines the results of a session of a task, beside the task's files."""

    task: type[Task]
    own: Any
    """An instance of the task's `settings_type`."""
    adaptation: Adaptation
    conduct: Conduct

    @classmethod
    def chosen(cls, task: type[Task], values: Mapping[str, Any]) -> Self:
        """The task's defaults with some options changed, by name.

        Raises SettingError or RefusedInput where they cannot be.
        """
        own = {spec.name for spec in options(task.settings_type)}
        learns = {spec.name for spec in fields(Adaptation)}
        rest = dict(values)
        for one in options(task.settings_type):
            one.check(rest.get(one.name, one.default))
        made = task.settings_type(**{n: rest.pop(n) for n in list(rest) if n in own})
        adaptation = task.adaptation.updated({n: rest.pop(n) for n in list(rest) if n in learns})
        known = {spec.name for spec in fields(Conduct)}
        for name in rest:
            if name not in known:
                raise SettingError(name, f"the task {task.name} has no such setting")
        return cls(task, made, adaptation.validate(), Conduct(**rest).validate())

    @classmethod
    def recorded(cls, meta: Mapping[str, Any], where: Path, named: type[Task] | None) -> Self:
        """The settings of a session as its meta.json has them; `named` is the task that the person
        named, since a session never names one: that would run code of its sender.

        Raises RefusedInput naming the session.
        """
        task = task_of(meta, where, named)
        recorded_task = meta["task"]
        for key in ("plasticity_cfg", "run_cfg"):
            if not isinstance(meta.get(key), Mapping):
                raise RefusedInput(f"{where}: meta.json: {key} holds no settings")
        learns = {k: v for k, v in _part(meta, "plasticity_cfg").items() if k != "plastic"}
        run = {k: v for k, v in _part(meta, "run_cfg").items() if k in RUN_KEYS}
        values = {**_part(recorded_task, "settings"), **learns, **run}
        values |= {"seed": meta.get("seed"), "device": meta.get("device")}
        patterns = _part(meta, "plasticity_cfg").get("plastic")
        if not isinstance(patterns, list) or not all(isinstance(p, str) for p in patterns):
            raise RefusedInput(f"{where}: meta.json does not say which parameters are plastic")
        try:
            return cls.chosen(task, {**values, "plastic": ",".join(patterns)})
        except (TypeError, RefusedInput) as error:
            raise RefusedInput(f"{where}: meta.json: {error}") from error

    @property
    def patterns(self) -> tuple[str, ...]:
        """Patterns of the names of the plastic parameters."""
        own = self.task.plastic
        return self.conduct.patterns or ((own,) if isinstance(own, str) else tuple(own))

    def flat(self) -> dict[str, Any]:
        """All settings by name; `plastic` defaults to the task's own patterns."""
        own = {**asdict(self.own), **asdict(self.adaptation), **asdict(self.conduct)}
        return own | {"plastic": ",".join(self.patterns)}

    def meta(self, name: str, steps: int | None) -> dict[str, Any]:
        """What meta.json says of a new session with these settings."""
        run = {key: getattr(self.conduct, key) for key in RUN_KEYS}
        return {
            "session_id": name,
            "created_at_unix": time.time(),
            "seed": self.conduct.seed,
            "device": self.conduct.device,
            "tttui_version": tttui.__version__,
            "torch_version": version("torch"),
            "task": {
                "name": self.task.name,
                "version": self.task.version,
                "settings": asdict(self.own),
            },
            "loss": {
                "name": self.task.loss_name,
                "unit": self.task.unit,
                "lower_is_better": True,
            },
            "plasticity_cfg": {**asdict(self.adaptation), "plastic": list(self.patterns)},
            "run_cfg": {**run, "steps": steps},
            "parent_session_id": None,
            "root_session_id": name,
            "forked_at_t": None,
        }


def task_of(meta: Mapping[str, Any], where: Path, named: type[AnyTask] | None = None) -> type[Task]:
    """The task of a session: the one that the person named, or one that ships.

    Raises RefusedInput where it is another one.
    """
    recorded = meta.get("task")
    name = recorded.get("name") if isinstance(recorded, Mapping) else None
    if not isinstance(recorded, Mapping) or not isinstance(name, str):
        raise RefusedInput(f"{where}: meta.json does not say which task this is")
    task = named or shipped(name)
    if task is None:
        raise RefusedInput(
            f"{where}: its task {name!r} does not ship with tttui, and a session does not choose "
            "code to run; name it with --task package.module:Class or --task path/to/file.py:Class"
        )
    if task.name != name or not issubclass(task, Task):
        raise RefusedInput(f"{where}: is of the task {name!r}, not of {task.name!r}")
    if task.version != recorded.get("version"):
        raise RefusedInput(
            f"{where}: was run by version {recorded.get('version')!r} of its task, "
            f"this is {task.version!r}, which computes something else"
        )
    return task


def _part(meta: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = meta.get(key)
    return part if isinstance(part, Mapping) else {}

"""The base classes of a task: a model with plastic parameters, a stream of batches, a loss.

`AnyTask` is what commands and screens need of one: its name, its settings, and the runner of its
sessions. `Task` is one that the engine for any module runs; the point mass has its own.

Importing a task imports no torch, since the app builds its launch form from it.

A task of one's own subclasses `Task` and is named on the command line, as `package.module:Class`
or `path/to/file.py:Class`; `examples/own_task.py` is one.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tttui.model.adaptation import Adaptation, Conduct
from tttui.model.dataclass import dataclass
from tttui.model.setting import Group, Setting, option, options

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tttui.model.session import SessionData
    from tttui.model.steps import Trajectory, Yardstick


@dataclass(frozen=True, slots=True)
class NoSettings:
    """Settings of a task without settings."""


@dataclass(frozen=True, slots=True)
class Start:
    """Options of starting a session, which are not stored with it."""

    name: str = option("", "name of the session's directory", absent="from its settings")
    speed_limit: float | None = option(None, "steps a second", above=0.0, absent="no limit")
    paused: bool = option(False, "begin paused, to be stepped from the app")


COPIES = 8
"""Of all plastic weights in the files of a session: base, present ones, two checkpoints."""


class AnyTask:
    """A task as commands and screens see it."""

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    """Change it when a change of the code changes results."""
    loss_name: ClassVar[str] = "loss"
    unit: ClassVar[str] = ""
    runner: ClassVar[str] = "tttui.runs.taskrunner:TaskRunner"
    """Makes, resumes, forks and verifies its sessions (a `tttui.runs.runner.Runner`)."""
    trained_by: ClassVar[str] = ""
    """Trains its plastic parameters on data (a `tttui.runs.training.TaskTraining`)."""
    start_type: ClassVar[type[Start]] = Start
    first: ClassVar[tuple[str, ...]] = ("steps", "seed", "plastic", "optimizer", "lr", "device")
    """The settings that people change most: first in the launch form."""
    demo: ClassVar[Mapping[str, Any]] = {}
    """Settings of the session that `tttui demo` makes; empty for none."""
    demo_rate: ClassVar[float | None] = None
    """Steps a second at which the demo is watched."""
    memory_mb: ClassVar[int] = 400
    """Memory of a process that runs a session with the usual settings."""
    bytes_a_step: ClassVar[int] = 1000
    """Bytes on disk for one step with the usual settings, without snapshots of weights."""
    bytes_of_weights: ClassVar[int] = 0
    """Bytes of all plastic weights with the usual settings, where that is much."""

    base_setting: ClassVar[str] = ""
    """The setting that says where the base lies on this machine; '' where none is needed."""

    @classmethod
    def base_here(cls, sha256: str) -> str:
        """The path of a base by its hash, among those named on this machine, for a task with a
        `base_setting`.

        Raises RefusedInput if there is none.
        """
        raise NotImplementedError

    @classmethod
    def implied(cls, data: "SessionData") -> float:  # noqa: ARG003
        """The hidden quantity that the newest weights of a session imply (`Schema.hidden`).

        NaN if the task has none, or the weights do not determine it.
        """
        return nan

    @classmethod
    def yardsticks_on(
        cls,
        trajectory: "Trajectory",  # noqa: ARG003
        data: "SessionData",  # noqa: ARG003
    ) -> "Sequence[Yardstick]":
        """Yardsticks on the recorded trajectory of a session."""
        return ()

    @classmethod
    def base_of(cls, meta: Mapping[str, Any]) -> tuple[str, str]:
        """The hash of a session's base (`Task.base_sha256`), and its recorded path."""
        recorded = meta.get("base_model")
        if isinstance(recorded, Mapping) and isinstance(recorded.get("fingerprint"), str):
            return recorded["fingerprint"], str(recorded.get("path", ""))
        return f"version:{meta.get('base_version')}", cls.name

    @classmethod
    def groups(cls) -> tuple[Group, ...]:
        """All settings of a session, with the defaults that this task has."""
        raise NotImplementedError

    @classmethod
    def all_settings(cls) -> Mapping[str, Setting]:
        """All settings of a new session and its start, by name."""
        return {one.name: one for one in options(cls.start_type)} | cls.session_settings()

    @classmethod
    def session_settings(cls) -> dict[str, Setting]:
        """The settings that are stored with a session, by name."""
        settings = (one for group in cls.groups() for one in group.settings)
        return {one.name: one for one in settings if one.varies}

    @classmethod
    def forkable(cls) -> Sequence[str]:
        """Settings in which a fork may differ from its parent."""
        return [one.name for group in cls.groups() if not group.of_base for one in group.settings]

    @classmethod
    def wrong(cls, values: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG003
        """Problems of settings that are each in range, by name.

        Called at every key, so it must be quick.
        """
        return {}

    @classmethod
    def bytes_with(cls, steps: int, values: Mapping[str, Any]) -> float:
        """Estimated bytes on disk of a session."""
        snapshots = cls.bytes_of_weights * steps / values.get("weights_every", steps)
        history = min(snapshots, values.get("history_mb", 0) * 1e6)
        return float(steps * cls.bytes_a_step + history + COPIES * cls.bytes_of_weights)

    @classmethod
    def steps_with(cls, values: Mapping[str, Any]) -> int | None:
        """The steps of a session with these settings; None if unknown."""
        steps = values.get("steps")
        return steps if isinstance(steps, int) else None


class Task(AnyTask, ABC):
    """One session's task; made again from its settings and seed when the session is resumed.

    Its results must depend only on those, and on the files that `keep` put into the session's
    directory: then resume, fork and verify are exact.
    """

    settings_type: ClassVar[type[Any]] = NoSettings
    """A dataclass of fields made by `tttui.model.setting.option`: options of the command line."""
    adaptation: ClassVar[Adaptation] = Adaptation()
    """Default settings of learning."""
    plastic: ClassVar[str | tuple[str, ...]] = "*"
    """Default patterns of the names of plastic parameters."""
    item_losses: ClassVar[str] = ""
    """A file for the losses of the items of each batch, by both models; '' for none."""

    yardsticks: ClassVar[tuple[str, ...]] = ()
    """Losses of controls beside the frozen model; columns of series.csv. A name that ends with ` so
    far` is that of a value for all steps up to its own."""

    kept_files: ClassVar[tuple[str, ...]] = ()
    """Files that `keep` makes, which must not change."""

    def __init__(self, settings: Any, seed: int, directory: Path | None = None) -> None:
        """`directory` is that of an existing session."""
        self.settings, self.seed, self.directory = settings, seed, directory

    @classmethod
    def groups(cls) -> tuple[Group, ...]:
        return (
            Group.of("Task", cls.settings_type),
            Group.of("Update transaction", Adaptation, cls.adaptation),
            Group.of("Run", Conduct),
        )

    @classmethod
    def forkable(cls) -> Sequence[str]:
        run = ("seed", "steps", "device", "checkpoint_s", "history_mb")
        return ["file", *(one.name for one in options(Adaptation)), *run]

    @abstractmethod
    def model(self) -> "nn.Module":
        """The base, with the same weights at every call."""

    def prepared(self, plastic: Sequence[str]) -> tuple["nn.Module", Sequence[str]]:
        """The base ready to learn, and patterns of its plastic parameters.

        `plastic` is the option or the task's default; a task may define words for parts of its
        model or for added parameters.
        """
        return self.model(), plastic

    def scales(self) -> Mapping[str, "Tensor"]:
        """Factors of SGD's step size, by parameter name; default 1."""
        return {}

    @abstractmethod
    def batch(self, t: int) -> Any:
        """The batch of step t, a function of the seed and t alone."""

    @abstractmethod
    def loss(self, model: Any, batch: Any) -> "Tensor":
        """The loss of a model on a batch: one number, or those of its items."""

    def measured(self, t: int) -> Mapping[str, float]:
        """Yardsticks at step t, by name; costly ones only at some steps."""
        return {}

    @property
    def steps(self) -> int | None:
        """The number of steps known so far; None for an endless stream."""
        return None

    @property
    def arriving(self) -> str:
        """The source of further steps, such as `standard input`; '' if all have arrived."""
        return ""

    def take_in(self, *, wait: bool = False) -> bool:
        """Take in new data; with `wait` all data up to the end.

        Returns whether there was any.
        """
        return False

    def arrived(self) -> Mapping[str, Any]:
        """Keys for meta.json after the end of the stream."""
        return {}

    def forked(self, settings: Any, seed: int, t: int) -> "Task":
        """The task of a session that starts from what was learned here up to step t."""
        return type(self)(settings, seed)

    @property
    def base_sha256(self) -> str:
        """The identity of the base, whichever parameters are plastic; '': a hash of the plastic
        ones is used instead."""
        return ""

    @property
    def notes(self) -> Sequence[str]:
        """Notices for the person who starts a session, a line each."""
        return ()

    def keep(self, directory: Path) -> Mapping[str, Any]:
        """Copy what the task needs into the directory of a new session.

        Returns keys for its meta.json.
        """
        return {}

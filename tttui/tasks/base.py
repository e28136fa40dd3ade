"""What a task is: a model with plastic parameters, a stream of batches, and a loss with its unit.

`AnyTask` is what commands and screens need of one: its name, its settings, and the runner of its
sessions. `Task` is one that the engine for any module runs; the point mass has its own.

Importing a task imports no torch: the app makes its launch form of it.

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
    """The settings of a task that has none."""


@dataclass(frozen=True, slots=True)
class Start:
    """How a session is started; none of it stays with the session."""

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
    """What makes, resumes, forks and verifies its sessions (a `tttui.runs.runner.Runner`)."""
    trained_by: ClassVar[str] = ""
    """What trains its plastic parameters on data (a `tttui.runs.training.TaskTraining`)."""
    start_type: ClassVar[type[Start]] = Start
    first: ClassVar[tuple[str, ...]] = ("steps", "seed", "plastic", "optimizer", "lr", "device")
    """What people change most: first in the launch form."""
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
        """Where a base of this hash lies, of those that the person has named on this machine.

        Asked of a task with a `base_setting`. Raises RefusedInput where there is none.
        """
        raise NotImplementedError

    @classmethod
    def implied(cls, data: "SessionData") -> float:  # noqa: ARG003
        """The hidden quantity that the newest weights of a session imply (`Schema.hidden`).

        NaN where the task has none, or the weights do not tell it.
        """
        return nan

    @classmethod
    def yardsticks_on(
        cls,
        trajectory: "Trajectory",  # noqa: ARG003
        data: "SessionData",  # noqa: ARG003
    ) -> "Sequence[Yardstick]":
        """What could have been reached on the recorded trajectory of a session."""
        return ()

    @classmethod
    def base_of(cls, meta: Mapping[str, Any]) -> tuple[str, str]:
        """What the base of a session is known by (`Task.base_sha256`), and where it was."""
        said = meta.get("base_model")
        if isinstance(said, Mapping) and isinstance(said.get("fingerprint"), str):
            return said["fingerprint"], str(said.get("path", ""))
        return f"version:{meta.get('base_version')}", cls.name

    @classmethod
    def groups(cls) -> tuple[Group, ...]:
        """All settings of a session, with the defaults that this task has."""
        raise NotImplementedError

    @classmethod
    def all_settings(cls) -> Mapping[str, Setting]:
        """All that can be chosen for a new session, by name."""
        return {one.name: one for one in options(cls.start_type)} | cls.session_settings()

    @classmethod
    def session_settings(cls) -> dict[str, Setting]:
        """All that stays with a session, by name."""
        found = (one for group in cls.groups() for one in group.settings)
        return {one.name: one for one in found if one.varies}

    @classmethod
    def forkable(cls) -> Sequence[str]:
        """Settings that a fork may have otherwise than its parent."""
        return [one.name for group in cls.groups() if not group.of_base for one in group.settings]

    @classmethod
    def wrong(cls, values: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG003
        """What is wrong with settings of which each is in its range, by name.

        Asked at every key: it must be quick.
        """
        return {}

    @classmethod
    def bytes_with(cls, steps: int, values: Mapping[str, Any]) -> float:
        """About how many bytes a session of so many steps takes on the disk."""
        snapshots = cls.bytes_of_weights * steps / values.get("weights_every", steps)
        history = min(snapshots, values.get("history_mb", 0) * 1e6)
        return float(steps * cls.bytes_a_step + history + COPIES * cls.bytes_of_weights)

    @classmethod
    def steps_with(cls, values: Mapping[str, Any]) -> int | None:
        """How many steps a session with these settings runs; None where it cannot be told."""
        found = values.get("steps")
        return found if isinstance(found, int) else None


class Task(AnyTask, ABC):
    """One session's task; made again from its settings and seed when the session is resumed.

    Everything that it gives must follow from those, and from the files that `keep` put into the
    session's directory: then resume, fork and verify are exact.
    """

    settings_type: ClassVar[type[Any]] = NoSettings
    """A dataclass of fields made by `tttui.model.setting.option`: options of the command line."""
    adaptation: ClassVar[Adaptation] = Adaptation()
    """How it learns where nothing else is said."""
    plastic: ClassVar[str | tuple[str, ...]] = "*"
    """Patterns of the names of the plastic parameters where nothing else is said."""
    item_losses: ClassVar[str] = ""
    """A file for the losses of the items of each batch, by both models; '' for none."""

    yardsticks: ClassVar[tuple[str, ...]] = ()
    """What the losses are compared with beside the frozen model's; columns of series.csv. A name
    that ends with ` so far` is that of a value for all steps up to its own."""

    kept_files: ClassVar[tuple[str, ...]] = ()
    """Files that `keep` makes, which must stay what they are."""

    def __init__(self, settings: Any, seed: int, directory: Path | None = None) -> None:
        """`directory` is that of the session, where there is one already."""
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
        """The base: the same weights whenever it is called."""

    def prepared(self, plastic: Sequence[str]) -> tuple["nn.Module", Sequence[str]]:
        """The base ready to learn, and patterns of its plastic parameters.

        `plastic` is what the person said, or the task's own: a task may know words for parts of
        its model, or for parameters that are added to it.
        """
        return self.model(), plastic

    def scales(self) -> Mapping[str, "Tensor"]:
        """Factors of SGD's steps, by the name of a parameter; 1 where there is none."""
        return {}

    @abstractmethod
    def batch(self, t: int) -> Any:
        """What step t meets; from the seed and t alone, whatever was asked for before."""

    @abstractmethod
    def loss(self, model: Any, batch: Any) -> "Tensor":
        """The loss of a model on a batch: one number, or those of its items."""

    def measured(self, t: int) -> Mapping[str, float]:
        """Yardsticks at step t, by name; not all, and not at every step, where they cost much."""
        return {}

    @property
    def steps(self) -> int | None:
        """How many steps there are, as far as is known; None where there is no end."""
        return None

    @property
    def arriving(self) -> str:
        """What more steps may come from, such as `standard input`; '' where all are there."""
        return ""

    def take_in(self, *, wait: bool = False) -> bool:
        """Take in what has come since the last time; with `wait` up to the end of it all.

        Returns whether that is anything.
        """
        return False

    def arrived(self) -> Mapping[str, Any]:
        """Keys for meta.json, once nothing more arrives."""
        return {}

    def forked(self, settings: Any, seed: int, t: int) -> "Task":
        """The task of a session that starts from what was learned here up to step t."""
        return type(self)(settings, seed)

    @property
    def base_sha256(self) -> str:
        """What the base is known by, whichever of its parameters are plastic; '' where the task
        does not tell: then that is a hash of the plastic ones."""
        return ""

    @property
    def notes(self) -> Sequence[str]:
        """What the person who starts a session is told, a line each."""
        return ()

    def keep(self, directory: Path) -> Mapping[str, Any]:
        """Put what the task needs, and others may take away, into the directory of a new session.

        Returns keys for its meta.json.
        """
        return {}

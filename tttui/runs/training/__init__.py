"""Training on data, by task: the request, and the trainer made from it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import field
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.setting import Group
from tttui.model.training import TrainSettings
from tttui.tasks.base import AnyTask
from tttui.tasks.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Begin:
    """The version whose weights a training begins with."""

    name: str
    base_sha256: str
    weights: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """A request to train: task, data and settings."""

    root: Path
    values: Mapping[str, Any]
    """Settings of the task and its base, by name."""
    training: TrainSettings
    data: str = ""
    """A file or a directory; of the point mass the worlds: frictions, ranges, seeds."""
    include: str = ""
    """Patterns of names of files, with commas between."""
    begin: Begin | None = None
    base: str = ""
    """The file of a base that the person named."""
    device: str = "cpu"
    from_nothing: bool = False
    """A base, from random weights."""


@dataclass(frozen=True, slots=True)
class PreparedTraining:
    """A trainer that is ready, with the description of its version."""

    trainer: Trainer
    base_sha256: str
    base_source: str
    task_settings: Mapping[str, Any]
    settings: Mapping[str, Any]
    """How a session that starts from the version learns."""
    data_sha256: str
    about_data: str
    """`31 documents, 812 kB, 10 % held out`"""
    base_content: bytes | None = None
    fixed: Sequence[str] = ()
    """Weights of the trainer that do not learn: a version of a skill leaves them out."""
    notes: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


class TaskTraining(ABC):
    """How the plastic parameters of one task are trained on data."""

    defaults: ClassVar[TrainSettings]
    skip: ClassVar[Sequence[str]] = ()
    """Training settings that do not apply."""
    base_name: ClassVar[str] = ""
    """The name of weights trained from random ones; '' if the task has none."""
    takes_files: ClassVar[bool] = True
    """Whether the data are files; else they are worlds."""

    def __init__(self, task: type[AnyTask]) -> None:
        self.task = task

    @abstractmethod
    def groups(self) -> Sequence[Group]:
        """The settings of the task and its base that matter to a training."""

    @abstractmethod
    def why_not(self, data: str, values: Mapping[str, Any]) -> str:
        """A quick check of the data: the defect, or ''. Called at every key."""

    @abstractmethod
    def check(self, request: TrainingRequest) -> str:
        """Refuse quickly, without torch, what cannot be trained. Raises RefusedInput.

        Returns the sha256 of the base, '' where it takes longer to know.
        """

    @abstractmethod
    def ready(self, request: TrainingRequest) -> PreparedTraining:
        """Take in the data and make the trainer. Raises RefusedInput."""


def training_of(task: type[AnyTask]) -> TaskTraining:
    """How a task is trained. Raises RefusedInput where it is not."""
    if not task.trained_by:
        raise RefusedInput(
            f"--task {task.name}: is not trained on data; the tasks that ship are: pointmass, "
            "text, hf"
        )
    module, _, name = task.trained_by.partition(":")
    made: TaskTraining = getattr(import_module(module), name)(task)
    return made


def refuse_other_base(request: TrainingRequest, sha256: str, what: str) -> None:
    """Raise RefusedInput where the version to begin with stands on another base than `what`."""
    begin = request.begin
    if begin is not None and begin.base_sha256 != sha256:
        raise RefusedInput(
            f"--from {begin.name}: stands on the base {begin.base_sha256[:19]}, but {what} is "
            f"{sha256[:19]}; begin with a version over the same base"
        )

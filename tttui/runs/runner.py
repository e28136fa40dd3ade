"""The operations of commands on sessions of any task, as a runner that the task names.

`run`, `resume`, `fork`, `verify`, `demo` and the launch form ask for a runner and know no task.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Required, TypedDict, Unpack

from tttui.artifacts.lock import OnWait
from tttui.artifacts.meta import is_task_session, read_meta_of
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.schema import POINT_MASS
from tttui.model.session import Place
from tttui.model.setting import options
from tttui.runs.check import Check
from tttui.runs.owned import OwnedRun
from tttui.runs.start import FROM_WITH_PAST, Learned, StartWeights
from tttui.tasks.base import AnyTask
from tttui.tasks.find import again, find_task, shipped

if TYPE_CHECKING:
    from tttui.runs.turns import Host
    from tttui.runs.whatif.knobs import Turnable
    from tttui.runs.whatif.live import Live, PastStates
    from tttui.runs.whatif.luck import Pairs
    from tttui.runs.whatif.result import WhatIfRequest

OF_A_RUN = ("seed", "steps", "device", "threads", "checkpoint_s", "history_mb", "weights_every")
"""Settings that say how long and where a session runs, and nothing of what it learns."""

Progress = Callable[[int, int], None]
"""Called with the step reached and the step to reach."""


@dataclass(frozen=True, slots=True)
class ReadyRun:
    """A session that is ready to run."""

    path: Path
    hold: Callable[[], tuple[OwnedRun, int]]
    """Take the session; returns it with the step up to which it runs. Called at most once."""
    run: OwnedRun | None = None
    """The run, if it is held already."""
    needs_base: bool = False
    """Whether its base must be trained first."""
    notices: Sequence[str] = ()
    """Notices for the person before it runs, a line each."""

    @classmethod
    def of(cls, run: OwnedRun, until: int, notices: Sequence[str] = ()) -> "ReadyRun":
        """A ready run of a held session."""
        return cls(run.path, lambda: (run, until), run, notices=(*notices, *run.notices))


class NewOptions(TypedDict, total=False):
    """How a session is made."""

    detached: Required[bool]
    """Another process is to run it."""
    start: StartWeights | None
    """Weights with which it begins, where these are not its own."""


class ResumeOptions(TypedDict, total=False):
    """Options of a resume."""

    name: str | None
    """The name of the directory in which a foreign session continues."""
    more_steps: int | None
    """Further steps; None: up to the planned step."""
    changes: Required[Mapping[str, Any]]
    """Settings that change, by name."""
    override: bool
    """Allow changes that contradict the recorded history."""
    on_wait: OnWait | None
    """As for `SessionLock`."""


class ForkOptions(TypedDict, total=False):
    """Options of a fork."""

    at: int | None
    """The step whose weights it starts with; None: the last one."""
    name: str | None
    changes: Required[Mapping[str, Any]]
    """Settings that differ from the parent's, by name."""
    from_run: str | None
    """The run of a store's session to fork from."""
    with_past: bool
    """The fork equals its parent up to that step, with `changes` from there on."""
    start: StartWeights | None
    """Weights with which it begins instead of the parent's, in the parent's world."""


def fork_of(
    how: ForkOptions,
) -> tuple[int | None, str | None, Mapping[str, Any], StartWeights | None]:
    """Step, name, changes and weights of a fork. Raises RefusedInput where they contradict."""
    start = how.get("start")
    if how.get("with_past") and start is not None:
        raise RefusedInput(FROM_WITH_PAST)
    return how.get("at"), how.get("name"), how["changes"], start


class Runner(ABC):
    """Makes, resumes and checks the sessions of one task."""

    def __init__(self, task: type[AnyTask], called: str | None = None) -> None:
        """`called` is the typed name of a task that does not ship."""
        self.task = task
        self.words: tuple[str, ...] = ("--task", again(called)) if called else ()
        """What other processes need on their command lines to find the task."""

    @abstractmethod
    def choose(self, values: Mapping[str, Any]) -> Any:
        """The settings of a new session with some chosen by name.

        Raises SettingError, or RefusedInput that begins with the name of a setting.
        """

    @abstractmethod
    def flat(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """All settings by name, with some chosen. Raises as `choose`."""

    @abstractmethod
    def forked(self, meta: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
        """The default settings of a fork of a session, by name.

        Raises RefusedInput naming the session.
        """

    @abstractmethod
    def new(self, root: Path, values: Mapping[str, Any], **how: Unpack[NewOptions]) -> ReadyRun:
        """Make a session; `values` are settings and what `task.start_type` holds.

        Raises RefusedInput where they, or the weights that it is to begin with, do not fit.
        """

    @abstractmethod
    def resume(self, place: Place, root: Path, **how: Unpack[ResumeOptions]) -> ReadyRun:
        """Continue a session, by default to the step that it was begun for."""

    @abstractmethod
    def fork(self, place: Place, root: Path, **how: Unpack[ForkOptions]) -> OwnedRun:
        """Make, and hold, a session that starts with the weights of another at a step."""

    @abstractmethod
    def learned(
        self, place: Place, *, at: int | None = None, from_run: str | None = None
    ) -> Learned:
        """The weights of a session at a step, by default its last. Raises RefusedInput."""

    @abstractmethod
    def verify(self, place: Place, progress: Progress | None = None) -> list[Check]:
        """Replay a session; returns one Check per file."""

    @abstractmethod
    def turnable(self) -> "Turnable":
        """The settings that a what-if can change."""

    @abstractmethod
    def live(self, request: "WhatIfRequest", known: "PastStates") -> "Live":
        """The session of a what-if, computed in memory.

        Raises RefusedInput, TttuiError or OSError.
        """

    @abstractmethod
    def pairs(self, request: "WhatIfRequest", total: int) -> "Pairs":
        """Pairs of sessions that compare the recorded with the changed settings, at most `total`.

        Raises as `live`.
        """

    @abstractmethod
    def host(self, settings: Any, base: Mapping[str, Any] | None) -> "Host":
        """A host that runs several sessions with these settings in turns.

        `base` are the weights of a base that the settings do not name.
        """

    def carried(
        self, settings: Mapping[str, Any], task_settings: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The settings that a new session inherits with its weights: model and learning, but no
        input files or machine settings."""
        known = self.task.session_settings()
        names = [n for n, one in known.items() if one.kind != "file" and n not in OF_A_RUN]
        return {k: v for k, v in {**task_settings, **settings}.items() if k in names}

    def preparation(self, root: Path, values: Mapping[str, Any]) -> str:
        """The work before the first step, with its time; '' if none."""
        return ""

    def upon(self, like: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The settings of a parent, overridden by others."""
        return {**like, **values}

    def wrong(self, values: Mapping[str, Any], like: Mapping[str, Any]) -> Mapping[str, str]:
        """Problems of settings that are each in range, by name; quick.

        `like` are those of a fork's parent.
        """
        settings = self.task.all_settings()
        try:
            flat = self.flat(self.upon(like, values))
        except RefusedInput as error:
            name, _, reason = str(error).partition(": ")
            wrong = {name: reason} if name in settings else {"": str(error)}
            return {**self.task.wrong(values), **wrong}
        # What the parent has read need not be there any more.
        files = {name for name, one in settings.items() if one.kind == "file"} if like else set()
        known = {name: value for name, value in flat.items() if name not in files}
        return self.task.wrong({**known, **values})

    def _settings_in(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values without options of the start."""
        start = {one.name for one in options(self.task.start_type)}
        return {name: value for name, value in values.items() if name not in start}


def runner_of(task: type[AnyTask], called: str | None = None) -> Runner:
    """The runner that a task names."""
    module, _, name = task.runner.partition(":")
    made: Runner = getattr(import_module(module), name)(task, called)
    return made


def named_runner(called: str) -> Runner:
    """The runner of a task by its typed name. Raises RefusedInput."""
    return runner_of(find_task(called), called if shipped(called) is None else None)


def session_runner(place: Place, called: str | None = None) -> Runner:
    """The runner of a session; `called` is its task, where that does not ship.

    A session that names no task is of the point mass. Raises RefusedInput: a session itself names
    no code to run.
    """
    named = find_task(called) if called else None
    try:
        meta = read_meta_of(place.path) if place.layout == "native" else {}
    except TttuiError:
        meta = {}
    if is_task_session(meta):
        from tttui.runs.tasksettings import task_of

        return runner_of(task_of(meta, place.path, named), called)
    task = shipped(POINT_MASS)
    assert task is not None
    if named not in (None, task):
        raise RefusedInput(f"--task {called}: {place.path} is a session of the point mass")
    return runner_of(task)

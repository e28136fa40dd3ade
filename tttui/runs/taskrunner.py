"""The runner of tasks that the engine for any module computes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

from tttui.model.errors import RefusedInput
from tttui.model.session import Place
from tttui.runs.check import Check
from tttui.runs.naming import free_directory, make_in, named_directory
from tttui.runs.owned import OwnedRun
from tttui.runs.runner import (
    ForkOptions,
    NewOptions,
    Progress,
    ReadyRun,
    ResumeOptions,
    Runner,
    fork_of,
)
from tttui.runs.start import Learned
from tttui.runs.tasksettings import TaskSettings
from tttui.tasks.base import Task

if TYPE_CHECKING:
    from tttui.runs.turns import Host
    from tttui.runs.whatif.knobs import Turnable
    from tttui.runs.whatif.live import Live, PastStates
    from tttui.runs.whatif.luck import Pairs
    from tttui.runs.whatif.result import WhatIfRequest


class TaskRunner(Runner):
    """Imports torch when it computes, and never before."""

    @property
    def _task(self) -> type[Task]:
        return cast(type[Task], self.task)

    def choose(self, values: Mapping[str, Any]) -> TaskSettings:
        return TaskSettings.chosen(self._task, self._settings_in(values))

    def flat(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.choose(values).flat()

    def forked(self, meta: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
        settings = TaskSettings.recorded(meta, place.path, self._task)
        return {**settings.flat(), "seed": settings.conduct.seed + 1, "steps": None}

    def new(self, root: Path, values: Mapping[str, Any], **how: Unpack[NewOptions]) -> ReadyRun:
        from tttui.runs.creating import Origin
        from tttui.runs.taskbuild import build_task_session
        from tttui.runs.taskrun import TaskRun

        settings, name, start = self.choose(values), values.get("name"), how.get("start")

        def directory() -> Path:
            if name is None:
                return free_directory(root, self.task.name)
            return named_directory(root, name)

        def make(path: Path) -> ReadyRun:
            origin = Origin(started_from=start.recorded) if start is not None else None
            task = build_task_session(path, settings, origin=origin, start=start)

            def hold() -> tuple[OwnedRun, int]:
                run = TaskRun.open(path, task=self._task)
                return run, run.steps_total

            return ReadyRun(path, hold, notices=tuple(task.notes))

        return make_in(name, directory, make)

    def resume(self, place: Place, root: Path, **how: Unpack[ResumeOptions]) -> ReadyRun:
        from tttui.runs.taskresume import resume_task

        run, until = resume_task(
            place.path,
            task=self._task,
            more_steps=how.get("more_steps"),
            changes=how["changes"],
            override=how.get("override", False),
            on_wait=how.get("on_wait"),
        )
        return ReadyRun.of(run, until)

    def fork(self, place: Place, root: Path, **how: Unpack[ForkOptions]) -> OwnedRun:
        from tttui.runs.taskfork import fork_task, fork_task_with_past

        at, name, changes, start = fork_of(how)
        if how.get("from_run") is not None or "preset" in changes:
            raise RefusedInput("--preset and --from-run are for sessions of the point mass")
        if how.get("with_past") and at is not None:
            return fork_task_with_past(
                place.path, root, at=at, name=name, changes=changes, task=self._task
            )
        return fork_task(
            place.path, root, at=at, name=name, changes=changes, task=self._task, start=start
        )

    def learned(
        self, place: Place, *, at: int | None = None, from_run: str | None = None
    ) -> Learned:
        from tttui.runs.tasklearned import learned_by

        if from_run is not None:
            raise RefusedInput("--from-run is for sessions of the point mass")
        return learned_by(place.path, at=at, task=self._task)

    def turnable(self) -> "Turnable":
        from tttui.runs.whatif.knobs import TaskTurnable

        return TaskTurnable(self._task.settings_type)

    def live(self, request: "WhatIfRequest", known: "PastStates") -> "Live":
        from tttui.runs.whatif.anytask import live_branch

        return live_branch(request, known)

    def pairs(self, request: "WhatIfRequest", total: int) -> "Pairs":
        from tttui.runs.whatif.anytask import pairs

        return pairs(request, total)

    def host(self, settings: TaskSettings, base: Mapping[str, Any] | None) -> "Host":
        from tttui.runs.turns import TaskHost

        return TaskHost(settings)

    def verify(self, place: Place, progress: Progress | None = None) -> list[Check]:
        from tttui.runs.taskverify import verify_task

        return verify_task(place.path, task=self._task, progress=progress)

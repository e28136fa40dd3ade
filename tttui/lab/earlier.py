"""Resuming a job from an earlier checkpoint: what that replaces, and what stays.

Checkpoints of later steps are removed, the curves are cut at its step when the job goes on. A
complete job keeps its results as results-N.json, and the version that it made stays as it is.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tttui.artifacts.atomic import write_error
from tttui.artifacts.jsonfile import number, read_object
from tttui.artifacts.regular import refuse_link
from tttui.lab import checkpoints
from tttui.lab.job import RESULTS, Job
from tttui.lab.kinds.base import JobKind
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError

_EARLIER = re.compile(r"results-[1-9][0-9]{0,8}\.json")


@dataclass(frozen=True, slots=True)
class Earlier:
    """A named checkpoint from which a job that has ended is to go on."""

    job: Job
    checkpoint: checkpoints.JobCheckpoint
    later: tuple[str, ...]
    """Checkpoints that are removed, the newest first."""
    progress: float | None
    """How far the job is then, from 0 to 1."""
    version: str = ""
    """The version that the job has registered, which stays."""

    @classmethod
    def of(cls, job: Job, kind: JobKind, name: str) -> Self:
        """Load a named checkpoint. Raises RefusedInput if the job cannot resume from it."""
        if not kind.saves:
            raise RefusedInput(
                f"job {job.short} is a {job.kind}, which saves no named checkpoints; leave out "
                "--checkpoint"
            )
        if job.state == "completed" and kind.only_once:
            raise RefusedInput(f"job {job.short} is a complete {job.kind}: {kind.only_once}")
        loaded = checkpoints.load(job.path, name, lambda _line: None)
        assert loaded is not None
        results: Mapping[str, Any] = {}
        with suppress(TttuiError, OSError):
            results = read_object(job.path / RESULTS)
        steps, version = number(results.get("steps")), results.get("version")
        if job.state == "completed" and steps is not None and loaded.step >= steps:
            there = ", ".join(n for n in checkpoints.names(job.path) if n != name) or "none"
            raise RefusedInput(
                f"checkpoint {name} is of step {loaded.step}, the last one: nothing comes after "
                f"it; there are: {there}"
            )
        return cls(
            job,
            loaded,
            tuple(checkpoints.later(job.path, loaded)),
            min(1.0, loaded.step / steps) if job.state == "completed" and steps else job.progress,
            version if isinstance(version, str) and job.state == "completed" else "",
        )

    @property
    def replaced(self) -> str:
        """What going on replaces and what it keeps, in one line for a person."""
        name, step = self.checkpoint.name, self.checkpoint.step
        text = f"resumes from {name}, step {step}: its curves are cut there"
        if self.later:
            text += f", later checkpoints ({', '.join(self.later)}) are replaced"
        if self.job.state == "completed":
            name = f"results-{len(earlier_results(self.job.path)) + 1}.json"
            text += f", its results are kept as {name}"
        if self.version:
            text += f"; {self.version} stays as it is, and a new version comes of it"
        return text

    def go_back(self) -> None:
        """Replace what `replaced` says, but for the curves. Raises TttuiError.

        Whoever is killed in between may ask for the same again.
        """
        if self.job.state == "completed":
            results = self.job.path / RESULTS
            renamed = results.with_name(f"results-{len(earlier_results(self.job.path)) + 1}.json")
            try:
                refuse_link(results)
                os.replace(results, renamed)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise write_error(renamed, error) from error
        checkpoints.go_back(self.job.path, self.checkpoint)


def earlier_results(directory: Path) -> list[str]:
    """The results files of a complete job from before it was resumed."""
    try:
        return sorted(name for name in os.listdir(directory) if _EARLIER.fullmatch(name))
    except OSError:
        return []

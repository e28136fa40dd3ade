"""Registering the weights of a session or a job."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tttui.lab.job import Job
from tttui.lab.jobs import results
from tttui.lab.registry.finding import resolve
from tttui.lab.registry.registering import register
from tttui.lab.registry.version import BaseRef, Version
from tttui.model.errors import RefusedInput
from tttui.model.here import absolute
from tttui.model.schema import POINT_MASS
from tttui.model.session import Place
from tttui.runs.runner import Runner
from tttui.runs.start import STARTED_FROM, Learned


def register_session(
    root: Path,
    place: Place,
    skill: str,
    runner: Runner,
    *,
    at: int | None = None,
    from_run: str | None = None,
    command: Sequence[str],
) -> Version:
    """Register the weights of a session at step `at`, by default its last, as a version.

    Raises RefusedInput if the session does not hold them.
    """
    learned = runner.learned(place, at=at, from_run=from_run)
    return register(
        root,
        skill,
        learned.tensors,
        task=learned.task,
        task_settings=learned.task_settings,
        settings=learned.settings,
        base=BaseRef(learned.base_sha256, learned.base_source, learned.base_content),
        origin={
            "kind": "session",
            "id": place.name,
            "path": str(absolute(place.path)),
            "step": learned.step,
            "seed": learned.seed,
            "data": learned.data,
            "parents": _parents(learned),
        },
        results=_measured(learned, at),
        command=command,
    )


def register_job(root: Path, job: Job, skill: str, *, command: Sequence[str]) -> Version:
    """Register the result of a job as a version: the base that it trained, or its version under
    another name.

    Raises RefusedInput if it has none.
    """
    result = results(job)
    origin = {"kind": "job", "id": job.handle, "path": str(absolute(job.path)), "parents": []}
    name, base = result.get("version"), result.get("base")
    if job.kind == "train" and isinstance(name, str):
        version = resolve(root, name)
        if version.skill == skill:
            raise RefusedInput(f"job {job.short} is registered already, as {version.name}")
        return _again(root, version, skill, command)
    if job.kind == "pretrain" and isinstance(base, str):
        if job.state != "completed":
            raise RefusedInput(f"job {job.short} is {job.state}; wait until it is completed")
        return _register_base(root, Path(base), skill, result, origin, command)
    raise RefusedInput(
        f"job {job.short} is a {job.kind}: it makes no weights; register a session, or a job that "
        "trains"
    )


def _register_base(
    root: Path,
    path: Path,
    skill: str,
    result: Mapping[str, Any],
    origin: Mapping[str, Any],
    command: Sequence[str],
) -> Version:
    from tttui.model.pointmass.settings import OWNER, Settings
    from tttui.tasks.pointmass.runs.base import read_base

    cfg = {**result.get("cfg", {})} if isinstance(result.get("cfg"), dict) else {}
    known = {k: v for k, v in cfg.items() if k in OWNER}
    settings = Settings().updated(known)
    base = read_base(path, settings.model)
    if base.sha256 != result.get("sha256"):
        raise RefusedInput(f"{path}: is another base than the job trained; train it again")
    return register(
        root,
        skill,
        base.weights,
        task=POINT_MASS,
        task_settings=dict(settings.flat()) | dict(known),
        settings={},
        base=BaseRef(base.sha256, str(path), base.content),
        origin={**origin, "step": result.get("steps"), "seed": cfg.get("pretrain_seed")},
        results={"loss": result.get("final_loss")},
        command=command,
        type="base",
    )


def _again(root: Path, version: Version, skill: str, command: Sequence[str]) -> Version:
    """The same weights under another name."""
    return register(
        root,
        skill,
        version.stored(),
        task=version.task,
        task_settings=version.task_settings,
        settings=version.settings,
        base=BaseRef(version.base_sha256, version.base_source),
        origin=version.origin,
        results=version.results,
        command=command,
        type=version.type,
    )


def _parents(learned: Learned) -> list[str]:
    start = learned.meta.get(STARTED_FROM)
    version = start.get("version") if isinstance(start, Mapping) else None
    return [version] if isinstance(version, str) else []


def _measured(learned: Learned, at: int | None) -> dict[str, Any]:
    """The metrics of a session whose last weights are registered."""
    if at is not None:
        return {}
    return {k: v for k, v in learned.metrics.items() if isinstance(v, int | float)}

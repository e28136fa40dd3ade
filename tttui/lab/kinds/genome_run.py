"""Sessions of several skills on one base in one process, in turns, under a budget of memory."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import write_whole
from tttui.lab.context import Context
from tttui.lab.evaluation.contest import Contest, ContestEntry
from tttui.lab.evaluation.streams import HeldOutStream
from tttui.lab.genome.serving import Serving, WeightsReader
from tttui.lab.kinds.base import JobKind
from tttui.lab.registry import resolve
from tttui.model.errors import RefusedInput
from tttui.model.schema import POINT_MASS
from tttui.runs.turns import host_of


class GenomeRun(JobKind):
    """Its settings are those of a `Contest` on one stream; `turn` (steps) and `budget` (bytes)."""

    name = "genome_run"
    collection = "genomes"
    command = ("genome", "run")

    def run(self, context: Context) -> None:
        context.doing("reads the base")
        contest = Contest.of(context.settings)
        (stream,) = contest.streams_of(context.root)
        (first,) = replace(contest, entries=contest.entries[:1]).contenders(context.root)
        values = {**first.values, **_settings(stream, context.directory)}
        serving = Serving(
            context,
            host_of(contest.task, values, _base(first, values)),
            {entry.name: _weights(context.root, entry) for entry in contest.entries},
            budget=context.settings["budget"],
            turn=context.settings["turn"],
        )
        serving.run()
        context.results({"stream": stream.name, **serving.results()})
        serving.clear()


def check(root: Path, contest: Contest) -> HeldOutStream:
    """Raise RefusedInput where skills cannot share a base; returns the stream that all read."""
    versions = {
        entry.name: resolve(root, called)
        for entry in contest.entries
        if (called := entry.version or entry.as_version)
    }
    (first, one), *others = versions.items()
    for name, other in others:
        if other.base_sha256 != one.base_sha256:
            raise RefusedInput(
                f"{first} stands on the base {one.base_sha256[:12]}, {name} on "
                f"{other.base_sha256[:12]}; only skills over one base share it"
            )
        if other.shapes != one.shapes:
            raise RefusedInput(
                f"{first} and {name} have other parameters, or of other shapes, which one learner "
                "cannot take in turns"
            )
    (stream,) = contest.streams_of(root)
    return stream


def _settings(stream: HeldOutStream, directory: Path) -> Mapping[str, Any]:
    """The settings that a stream fixes; copies a part of a document into the job's directory."""
    if "begin" not in stream.values:
        return stream.settings
    path = directory / f"stream{Path(stream.values['file']).suffix}"
    write_whole(path, stream.part())
    return {**stream.settings, "file": str(path)}


def _base(contender: Any, values: Mapping[str, Any]) -> Any:
    if contender.task != POINT_MASS:
        return None
    from tttui.lab.evaluation.worlds import base_of
    from tttui.runs.runner import named_runner

    return base_of(contender, named_runner(contender.task).choose(values))


def _weights(root: Path, entry: ContestEntry) -> WeightsReader:
    return lambda: resolve(root, entry.version).tensors() if entry.version else None


KIND = GenomeRun()

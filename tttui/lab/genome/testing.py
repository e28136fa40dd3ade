"""Testing a composition: against its parents and the base, all on the same held-out streams."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tttui.lab.evaluation.contest import BASE, Contest, ContestEntry
from tttui.lab.evaluation.streams import DecidingLoss, usual_count
from tttui.lab.genome.composing import Composition, composition_of
from tttui.lab.job import Job
from tttui.lab.registry import Version, resolve, results_of
from tttui.lab.starting import start
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.tasks.find import find_task

RESULT = "genome"
"""The key of what a test has found, beside a version."""

ITS_OWN = ("seed", "steps", "file", "rank", "alpha", "targets", "plastic")
"""Settings that the streams decide, or the shapes of a version's weights."""


@dataclass(frozen=True)
class GenomeContest(Contest):
    """A contest in which only the composition, which comes first, is compared with the others. So
    few comparisons keep the simultaneous intervals narrow."""

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return [(0, i) for i in range(1, len(self.entries))]


def contest_of(
    root: Path,
    version: Version,
    composition: Composition,
    *,
    shared: Mapping[str, Any],
    streams: int,
    seed: int,
    data: str,
    by: DecidingLoss,
) -> GenomeContest:
    """A composition, its parents and the base, all with the settings of the composition.

    Raises RefusedInput for a parent that is gone, or has other weights by now.
    """
    entries = [ContestEntry(version.name, version=version.name)]
    for parent in parents_there(root, version, composition):
        values = _settings_of_composition(version, parent)
        entries.append(ContestEntry(parent.name, values, version=parent.name))
    entries.append(ContestEntry(BASE, as_version=version.name))
    return GenomeContest(version.task, tuple(entries), shared, streams, seed, data, by)


def parents_there(root: Path, version: Version, composition: Composition) -> list[Version]:
    """The parents as they were merged. Raises RefusedInput where one is not there any more."""
    parents = []
    for parent in composition.parents:
        there = resolve(root, parent.version)
        if there.weights_sha256 != parent.weights_sha256:
            raise RefusedInput(
                f"{there.name} has other weights than those that {version.name} was composed of; "
                "compose it again"
            )
        parents.append(there)
    return parents


def _settings_of_composition(version: Version, parent: Version) -> dict[str, Any]:
    """The composition's values of the settings in which a parent differs."""
    from tttui.tasks.find import find_task

    ours = {**version.task_settings, **version.settings}
    theirs = {**parent.task_settings, **parent.settings}
    known = find_task(version.task).session_settings()
    return {
        name: ours.get(name, known[name].default)
        for name, value in theirs.items()
        if name in known and name not in ITS_OWN and ours.get(name) != value
    }


def judged(result: Mapping[str, Any], by: DecidingLoss) -> dict[str, Any]:
    """The verdict on a composition from the results of its contest: the best parent, and a sentence
    for each comparison. The best parent is the one with the lowest median loss on the same streams.
    """
    pairs = {one["b"]: one for one in result["pairs"]}
    genome = result["pairs"][0]["a"]
    losses = {one["name"]: one[by] for one in result["contenders"]}
    parents = [name for name in pairs if name != BASE]
    best = min(parents, key=lambda name: float("inf") if losses[name] is None else losses[name])
    outcome = pairs[best]["outcome"]
    verdict = {
        "worse": f"{genome} loses to its best parent, {best}",
        "better": f"{genome} is better than its best parent, {best}",
        "no difference": f"{genome} is no better and no worse than its best parent, {best}",
        "too few": f"too few streams to tell {genome} from its best parent, {best}",
    }[outcome]
    return {
        "outcome": outcome,
        "best_parent": best,
        "verdict": verdict,
        "sentences": [verdict, *(one["verdict"] for one in pairs.values())],
        "losses": losses,
        "streams": result["streams"],
        "streams_are": result["streams_are"],
    }


def start_test(root: Path, version: Version, *, command: Sequence[str]) -> Job:
    """Start the job that tests a composition with the command's defaults."""
    composition = composition_of(version)
    if composition is None:
        raise RefusedInput(f"{version.name} is no composition")
    contest = contest_of(
        root,
        version,
        composition,
        shared={},
        streams=usual_count(find_task(version.task)),
        seed=0,
        data="",
        by="whole",
    )
    contest.check(root)
    words = list(command)
    return start(root, "genome_test", {**contest.settings(), "words": words}, command=words)


def newest_test(root: Path, version: Version) -> Mapping[str, Any] | None:
    """The result of the newest test of a composition; None without one."""
    tests = [one["result"] for one in results_of(root, version) if one["key"] == RESULT]
    return tests[-1] if tests else None

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
    """The composition comes first and is compared with each of the others, and with nothing else:
    so the intervals are no wider than they have to be to hold together."""

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
    found = []
    for parent in composition.parents:
        there = resolve(root, parent.version)
        if there.weights_sha256 != parent.weights_sha256:
            raise RefusedInput(
                f"{there.name} has other weights than those that {version.name} was composed of; "
                "compose it again"
            )
        found.append(there)
    return found


def _settings_of_composition(version: Version, parent: Version) -> dict[str, Any]:
    """What a parent has otherwise than the composition, as the composition has it."""
    from tttui.tasks.find import find_task

    ours = {**version.task_settings, **version.settings}
    theirs = {**parent.task_settings, **parent.settings}
    known = find_task(version.task).session_settings()
    return {
        name: ours.get(name, known[name].default)
        for name, value in theirs.items()
        if name in known and name not in ITS_OWN and ours.get(name) != value
    }


def judged(found: Mapping[str, Any], by: DecidingLoss) -> dict[str, Any]:
    """What a contest says of a composition, from its results: its best parent, and a sentence for
    each comparison. The best parent is the one with the lowest median loss on the same streams."""
    pairs = {one["b"]: one for one in found["pairs"]}
    genome = found["pairs"][0]["a"]
    losses = {one["name"]: one[by] for one in found["contenders"]}
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
        "streams": found["streams"],
        "streams_are": found["streams_are"],
    }


def start_test(root: Path, version: Version, *, command: Sequence[str]) -> Job:
    """Start the job that tests a composition as the command does where nothing else is said."""
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
    """What the newest test of a composition has found; None where there was none."""
    found = [one["result"] for one in results_of(root, version) if one["key"] == RESULT]
    return found[-1] if found else None

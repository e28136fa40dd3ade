"""Benchmarks and A/B tests: the history of results, and one contest in detail."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.eventlog import LAB
from tttui.artifacts.jsonfile import read_object
from tttui.lab.evaluation.history import HISTORY, Step, read, steps
from tttui.lab.evaluation.statistics import PairedComparison, paired, simultaneous
from tttui.lab.job import RESULTS, Job
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.store.lab.feed import LabFeed, file_state
from tttui.store.snapshot import Part

KINDS = ("benchmark", "abtest")
"""The kinds of jobs that are contests."""


@dataclass(frozen=True, slots=True, eq=False)
class Benchmarks:
    """The history of all results, and the shown contest."""

    history: Sequence[Step] = ()
    """In order of time."""
    path: Path | None = None
    """The directory of the shown job."""
    results: Mapping[str, Any] | None = None
    """Its results.json, once it is complete."""
    progress: str = ""
    """Its progress, or why there is nothing to show."""
    values: Sequence[Floats] = field(default_factory=tuple[Floats, ...])
    """The loss that decides, of each contender on each stream, in the order of the ranking."""
    compared: Mapping[tuple[int, int], PairedComparison] = field(
        default_factory=dict[tuple[int, int], PairedComparison]
    )
    """Each contender against each other, with the intervals of the ranking."""

    @property
    def contenders(self) -> Sequence[Mapping[str, Any]]:
        """In the order of the ranking."""
        return () if self.results is None else self.results["contenders"]


BENCHMARKS = Part("benchmarks", Benchmarks())


class BenchmarksFeed(LabFeed[Benchmarks]):
    """Reads the history, and the results of the job that `choose` names."""

    part = BENCHMARKS

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._path: Path | None = None
        self._seen: object = None

    def choose(self, job: Job | None) -> None:
        """Show the results of this job from now on."""
        self._path = None if job is None else job.path

    def refresh(self, now: float) -> Benchmarks:
        files = [self.root / LAB / HISTORY]
        files += [] if self._path is None else [self._path / RESULTS]
        seen = (self._path, *(file_state(path) for path in files))
        if seen == self._seen:
            return self.value
        before, self._seen = self.value, seen
        try:
            history = steps(read(self.root))
        except TttuiError:
            history = list(before.history)
        if self._path is None:
            return Benchmarks(history)
        return contest(history, self._path)


def contest(history: Sequence[Step], path: Path) -> Benchmarks:
    """The results in the directory of a job, with all comparisons worked out."""
    try:
        results = read_object(path / RESULTS)
    except FileNotFoundError:
        return Benchmarks(history, path, progress="no part is computed yet")
    except (TttuiError, OSError) as error:
        return Benchmarks(history, path, progress=str(error))
    if results.get("complete") is not True:
        done, total = results.get("parts", 0), results.get("parts_in_all", "?")
        return Benchmarks(history, path, progress=f"{done} of {total} parts are computed")
    try:
        values = [_values(one) for one in results["contenders"]]
        level = simultaneous(int(results["comparisons"]))
        unit = str(results.get("unit", ""))
        compared = {}
        for i, j in combinations(range(len(values)), 2):
            one = paired(values[i], values[j], ratio=not unit, unit=unit, level=level)
            compared[i, j], compared[j, i] = one, one.turned
        _check(results)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{RESULTS} is damaged ({error!r}); run the benchmark again"
        return Benchmarks(history, path, progress=why)
    return Benchmarks(history, path, results, values=values, compared=compared)


def _check(results: Mapping[str, Any]) -> None:
    """Raise if a key that is drawn is missing."""
    for one in results["contenders"]:
        str(one["name"]), int(one["rank"])
        if "prompts" in results:
            [(str(a["text"]), str(a["error"])) for a in one["answers"]]
    str(results["verdict"]), int(results["streams"])


def _values(one: Mapping[str, Any]) -> Floats:
    values = one["values"] if "values" in one else [a["first_s"] for a in one["answers"]]
    return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)

"""The curves of several jobs: metrics.csv of each, at the cost of the rows that came."""

from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import Path

from tttui.artifacts.series_csv import SeriesFile
from tttui.lab.job import METRICS
from tttui.model.dataclass import dataclass
from tttui.model.steps import SeriesTable
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part


@dataclass(frozen=True, slots=True, eq=False)
class JobMetrics:
    """The metrics of jobs by their directories; a job that has none yet is left out."""

    of: Mapping[Path, SeriesTable] = field(default_factory=dict[Path, SeriesTable])


JOB_METRICS = Part("curves", JobMetrics())


class JobMetricsFeed(LabFeed[JobMetrics]):
    """Reads the metrics of the jobs that `choose` names."""

    part = JOB_METRICS

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._files: dict[Path, SeriesFile] = {}

    def choose(self, jobs: Collection[Path]) -> None:
        """Read the metrics of the jobs in these directories from now on."""
        known = self._files
        self._files = {path: known.get(path) or SeriesFile(path / METRICS) for path in jobs}

    def refresh(self, now: float) -> JobMetrics:
        tables: dict[Path, SeriesTable] = {}
        for path, file in self._files.items():
            try:
                table = file.refresh()
            except OSError:
                continue
            if table is not None and len(table):
                tables[path] = table
        old = self.value.of
        same = old.keys() == tables.keys() and all(old[path] is tables[path] for path in tables)
        return self.value if same else JobMetrics(tables)

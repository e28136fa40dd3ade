"""What one job or session has used of the machine: its system.csv, at the cost of new rows."""

from pathlib import Path

from tttui.artifacts.sampling import SYSTEM
from tttui.artifacts.series_csv import SeriesFile
from tttui.model.dataclass import dataclass
from tttui.model.steps import SeriesTable
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part


@dataclass(frozen=True, slots=True, eq=False)
class Used:
    """The samples of whoever lies in a directory; None where there are none."""

    path: Path | None = None
    table: SeriesTable | None = None


USED: Part[Used] = Part("used", Used())


class UsedFeed(LabFeed[Used]):
    """Reads the samples of the job or session that `choose` names."""

    part = USED
    every_s = 1.0

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._file: SeriesFile | None = None

    def choose(self, directory: Path | None) -> None:
        """Read those of this directory from now on."""
        self._file = None if directory is None else SeriesFile(directory / SYSTEM)

    def refresh(self, now: float) -> Used:
        file = self._file
        if file is None:
            return self.part.empty
        try:
            table = file.refresh()
        except OSError:
            table = None
        path = file.path.parent
        if path == self.value.path and table is self.value.table:
            return self.value
        return Used(path, table)

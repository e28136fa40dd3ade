"""The machine, and what one job or session has used of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from tttui.artifacts.sampling import SYSTEM
from tttui.artifacts.series_csv import SeriesFile
from tttui.model.dataclass import dataclass
from tttui.model.steps import SeriesTable
from tttui.store.lab.feed import LabFeed
from tttui.store.snapshot import Part

if TYPE_CHECKING:  # costly to import: only in the store's thread, where it is read
    from tttui.lab.machine import MachineState

MACHINE: "Part[MachineState | None]" = Part("machine", None)


class MachineFeed(LabFeed["MachineState | None"]):
    part = MACHINE
    every_s = 2.0

    def __init__(self, root: Path) -> None:
        from tttui.lab.machine import MachineReader

        super().__init__(root)
        self._reader = MachineReader(root)

    def refresh(self, now: float) -> "MachineState":
        return self._reader.look()


@dataclass(frozen=True, slots=True, eq=False)
class MachineUse:
    """The samples of the job or session in a directory; None where there are none."""

    path: Path | None = None
    table: SeriesTable | None = None


MACHINE_USE: Part[MachineUse] = Part("used", MachineUse())


class MachineUseFeed(LabFeed[MachineUse]):
    """Reads the samples of the job or session that `choose` names."""

    part = MACHINE_USE
    every_s = 1.0

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._file: SeriesFile | None = None

    def choose(self, directory: Path | None) -> None:
        """Read those of this directory from now on."""
        self._file = None if directory is None else SeriesFile(directory / SYSTEM)

    def refresh(self, now: float) -> MachineUse:
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
        return MachineUse(path, table)

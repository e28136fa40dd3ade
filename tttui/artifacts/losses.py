"""pretraining.csv: the loss of the base that a session waits for, read while it is trained."""

from pathlib import Path

from tttui.artifacts.csvfile import CsvFile
from tttui.artifacts.csvtable import Column
from tttui.model.session import LossCurve, Problem

LOSSES = "pretraining.csv"


class LossFile:
    """The growing pretraining.csv of a session; it stays there as the loss curve of its base."""

    def __init__(self, directory: Path) -> None:
        self._csv = CsvFile(directory / LOSSES, "base", (Column("loss"),))
        self.curve: LossCurve | None = None
        self.problems: tuple[Problem, ...] = ()

    def refresh(self) -> None:
        """Read what was appended; the same `curve` as before where nothing was."""
        try:
            self._csv.refresh()
        except OSError as error:
            self.curve = None
            reason = f"cannot be read: {error.strerror or error}"
            self.problems = (Problem("base", self._csv.path, reason),)
            return
        self.problems = tuple(self._csv.problems())
        step, loss = self._csv.columns.get("t"), self._csv.columns.get("loss")
        if step is None or loss is None or not len(step):
            self.curve = None
        elif self.curve is None or self.curve.step is not step:
            self.curve = LossCurve(step, loss)

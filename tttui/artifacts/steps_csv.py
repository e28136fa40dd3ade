"""per_step.csv of all layouts -> Steps."""

from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.csvfile import GIVEN, CsvFile
from tttui.artifacts.csvtable import Column
from tttui.model.arrays import Bools
from tttui.model.session import Problem
from tttui.model.steps import Steps

COLUMNS = (
    Column("baseline_mse", ("base_mse",), sparse=True),
    Column("session_no_update_mse", optional=True),
    Column("adaptive_mse"),
    Column("did_update", flag=True),
    Column("update_ok", flag=True),
)


class StepsFile:
    """The growing per_step.csv of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._csv = CsvFile(path, "steps", COLUMNS)
        self.steps = Steps.empty()
        self._sparse = False
        """A field of the frozen model was empty."""
        self._looked = 0
        """Rows that were looked at for that."""

    @property
    def exists(self) -> bool:
        return self._csv.exists

    @property
    def unread(self) -> bool:
        return self._csv.unread

    @property
    def settled(self) -> bool:
        """Nobody has written for a while."""
        return self._csv.settled

    def refresh(self, budget_rows: int | None = None) -> None:
        """Read what was appended into a new `steps`. Raises OSError."""
        self._csv.refresh(budget_rows)
        columns = self._csv.columns
        shown = columns.get("t")
        if shown is None:
            self.steps, self._sparse, self._looked = Steps.empty(), False, 0
        elif shown is not self.steps.t:
            self.steps = Steps(
                t=shown,
                baseline=self._column("baseline_mse", np.nan),
                adaptive=self._column("adaptive_mse", np.nan),
                did_update=self._column("did_update", False),
                update_ok=self._column("update_ok", False),
                no_update=columns.get("session_no_update_mse"),
                evaluated=self._evaluated(),
            )

    def problems(self) -> list[Problem]:
        return self._csv.problems()

    def _evaluated(self) -> Bools | None:
        """Where the frozen model was evaluated; None: everywhere."""
        given = self._csv.columns.get(GIVEN + "baseline_mse")
        if given is None:
            return None
        if not self._sparse:
            begin = self._looked if self._looked <= len(given) else 0
            self._sparse = not given[begin:].all()
            self._looked = len(given)
        return given if self._sparse else None

    def _column(self, name: str, absent: Any) -> Any:
        """A column, or as many `absent` values (its absence is a Problem already)."""
        if name in self._csv.columns:
            return self._csv.columns[name]
        return np.full(len(self._csv), absent)

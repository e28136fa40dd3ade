"""Trainings as rows of a table: what is trained, how far, and its newest losses."""

import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tttui.draw.look import Look
from tttui.lab.job import Job
from tttui.model.numbers import short
from tttui.model.steps import SeriesTable
from tttui.panes.lab.jobs.rows import JobRows
from tttui.panes.lab.metrics import TAGS
from tttui.panes.lab.tabled import ranks
from tttui.panes.lab.training.curves import LOSS, VALIDATION
from tttui.widgets.table_columns import TEXTS, TIMES, Cell, TableColumn

KINDS = ("train", "pretrain")

COLUMNS = (
    TableColumn("mark", "", 2, left=True),
    TableColumn("job", "job", 8, left=True, most=14, orders=TEXTS, also=("handle",)),
    TableColumn("skill", "trains", 12, left=True, drop=3, most=20, orders=TEXTS),
    TableColumn("state", "state", 11, left=True, orders=TEXTS),
    TableColumn("progress", "progress", 11, left=True, drop=5),
    TableColumn("left", "left", 6, drop=6),
    TableColumn("loss", "loss", 9, drop=2),
    TableColumn("held_out", "held out", 9, drop=4),
    TableColumn("created", "age", 7, drop=7, orders=TIMES, also=("age",)),
    TableColumn("doing", "now", 24, left=True, drop=8, grows=True, orders=TEXTS),
)


def skill_of(job: Job) -> str:
    """What a job trains, by its command: the skill, or a base."""
    try:
        words = shlex.split(job.command)
    except ValueError:
        words = job.command.split()
    for option, value in pairwise(words):
        if option == "--skill":
            return value
    return "base"


def newest(table: SeriesTable | None, column: str) -> float | None:
    """The last value of a column; None where there is none."""
    if table is None or column not in table.columns:
        return None
    values = table.of(column)[1]
    return float(values[-1]) if len(values) else None


class TrainingRows(JobRows):
    """`TableSource` of the table over jobs that train."""

    columns = COLUMNS

    def __init__(
        self,
        jobs: Sequence[Job],
        look: Look,
        now: float,
        tables: Mapping[Path, SeriesTable],
        places: Mapping[str, int],
    ) -> None:
        """`places` of the jobs that are drawn, by handle: their colours and tags."""
        super().__init__(jobs, look, now)
        self._tables, self._places = tables, places

    def sorting(self, key: str) -> Any:
        match key:
            case "mark":
                last = len(self._places)
                return np.array([self._places.get(job.handle, last) for job in self._jobs])
            case "loss" | "held_out":
                losses = [self._loss(job, key) for job in self._jobs]
                return np.array([np.nan if v is None else v for v in losses])
            case "skill":
                return ranks([skill_of(job) for job in self._jobs])
        return super().sorting(key)

    def _loss(self, job: Job, key: str) -> float | None:
        return newest(self._tables.get(job.path), LOSS if key == "loss" else VALIDATION)

    def cell(self, row: int, key: str) -> Cell:
        job, palette = self._jobs[row], self.palette
        match key:
            case "mark":
                place = self._places.get(job.handle)
                if place is None:
                    return "", palette.muted, False
                return TAGS[place % len(TAGS)], palette.series[place % len(palette.series)], True
            case "skill":
                return skill_of(job), palette.text, False
            case "loss" | "held_out":
                value = self._loss(job, key)
                return "" if value is None else short(value), palette.text, key == "held_out"
        return super().cell(row, key)

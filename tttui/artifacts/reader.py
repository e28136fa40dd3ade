"""Reading one session repeatedly at the cost of what changed."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tttui.artifacts.history import HistoryFile
from tttui.artifacts.interventions import (
    INTERVENTIONS,
    Changes,
    Intervention,
    in_words,
    read_interventions,
    rollbacks,
    settings_changes,
    truth_changes,
)
from tttui.artifacts.layout import files_of, usual_absence, why_missing
from tttui.artifacts.logfile import LogFile, LogTail
from tttui.artifacts.meta import POINT_MASS_META, assumed_meta, read_meta, read_metrics
from tttui.artifacts.regular import LARGEST_LIST, leads_out, read_bytes
from tttui.artifacts.runs import runs_of
from tttui.artifacts.series_csv import SERIES, SeriesFile
from tttui.artifacts.status import HeartbeatWatch, derive_status, read_status
from tttui.artifacts.steps_csv import LossFile, StepsFile, TrajectoryCsv, parse_trajectory_json
from tttui.artifacts.transaction_files import TransactionFiles, unreadable
from tttui.artifacts.weights import TensorsFile, read_base, read_plastic
from tttui.artifacts.wholefile import WholeFile
from tttui.model.arrays import Weights
from tttui.model.lora import WithProducts, with_products
from tttui.model.schema import UNKNOWN_MODEL, Pair
from tttui.model.session import History, LossCurve, Meta, Place, Problem, SessionData
from tttui.model.steps import SeriesTable, Steps, Trajectory
from tttui.model.tensors import Tensors
from tttui.model.transactions import Transactions

NO_METRICS: Mapping[str, Any] = {}
NO_STEPS = Steps.empty()
NO_TRANSACTIONS = Transactions.empty()
"""Absent parts are always the same objects, so that unchanged data is noticed by identity."""


class SessionReader:
    """Reads one session (in a store: one run of it) whatever state its files are in.

    `refresh` never raises for what the files hold: what is missing or damaged is a Problem.
    Not for use by several threads at once; the SessionData that it returns are.
    """

    def __init__(
        self, place: Place, run: str | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self._now = now
        self._watch = HeartbeatWatch()
        self._place = place
        self._asked = run or place.run
        self._data: SessionData | None = None
        self._waits = False
        """The session has only a name and settings as long as its base is pretrained."""
        self._choose_run()

    def _choose_run(self) -> None:
        """Select the requested run, else the newest."""
        runs = self._place.runs
        self.run = self._asked or (runs[-1] if runs else None)
        files = files_of(self._place, self.run)
        self._files = files
        self._meta = WholeFile(files.meta, "meta", read_meta)
        self._metrics = WholeFile[Mapping[str, Any]](files.metrics, "metrics", read_metrics)
        self._weights = WholeFile[Weights](files.weights, "weights", read_plastic)
        self._base = WholeFile(files.base, "base", read_base)
        self._checkpoint = TensorsFile(files.weights.with_suffix(""), "weights")
        self._begun = TensorsFile(files.base.with_name("base_plastic"), "base")
        self._series = SeriesFile(self._place.path / SERIES) if files.status else None
        self._series_problems: tuple[Problem, ...] = ()
        self._status = WholeFile(files.status, "status", read_status) if files.status else None
        self._log = LogFile(self._place.path / "run.log")
        self._losses = LossFile(self._place.path) if files.status else None
        self._interventions = WholeFile(
            self._place.path / INTERVENTIONS, "interventions", read_interventions
        )
        self._changes: tuple[tuple[Intervention, ...], Meta, Changes] = ((), POINT_MASS_META, ())
        self._restored = (NO_TRANSACTIONS, NO_TRANSACTIONS)
        self._products: tuple[History, tuple[Pair, ...], History] | None = None
        self._of_files: dict[int, tuple[Tensors, tuple[Pair, ...], Tensors]] = {}
        self._history = None
        if files.history is not None:
            history = HistoryFile(files.history)
            self._history = WholeFile(
                files.history, "history", partial(self._read_history, history)
            )
        self._steps = StepsFile(files.steps) if files.steps else None
        self._events = TransactionFiles(files, self._place.layout)
        self._trajectory_csv: TrajectoryCsv | None = None
        self._trajectory_json: WholeFile[Trajectory | None] | None = None
        if files.trajectory is not None:
            if files.trajectory.suffix == ".csv":
                self._trajectory_csv = TrajectoryCsv(files.trajectory)
            else:
                self._trajectory_json = WholeFile(files.trajectory, "trajectory", _trajectory_json)
        self._trajectory_problems: tuple[Problem, ...] | None = None

    def refresh(self, budget_rows: int | None = None) -> SessionData:
        """What the files hold now; the same object as before where nothing changed.

        With a budget about so many steps and transactions are read, and the result says
        `loading` while there are more: call it again.
        """
        if self._place.layout == "store":
            self._look_for_runs()
        problems: list[Problem] = []
        runs = self._place.path / "runs"
        if self._place.layout == "store" and leads_out(runs, self._place.path):
            problems.append(Problem("steps", runs, "is a link that leads out of the session"))
        status = None
        if self._status is not None:
            self._status.refresh()
            if self._status.value is not None:
                status = derive_status(self._status.value, self._now(), self._watch)
        self._waits = status is not None and status.pretraining is not None
        self._meta.refresh()
        self._metrics.refresh()
        self._collect(problems, "meta", self._meta)
        metrics = self._read_metrics(problems)
        own = self._is_point_mass
        for part, file in (
            ("weights", self._weights if own else self._checkpoint),
            ("base", self._base if own else self._begun),
        ):
            file.refresh()
            self._collect(problems, part, file)
        self._collect(problems, "status", self._status)
        self._interventions.refresh()
        problems += self._interventions.problems
        of_steps: list[Problem] = []
        self._read_steps(of_steps, budget_rows)
        lone = self.run is not None and len(self._place.runs) == 1
        transactions, share = self._events.read(
            of_steps, budget_rows, until=self._last_step(), lone_run=lone
        )
        read = min(share, self._steps.share if self._steps else 1.0)
        if self._history is not None and self._history.value is None and read < 1:
            why = "is read after the steps"
            problems.append(Problem("history", self._history.path, why, loading=True))
        else:
            if self._history is not None:
                self._history.refresh()
            self._collect(problems, "history", self._history)
        problems += of_steps
        if transactions is None:
            transactions = NO_TRANSACTIONS
            self._missing(problems, "transactions", self._events.named)
        self._look_for_trajectory(problems)
        problems += self._series_problems
        base, base_cfg = (self._base.value if own else None) or (None, {})
        data = SessionData(
            place=self._place,
            run=self.run,
            meta=self._about,
            metrics=metrics,
            status=status,
            steps=self._steps.steps if self._steps else NO_STEPS,
            transactions=self._with_rollbacks(transactions),
            history=self._with_products(),
            weights=self._weights.value if own else None,
            base=base,
            base_cfg=base_cfg,
            checkpoint=None if own else self._of_pairs(0, self._checkpoint.value),
            begun=None if own else self._of_pairs(1, self._begun.value),
            loss=self._loss(problems),
            interventions=self._changes_in_words(),
            truth_set=truth_changes(self._interventions.value or ()),
            settings_changes=settings_changes(self._interventions.value or ()),
            problems=tuple(problems),
            read=read,
        )
        if self._data is None or not _same(self._data, data):
            self._data = data
        return self._data

    @property
    def _about(self) -> Meta:
        """The meta from meta.json, or assumed from the other files."""
        return self._meta.value or assumed_meta(self._place)

    @property
    def _is_point_mass(self) -> bool:
        return self._about.is_point_mass

    def _read_history(self, file: HistoryFile, _: Path) -> tuple[History, list[Problem]]:
        history = file.read(any_shape=not self._is_point_mass)
        if not file.problem:
            return history, []
        return history, [Problem("history", file.path, file.problem, loading=file.partial)]

    def _with_products(self) -> History | None:
        """The history with the products of pairs; the same object as long as it does not grow."""
        history = self._history.value if self._history else None
        pairs = self._about.schema.pairs
        if history is None or not pairs:
            return history
        known = self._products
        if known is None or known[0] is not history or known[1] is not pairs:
            self._products = known = (history, pairs, with_products(history, pairs))
        return known[2]

    def _of_pairs(self, which: int, tensors: Tensors | None) -> Tensors | None:
        """The tensors of the checkpoint (0) or the base (1), with the products of pairs."""
        pairs = self._about.schema.pairs
        if tensors is None or not pairs:
            return tensors
        known = self._of_files.get(which)
        if known is None or known[0] is not tensors or known[1] is not pairs:
            made = WithProducts(tensors, {pair.name: pair for pair in pairs})
            self._of_files[which] = known = (tensors, pairs, made)
        return known[2]

    def _changes_in_words(self) -> Changes:
        """The changes of the run in words; the same object until something changes."""
        recorded, meta = self._interventions.value or (), self._about
        texts = self._changes[2]
        if self._changes[0] is not recorded or self._changes[1] is not meta:
            words = in_words(recorded, meta)
            texts = texts if words == texts else words
            self._changes = (recorded, meta, texts)
        return texts

    def _with_rollbacks(self, transactions: Transactions) -> Transactions:
        """The transactions with manual rollbacks; the same object until either changes."""
        steps = NO_STEPS if self._steps is None else self._steps.steps
        last = int(steps.t[-1]) if len(steps) else -1  # one may be planned for a later step
        by_hand = tuple(
            pair for pair in rollbacks(self._interventions.value or ()) if pair[0] <= last
        )
        if not by_hand:
            return transactions
        read, known = self._restored
        if read is not transactions or known.restored != by_hand:
            known = replace(transactions, restored=by_hand)
            self._restored = (transactions, known)
        return known

    def _loss(self, problems: list[Problem]) -> LossCurve | None:
        """The loss of the base in training, until the session has steps."""
        if self._losses is None or (self._steps is not None and len(self._steps.steps)):
            return None
        self._losses.refresh()
        problems += self._losses.problems
        return self._losses.curve

    def log(self) -> LogTail:
        """The end of run.log, read now at the cost of what was appended."""
        return self._log.read()

    def trajectory(self) -> Trajectory | None:
        """The trajectory, read now (natively only what was appended), None where there is none.

        Its problems are part of the next `refresh`.
        """
        problems: list[Problem] = []
        value: Trajectory | None = None
        if self._trajectory_csv is not None:
            try:
                value = self._trajectory_csv.refresh()
                problems += self._trajectory_csv.problems()
            except OSError as error:
                problems.append(unreadable("trajectory", self._trajectory_csv.path, error))
        elif self._trajectory_json is not None:
            self._trajectory_json.refresh()
            value = self._trajectory_json.value
            problems += self._trajectory_json.problems
        self._trajectory_problems = tuple(problems)
        return value

    def series(self) -> SeriesTable | None:
        """The recorded series, read now at the cost of what was appended; None where there are
        none. Their problems are part of the next `refresh`."""
        if self._series is None:
            return None
        try:
            value = self._series.refresh()
            self._series_problems = tuple(self._series.problems())
        except OSError as error:
            value = None
            self._series_problems = (unreadable("series", self._series.path, error),)
        return value

    def _look_for_runs(self) -> None:
        runs = self._place.runs if self._place.base_only else runs_of(self._place.path)
        if runs != self._place.runs:
            self._place = replace(self._place, runs=runs)
            if self.run is None:
                self._choose_run()

    def _read_metrics(self, problems: list[Problem]) -> Mapping[str, Any]:
        self._collect(problems, "metrics", self._metrics)
        metrics = self._metrics.value or NO_METRICS
        of_run = metrics.get("run_id")
        if of_run is None or self.run is None or of_run == self.run:
            return metrics
        reason = f"is about the run {of_run}, not about {self.run}"
        loading = self._steps is not None and not self._steps.settled  # a run that just ended
        problems.append(Problem("metrics", self._metrics.path, reason, loading=loading))
        return NO_METRICS

    def _read_steps(self, problems: list[Problem], budget: int | None) -> None:
        if self._steps is None:
            self._missing(problems, "steps", self._place.path)
            return
        try:
            self._steps.refresh(budget)
        except OSError as error:
            problems.append(unreadable("steps", self._steps.path, error))
            return
        if not self._steps.exists:
            self._missing(problems, "steps", self._steps.path)
        problems += self._steps.problems()

    def _last_step(self) -> int | None:
        """The last step that was read where there are more of them; transactions after it are of
        no use yet."""
        steps = None if self._steps is None or self._steps.share == 1 else self._steps.steps
        return int(steps.t[-1]) if steps is not None and len(steps) else None

    def _look_for_trajectory(self, problems: list[Problem]) -> None:
        path = self._files.trajectory
        if path is None or not os.path.exists(path):
            self._missing(problems, "trajectory", path)
        elif self._trajectory_problems:
            problems += self._trajectory_problems

    def _collect(
        self, problems: list[Problem], part: str, file: WholeFile[Any] | TensorsFile | None
    ) -> None:
        if file is None:
            self._missing(problems, part, None)
        elif file.problems:
            problems += file.problems
        elif not file.exists:
            self._missing(problems, part, file.path)

    def _missing(self, problems: list[Problem], part: str, path: Path | None) -> None:
        schema = self._about.schema
        usual = usual_absence(schema, part) if self._place.layout == "native" else None
        reason = usual or why_missing(
            self._place,
            part,
            self.run,
            waits_for_base=self._waits,
            unknown_model=schema.task.name == UNKNOWN_MODEL,
        )
        at = path or self._place.path
        problems.append(Problem(part, at, reason, missing=True, usual=usual is not None))


def _same(before: SessionData, after: SessionData) -> bool:
    """Whether two readings are equal; arrays are compared by identity."""
    return (
        before.place == after.place
        and before.run == after.run
        and before.meta is after.meta
        and before.metrics is after.metrics
        and before.status == after.status
        and before.steps is after.steps
        and before.transactions is after.transactions
        and before.history is after.history
        and before.weights is after.weights
        and before.base is after.base
        and before.checkpoint is after.checkpoint
        and before.begun is after.begun
        and before.loss is after.loss
        and before.interventions is after.interventions
        and before.problems == after.problems
        and before.read == after.read
    )


def _trajectory_json(path: Path) -> tuple[Trajectory | None, list[Problem]]:
    return parse_trajectory_json(read_bytes(path, LARGEST_LIST), path)

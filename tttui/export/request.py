"""What is to be exported: one figure or table of a session, at a step, over a window."""

from dataclasses import field, replace
from typing import Literal

import numpy as np

from tttui.model.arrays import PLASTIC, Bools, Ints
from tttui.model.compare import Comparison
from tttui.model.dataclass import dataclass
from tttui.model.document import Document
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.parameters import specs_of
from tttui.model.query import Query, matching
from tttui.model.session import SessionData, SessionSummary
from tttui.model.steps import SeriesTable, Steps, Trajectory
from tttui.model.transactions import Transactions
from tttui.model.transfer import Transfer
from tttui.model.weights import Aspect, has_point_mass_weights

Theme = Literal["light", "dark", "colour-blind"]
THEMES: tuple[Theme, ...] = ("light", "dark", "colour-blind")

FORMATS = ("png", "svg", "pdf", "csv")

WHATS: dict[str, str] = {
    "mse": "errors of the frozen and the adaptive model over the steps",
    "trajectory": "the path in the plane, coloured by time",
    "predictions": "the path, and where both models expected it, with errors magnified",
    "ghost": "the same actions in a world with another friction: both paths, their distance",
    "state": "x, y, vx, vy and the actions over the steps",
    "series": "everything that is recorded beside the losses, over the steps",
    "weights": "the plastic matrices at a step, or a change of them, as heatmaps",
    "moved": "rows and columns of the plastic matrices by how much they changed",
    "weight-statistics": "norm, largest value, mean and standard deviation over the snapshots",
    "spectrum": "singular values at a step; condition number and effective rank over time",
    "transactions": "every transaction",
    "gates": "gradient norm, losses and state norm with their thresholds",
    "reasons": "how many transactions ended how, and when",
    "mu": "the friction that the weights imply, beside the true one",
    "architecture": "decays and half-lives of the state, or the modules; where parameters are",
    "text": "the bytes of the document that is read, and their losses (CSV only)",
    "sessions": "the table of sessions (CSV only)",
    "comparison": "several sessions side by side",
    "transfer": "frozen weights of several sessions, each in the world of each",
}
"""What can be exported, by name, with the line that `--help` shows."""

TABLES_ONLY = frozenset({"sessions", "text"})
"""What has no figure."""

OF_TRANSACTIONS = frozenset({"transactions", "gates", "reasons"})
"""What is about transactions alone."""

FILTERED = OF_TRANSACTIONS | {"mse"}
"""What a filter of the transactions applies to."""

OF_SEVERAL = frozenset({"comparison", "transfer"})
"""What is about two or more sessions."""

LARGEST_EXPORT = 1 << 24
"""Elements of a parameter up to which it is exported."""

MOST_MATRICES = 3
"""Parameters in a figure where none is named."""

OF_POINT_MASS = frozenset({"trajectory", "predictions", "ghost", "state", "mu"})
"""What only sessions of the point mass have."""

NEEDS_TRAJECTORY = frozenset({"trajectory", "predictions", "ghost", "state"})


@dataclass(frozen=True, slots=True, eq=False)
class ExportRequest:
    """One export. The window includes both ends; None is the whole run."""

    what: str
    data: SessionData
    trajectory: Trajectory | None = None
    t: int | None = None
    """The step for what is shown at one step; None is the last one."""
    window: tuple[int, int] | None = None
    log: bool = False
    compared: Comparison | None = None
    """For `comparison`."""
    summaries: tuple[SessionSummary, ...] = ()
    """For `sessions`."""
    statuses: frozenset[str] | None = None
    """Only transactions that ended so; None is all."""
    ghost_mu: float | None = None
    """For `ghost`: its friction; None is twice the true one."""
    aspect: Aspect = "value"
    """For `weights` and `moved`: the weights themselves, or which change of them."""
    transaction: int | None = None
    """The selected transaction, for the change of a commit."""
    parent: SessionData | None = None
    """For the change against the parent, where the session has no history of its own."""
    other: SessionData | None = None
    """For the change against another session."""
    series: SeriesTable | None = None
    """For `series`."""
    parameters: tuple[str, ...] = ()
    """For what is about weights, of any other model than the point mass: which of them."""
    document: Document | None = None
    """For `text`."""
    query: Query = field(default=Query())
    """Only transactions that pass it (`model.query.TRANSACTION_WORDS`)."""
    theme: Theme = "light"
    """The colours of a figure: those of the app's theme of that name."""

    def checked(self) -> "ExportRequest":
        """Self with every default filled in; raises TttuiError where the data is not there."""
        if self.what not in WHATS:
            raise RefusedInput(f"{self.what!r} cannot be exported; choose from {', '.join(WHATS)}")
        if self.what in OF_SEVERAL:
            return self._checked_comparison()
        if self.what == "sessions":
            if not self.summaries:
                raise TttuiError("there are no sessions to export")
            return self
        if self.what in OF_POINT_MASS and not self.data.meta.is_point_mass:
            task = self.data.meta.schema.task.name
            raise TttuiError(f"{self.name}: has no {self.what}: it is of the task {task}")
        if self.what == "text" and self.document is None:
            raise TttuiError(f"{self.name}: has no document to export")
        if self.what in NEEDS_TRAJECTORY and not len(self.trajectory or ()):
            raise TttuiError(f"{self.name}: no trajectory to export{self._why('trajectory')}")
        if self.what == "series":
            self.recorded()
        if self.what == "mse" and not len(self.data.steps):
            raise TttuiError(f"{self.name}: no errors to export{self._why('steps')}")
        if self.what in OF_TRANSACTIONS:
            self._check_transactions()
        last = self.last
        t = last if self.t is None else self.t
        if self.t is not None and not self.first <= t <= last:
            raise RefusedInput(
                f"--t {t}: {self.name} has the steps {self.first} to {last}; choose one of them"
            )
        return replace(self, t=t, window=self._window())

    def _checked_comparison(self) -> "ExportRequest":
        if self.compared is None:
            raise RefusedInput(f"--what {self.what}: needs two or more sessions")
        if self.what == "transfer":
            tested = self.compared.transfer
            if tested is None:
                raise TttuiError("the transfer matrix has not been computed; press t first")
            if not len(tested.sessions):
                reasons = "; ".join(tested.missing)
                raise TttuiError(f"no session can be tested in the worlds of others: {reasons}")
        return replace(self, window=self._window())

    def tested(self) -> tuple[Transfer, list[str]]:
        """The transfer matrix of a checked request, and the names of its sessions."""
        compared = self.compared
        assert compared is not None
        assert compared.transfer is not None
        return compared.transfer, [compared.names[i] for i in compared.transfer.sessions]

    def _check_transactions(self) -> None:
        events = self.data.transactions
        if not len(events):
            raise TttuiError(f"{self.name}: no transactions to export{self._why('transactions')}")
        outcome, names = events.outcomes()
        for status in self.statuses or ():
            if status not in names:
                known = ", ".join(names[k] for k in np.unique(outcome).tolist())
                raise RefusedInput(
                    f"--status {status}: {self.name} has no such transactions; it has {known}"
                )
        if not self.transactions()[1].any():
            raise TttuiError(f"{self.name}: no transaction passes ({self.narrowed})")

    def _why(self, part: str) -> str:
        why = self.data.problem(part)
        return "" if why is None else f": {why.reason}"

    def _window(self) -> tuple[int, int]:
        if self.window is None:
            return self.first, self.last
        t0, t1 = self.window
        if t1 < self.first or t0 > self.last:
            raise RefusedInput(
                f"--window {t0}:{t1}: {self.name} has the steps {self.first} to {self.last}"
            )
        return max(t0, self.first), min(t1, self.last)

    @property
    def name(self) -> str:
        place = self.data.place.name
        return place if self.data.run is None else f"{place} / {self.data.run}"

    @property
    def first(self) -> int:
        return int(self._t()[0]) if len(self._t()) else 0

    @property
    def last(self) -> int:
        return int(self._t()[-1]) if len(self._t()) else 0

    def _t(self) -> Ints:
        steps, trajectory = self.data.steps.t, self.trajectory
        if len(steps) or trajectory is None:
            history = self.data.history
            return steps if len(steps) or history is None else history.t
        return trajectory.t

    @property
    def at(self) -> int:
        """The step for what is shown at one step (after `checked`)."""
        return self.last if self.t is None else self.t

    @property
    def span(self) -> tuple[int, int]:
        """The window (after `checked`)."""
        return (self.first, self.last) if self.window is None else self.window

    # The parts of the data that lie in the window

    def rows(self, t: Ints) -> slice:
        """The rows of ascending steps t [n] that the window holds."""
        t0, t1 = self.span
        return slice(int(np.searchsorted(t, t0)), int(np.searchsorted(t, t1, side="right")))

    def steps(self) -> Steps:
        steps = self.data.steps
        part = self.rows(steps.t)
        return Steps(
            steps.t[part],
            steps.frozen[part],
            steps.adaptive[part],
            steps.did_update[part],
            steps.update_ok[part],
            None if steps.no_update is None else steps.no_update[part],
            None if steps.evaluated is None else steps.evaluated[part],
        )

    def recorded(self) -> SeriesTable:
        """The series. Raises TttuiError where there are none."""
        if self.series is None or not self.series.names:
            raise TttuiError(f"{self.name}: no series to export{self._why('series')}")
        return self.series

    @property
    def matrices(self) -> tuple[str, ...]:
        """The plastic matrices that are meant: by default those of the point mass, else the first
        few of the model."""
        if has_point_mass_weights(self.data):
            return PLASTIC
        known = [spec.name for spec in specs_of(self.data)]
        for name in self.parameters:
            if name not in known:
                raise RefusedInput(f"{name}: {self.name} has no such parameter")
        names = self.parameters or tuple(known[:MOST_MATRICES])
        for spec in specs_of(self.data):
            if spec.name in names and spec.size > LARGEST_EXPORT:
                raise TttuiError(f"{self.name}: {spec.name} is too large to be exported")
        return names

    def motion(self) -> Trajectory:
        """The trajectory in the window; `checked` makes sure that there is one."""
        whole = self.trajectory
        if whole is None:
            raise TttuiError(f"{self.name}: no trajectory to export{self._why('trajectory')}")
        part = self.rows(whole.t)

        def cut(values: "np.ndarray | None") -> "np.ndarray | None":
            return None if values is None else values[part]

        return Trajectory(
            whole.t[part],
            whole.z[part],
            whole.a[part],
            cut(whole.frozen),
            cut(whole.adaptive),
            cut(whole.mu),
        )

    def transactions(self) -> tuple[Transactions, Bools]:
        """All transactions, and which of them are shown: in the window, past the filters."""
        events = self.data.transactions
        t0, t1 = self.span
        inside = (events.t >= t0) & (events.t <= t1)
        if self.what not in FILTERED:
            return events, inside
        passed = matching(events, self.query, self.statuses)
        return events, inside if passed is None else inside & passed

    @property
    def narrowed(self) -> str:
        """What holds rows back, for a person; '' where all are exported."""
        if self.what == "sessions":
            return f"{len(self.summaries)} sessions"
        if self.what not in OF_TRANSACTIONS or (self.statuses is None and not self.query):
            return ""
        events, shown = self.transactions()
        parts = [f"{int(shown.sum())} of {len(events)} transactions"]
        if self.statuses is not None:
            parts.append("only " + " and ".join(sorted(self.statuses)))
        if self.query:
            parts.append(f"query {self.query.text}")
        return ", ".join(parts)

"""One session as read: every part may be missing, and then a Problem says why."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal, Protocol

from tttui.model.arrays import Floats, Ints, Weights
from tttui.model.dataclass import dataclass
from tttui.model.schema import CONTROL, Configuration, Loss, Schema, TensorSpec
from tttui.model.status import Status
from tttui.model.steps import Steps
from tttui.model.tensors import Tensors
from tttui.model.transactions import COMMIT, Transactions
from tttui.model.truth import TruthChanges, merged, since_text, value_at

Layout = Literal["native", "flat", "store"]
"""`native` is tttui's own; `flat` and `store` are the two layouts of the public predecessor."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a part cannot be shown, or only partly."""

    part: str
    """What the file feeds: `meta`, `metrics`, `steps`, `transactions`, `trajectory`, `base`,
    `weights`, `history`, `optimizer`, `status`, `checkpoint`, `log`."""
    path: Path
    reason: str
    """One sentence with the line, key or shape at fault, for a person."""
    missing: bool = False
    """The file is missing, which can be normal for foreign layouts."""
    loading: bool = False
    """A file that is being written has this for a moment; it is read again."""
    usual: bool = False
    """The session need not have this file, so nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Meta:
    """meta.json. None where a key is absent or its value is wrong (a Problem then says so).

    `model_cfg`, `plasticity_cfg` and `env_cfg` hold what is recorded, without wrong values.
    """

    session_id: str | None = None
    schema_version: int | None = None
    created_at: float | None = None
    """Unix seconds, of a date that there is."""
    truth: float | None = None
    """The hidden quantity of its world at the start."""
    env_mode: str | None = None
    model_signature: str | None = None
    base_ckpt_hash: str | None = None
    model_cfg: Mapping[str, Any] = field(default_factory=dict[str, Any])
    plasticity_cfg: Mapping[str, Any] = field(default_factory=dict[str, Any])
    env_cfg: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parent_session_id: str | None = None
    root_session_id: str | None = None
    forked_at_t: int | None = None
    seed: int | None = None
    device: str | None = None
    torch_version: str | None = None
    tttui_version: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """All keys as they stand in the file."""
    configuration: Configuration = field(default_factory=Configuration)
    schema: Schema = field(default_factory=Schema)
    """The task, the loss and the parameters."""

    @property
    def loss(self) -> Loss:
        """The loss that is recorded of both models at every step."""
        return self.schema.loss

    def title_of(self, name: str) -> str:
        """A recorded series with its unit; a control has that of the loss."""
        unit = self.schema.units.get(name, "")
        if name.startswith(CONTROL):
            name, unit = f"control {name.removeprefix(CONTROL)}", self.loss.unit
        return f"{name} ({unit})" if unit else name

    @property
    def is_point_mass(self) -> bool:
        """Whether the session is of the point mass."""
        return self.schema.is_point_mass

    @property
    def started_from(self) -> str:
        """The version whose weights it began with: `walker@v2 (@helper)`; '' for the base's."""
        origin = self.raw.get("started_from")
        known = origin if isinstance(origin, Mapping) else {}
        version, *more = (known.get(key) for key in ("version", "persona", "through"))
        also = ", ".join(one for one in more if isinstance(one, str))
        if not isinstance(version, str):
            return ""
        return f"{version} ({also})" if also else version

    @property
    def begins_with_version(self) -> bool:
        """Its own first weights are those of a version; not those of a parent."""
        origin = self.raw.get("started_from")
        return bool(self.started_from) and isinstance(origin, Mapping) and "through" not in origin

    @property
    def chunk(self) -> int:
        """Steps between two updates; the default where nothing is recorded that can be."""
        return self.configuration.chunk


@dataclass(frozen=True, slots=True, eq=False)
class LossCurve:
    """The loss of a base while it was pretrained: steps [n] from 1 on, and losses [n]."""

    step: Ints
    loss: Floats

    def __len__(self) -> int:
        return len(self.step)


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a session, found by names alone, without reading files."""

    path: Path
    """The session's own directory: the run directory (native, flat) or sessions/<id> (store)."""
    layout: Layout
    runs: tuple[str, ...] = ()
    """Store only: names below runs/, oldest first; empty for a session that never ran."""
    run: str | None = None
    """Store only: the run that the user pointed at; None means the newest."""

    @property
    def name(self) -> str:
        return self.path.parent.name if self.base_only else self.path.name

    @property
    def base_only(self) -> bool:
        """A store that holds a base (`path` is its base/) and no session yet."""
        return self.layout == "store" and self.path.name == "base"


class Snapshots(Protocol):
    """One matrix at several steps [k, rows, cols]: an array, or a file that is read on demand."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, at: Any, /) -> Any:
        """The matrix of one snapshot, or of several by a slice or an array of indices."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Snapshots of the plastic weights, ascending in t.

    `t` [k]; `weights` holds the snapshots of every matrix.
    Snapshot i is in force at steps t[i] <= t < t[i+1].
    """

    t: Ints
    weights: Mapping[str, Snapshots]
    restarts: int = 0
    """So often was the recording restarted, and snapshots replaced."""
    specs: Mapping[str, TensorSpec] = field(default_factory=dict[str, TensorSpec])
    """The tensors with their own shapes."""
    products: Mapping[str, Snapshots] = field(default_factory=dict[str, Snapshots])
    """Of pairs among them, worked out when somebody looks at them."""

    def __len__(self) -> int:
        return len(self.t)

    def snapshots(self, name: str) -> Snapshots | None:
        """Those of a matrix, or of the product of a pair; None where there are none."""
        matrices = self.weights.get(name)
        return self.products.get(name) if matrices is None else matrices


@dataclass(frozen=True, slots=True, eq=False)
class SessionData:
    """The data of one session (and of one of its runs), immutable.

    Every refresh makes a new SessionData; arrays that did not change are shared.
    """

    place: Place
    run: str | None = None
    """The store run that `steps`, `transactions` and the trajectory belong to."""
    meta: Meta = field(default_factory=Meta)
    metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    status: Status | None = None
    steps: Steps = field(default_factory=Steps.empty)
    transactions: Transactions = field(default_factory=Transactions.empty)
    history: History | None = None
    weights: Weights | None = None
    """plastic_state.pt: the newest checkpointed weights."""
    base: Weights | None = None
    """base_checkpoint.pt, with a_raw [n_state]."""
    base_cfg: Mapping[str, Any] = field(default_factory=dict[str, Any])
    checkpoint: Tensors | None = None
    """The newest checkpointed plastic weights of any other model."""
    begun: Tensors | None = None
    """Those with which it began."""
    loss: LossCurve | None = None
    """Of the base's pretraining; read only of a session that has no steps yet."""
    interventions: tuple[tuple[int, str], ...] = ()
    """Interventions: the step and the change (`mu 0.3`), ascending."""
    truth_set: TruthChanges = ()
    """The values of the hidden quantity among that."""
    settings_changes: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    """The options among that: the step before which they took effect, and their new values."""
    problems: tuple[Problem, ...] = ()
    read: float = 1.0
    """The part of the steps and transactions that has been read, 0 to 1."""

    @property
    def loading(self) -> bool:
        """Whether more is still being read; the data so far is shown meanwhile."""
        return self.read < 1

    @property
    def read_percent(self) -> str:
        """How much of it has been read: `32 %`."""
        return f"{int(100 * self.read)} %"

    @property
    def damage(self) -> tuple[Problem, ...]:
        """The problems that are no normal state of such a session, a file each.

        Other programs leave files out, a run that goes on has yet to write some, and what is
        being written is no damage.
        """
        return _damage(self)

    @property
    def truth_changes(self) -> TruthChanges:
        """When the hidden quantity changed, and to what: as planned and as set while it ran."""
        return merged(self.meta.configuration.truth_changes, self.truth_set)

    def truth_at(self, t: int) -> float | None:
        """The true hidden quantity at step t, or None where it is not recorded."""
        return value_at(self.meta.truth, self.truth_changes, t)

    @property
    def truth_now(self) -> float | None:
        """The true hidden quantity at the last recorded step; None where it is not recorded."""
        return self.truth_at(max(self.steps_done - 1, 0))

    @property
    def truth_text(self) -> str:
        """The true value in words: `0.3 (was 0.05)`."""
        return since_text(self.truth_now, self.meta.truth)

    @property
    def truth_named(self) -> str:
        """The same with the name of the quantity: `mu 0.3 (was 0.05)`; '' for a task without."""
        hidden = self.meta.schema.hidden
        return f"{hidden.name} {self.truth_text}" if hidden is not None else ""

    @property
    def steps_done(self) -> int:
        """Steps done in the run: the newest t + 1, whatever rows are damaged."""
        return int(self.steps.t[-1]) + 1 if len(self.steps) else 0

    @property
    def attempted(self) -> int:
        """Transactions; of a run without a file of them those that per_step.csv flags."""
        return len(self.transactions) or int(self.steps.did_update.sum())

    @property
    def committed(self) -> int:
        """Those of them that were committed."""
        if len(self.transactions):
            return int((self.transactions.status == COMMIT).sum())
        return int(self.steps.update_ok.sum())

    def plasticity_at(self, t: int) -> Mapping[str, Any]:
        """plasticity_cfg as it was in force for an update at step t."""
        now = self.meta.plasticity_cfg
        for at, values in self.settings_changes:
            if at <= t:
                now = {**now, **values}
        return now

    def problem(self, part: str) -> Problem | None:
        """The first problem of a part, or None."""
        return next((p for p in self.problems if p.part == part), None)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a run's log; `level` is INFO, WARNING ..."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of a session: its path within the session, size in bytes, time in Unix seconds."""

    name: str
    size: int
    modified_at: float


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """The values in a row of the table of sessions; None if unknown.

    Errors are in the unit of the session's loss; `improvement` is (frozen - adaptive) /
    frozen over the last 100 steps at which both were evaluated, in percent, and above 0 where
    adaptive is better.
    """

    place: Place
    run: str | None = None
    meta: Meta = field(default_factory=Meta)
    status: Status | None = None
    steps: int | None = None
    """Steps done in the run (the newest t + 1)."""
    attempted: int | None = None
    committed: int | None = None
    frozen_mean: float | None = None
    adaptive_mean: float | None = None
    frozen_last100: float | None = None
    adaptive_last100: float | None = None
    why_no_mean: str = ""
    """Why the mean of the last steps is no number: `adaptive: 1 of 100 steps is NaN`."""
    interval: tuple[float, float] | None = None
    """The 95 % confidence interval of the improvement, in percent."""
    implied: float | None = None
    """The hidden quantity that the weights in force at the end imply, where that is recorded."""
    recent: tuple[float | None, ...] = ()
    """Mean adaptive error of each of the newest stretches of steps (`artifacts.tail`), oldest
    first; None where one holds a value that is not finite."""
    truth_set: TruthChanges = ()
    """The values of the hidden quantity that were set while it ran."""
    problems: tuple[Problem, ...] = ()

    @property
    def truth_now(self) -> float | None:
        """The true hidden quantity at the last step; None where it is not recorded."""
        changes = merged(self.meta.configuration.truth_changes, self.truth_set)
        return value_at(self.meta.truth, changes, max((self.steps or 0) - 1, 0))

    @property
    def truth_text(self) -> str:
        """The true value in words: `0.3 (was 0.05)`."""
        return since_text(self.truth_now, self.meta.truth)

    @property
    def truth_named(self) -> str:
        """The same with the name of the quantity: `mu 0.3 (was 0.05)`; '' for a task without."""
        hidden = self.meta.schema.hidden
        return f"{hidden.name} {self.truth_text}" if hidden is not None else ""

    @property
    def implied_error(self) -> float | None:
        """How far the value that the weights imply is from the true one."""
        implied, truth = self.implied, self.truth_now
        return None if implied is None or truth is None else abs(implied - truth)

    @property
    def damage(self) -> tuple[Problem, ...]:
        """The problems that are no normal state of such a session, a file each, as far as a row
        of a table looks."""
        return _damage(self)

    @property
    def improvement(self) -> float | None:
        if self.frozen_last100 is None or self.adaptive_last100 is None:
            return None
        if self.frozen_last100 == 0:
            return None
        sign = 1 if self.meta.loss.lower_is_better else -1
        gain = (self.frozen_last100 - self.adaptive_last100) / abs(self.frozen_last100)
        return sign * gain * 100


def _damage(session: SessionData | SessionSummary) -> tuple[Problem, ...]:
    whole = session.place.layout == "native" and not (session.status and session.status.live)
    problems = [
        p for p in session.problems if not (p.loading or p.usual) and (whole or not p.missing)
    ]
    return tuple(reversed({p.path: p for p in reversed(problems)}.values()))

"""Every option of the point mass that influences a result, with its default, its range and one
sentence.

The command line's options, the launch form and meta.json are derived from these dataclasses;
nothing else holds a default.
"""

from collections.abc import Mapping
from dataclasses import asdict, field, replace
from typing import Any, Literal

from tttui.model.dataclass import dataclass
from tttui.model.errors import SettingError
from tttui.model.schema import CHUNK
from tttui.model.setting import option, options

EnvMode = Literal["linear", "nonlinear"]
DecayInit = Literal["equal", "spread"]
GateNorm = Literal["whitened", "raw"]


MOST_STEPS = 1_000_000
"""Steps of a buffer, a chunk or a pretraining, and worlds of a batch; what they take in memory
together is bounded (`memory_needed`)."""

MOST_MEMORY = 400_000_000
"""Bytes that the arrays of a session may take together: its settings may come from anybody."""

MEMORIES = 128
"""Directions that the decays of a model span, at most as far as this matters (`dynamics.ssm`)."""

MEGABYTE = 1_000_000

LARGEST_HISTORY = 1000
"""Megabytes of weights_history.npy: larger files are not read again."""


@dataclass(frozen=True, slots=True)
class World:
    """The point mass with hidden friction (meta.json: `env_mode`, `mu`, `env_cfg`)."""

    env_mode: EnvMode = option(
        "linear", "friction law of the world", choices=("linear", "nonlinear")
    )
    mu: float | None = option(
        None,
        "hidden friction; drawn from the seed when absent",
        minimum=0.0,
        maximum=1.0,
        absent="random",
    )
    mu_min: float = option(0.02, "lower end of the drawn friction", minimum=0.0, maximum=1.0)
    mu_max: float = option(0.25, "upper end of the drawn friction", minimum=0.0, maximum=1.0)
    noise_std: float = option(
        0.0, "standard deviation of the process noise that every step adds to z", minimum=0.0
    )
    action_std: float = option(
        0.5, "standard deviation of the random actions", unit="acceleration", above=0.0
    )
    dt: float = option(1.0, "length of one step", unit="time", above=0.0)
    threshold_scale: float = option(
        2.0, "nonlinear: static friction below |v| = mu x this", minimum=0.0
    )
    static_mult: float = option(2.0, "nonlinear: static friction is mu x this", minimum=0.0)
    dynamic_mult: float = option(0.5, "nonlinear: dynamic friction is mu x this", minimum=0.0)


@dataclass(frozen=True, slots=True)
class Model:
    """The diagonal state space model (meta.json: `model_cfg`)."""

    obs_dim: int = option(4, "size of the observation z = [x, y, vx, vy]", minimum=4, maximum=4)
    act_dim: int = option(2, "size of the action a = [ax, ay]", minimum=2, maximum=2)
    z_dim: int = option(
        4, "size of the encoded observation (identity encoder)", minimum=4, maximum=4
    )
    u_dim: int = option(16, "rows of W_u", minimum=1, maximum=4096)
    n_state: int = option(32, "size of the hidden state h", minimum=1, maximum=4096)
    dt: float = field(
        default=1.0, metadata={"help": "the world's dt; decay = exp(-softplus(a_raw) dt)"}
    )
    decay_init: DecayInit = option(
        "spread", "how the frozen decays lie", choices=("equal", "spread")
    )


@dataclass(frozen=True, slots=True)
class Plasticity:
    """The update transaction (meta.json: `plasticity_cfg`); defaults are the preset `stable`."""

    chunk: int = option(
        CHUNK, "steps between transactions", unit="steps", minimum=1, maximum=MOST_STEPS
    )
    buffer_len: int = option(
        256,
        "most recent transitions that an update learns from",
        unit="steps",
        minimum=1,
        maximum=MOST_STEPS,
    )
    min_buffer: int = option(
        32,
        "transitions needed before the first update",
        unit="steps",
        minimum=1,
        maximum=MOST_STEPS,
    )
    lr: float = option(
        0.02, "step size; with line_search the largest step that is allowed", above=0.0
    )
    inner_steps: int = option(6, "optimizer steps in one transaction", minimum=1, maximum=1000)
    momentum: float = option(0.5, "momentum of Muon", minimum=0.0, maximum=0.9999)
    nesterov: bool = option(True, "Nesterov form of the momentum")
    momentum_reset: bool = option(True, "zero the momentum at the start of each transaction")
    ns_steps: int = option(5, "Newton-Schulz iterations", minimum=1, maximum=50)
    weight_decay: float = option(0.0, "decoupled weight decay per step", minimum=0.0, maximum=1.0)
    stored_state: bool = option(
        True, "replay the buffer from the hidden state stored at its start, not from h = 0"
    )
    whiten: bool = option(True, "orthogonalise the data-whitened gradient")
    whiten_eps: float = option(
        1e-6, "ridge of the whitening, relative to the covariance's trace", above=0.0
    )
    anchor: float = option(
        0.1,
        "weight of the base's own experience in the loss, in transitions on which it was right",
        unit="steps",
        minimum=0.0,
    )
    forget: float = option(
        30.0,
        "drop rows older than the last chunk when its live error exceeds this x the loss that "
        "the last transaction left: the world has changed; 0 is off",
        minimum=0.0,
    )
    line_search: bool = option(True, "exact line search on [0, lr]")
    gate_norm: GateNorm = option(
        "whitened", "gradient whose norm the gate checks", choices=("whitened", "raw")
    )
    rollback_tol: float = option(
        0.2, "allowed rise of the loss: post_loss <= (1 + rollback_tol) pre_loss", minimum=0.0
    )
    grad_norm_max: float = option(20.0, "largest gradient norm", above=0.0)
    state_norm_max: float = option(1e6, "largest replayed |h|", above=0.0)
    probation: float = option(
        1.2,
        "roll back when the live error of a chunk exceeds this x the frozen model's; 0 is off",
        minimum=0.0,
    )


LIVE_SETTINGS: tuple[str, ...] = (
    *(one.name for one in options(Plasticity) if one.name not in ("chunk", "buffer_len")),
    "noise_std",
)
"""Settings that can change while a session runs, besides the friction; of the updates all but
those that shape its buffers."""


@dataclass(frozen=True, slots=True)
class Pretraining:
    """How the base is trained (recorded in the base checkpoint's `cfg`)."""

    pretrain_steps: int = option(
        2000, "optimizer steps", unit="steps", minimum=1, maximum=MOST_STEPS
    )
    pretrain_lr: float = option(5e-3, "initial learning rate of Muon, cosine decay to 0", above=0.0)
    pretrain_batch: int = option(32, "worlds in a batch", minimum=1, maximum=MOST_STEPS)
    pretrain_seq: int = option(
        128, "length of a training sequence", unit="steps", minimum=2, maximum=MOST_STEPS
    )
    pretrain_seed: int = option(0, "seed of the weights and of the training worlds", minimum=0)


def mu_at_step(text: str) -> tuple[int, float]:
    """`0.3@200` -> (200, 0.3). Raises ValueError, or SettingError where it is out of range."""
    mu, _, step = text.partition("@")
    try:
        change = int(step), float(mu)
    except ValueError:
        raise ValueError(f"{text!r} is no change; write MU@STEP, such as 0.3@200") from None
    refuse_change(*change)
    return change


def refuse_change(t: int, mu: float) -> None:
    """Raise SettingError where no friction can change so."""
    if t < 0 or not 0.0 <= mu <= 1.0:
        raise SettingError("mu_schedule", f"{mu}@{t}: needs a step >= 0 and 0 <= mu <= 1")


FAULTS: dict[str, str] = {
    "nan": "the observation at STEP is NaN",
    "gradient": "the gradient of the first update at or after STEP is blown up",
    "mu": "the hidden friction jumps to the other end of its range at STEP",
    "chunk": "one chunk of observations from STEP on is garbage",
    "disk": "the disk is full at STEP",
}
"""Faults that can be injected on purpose into a running session -> what each does."""


def fault_at_step(text: str) -> tuple[int, str]:
    """`nan@200` -> (200, "nan"). Raises ValueError saying what is wrong."""
    kind, _, step = text.partition("@")
    if kind not in FAULTS:
        raise ValueError(f"{text!r} is of an unknown kind {kind!r}; known are {', '.join(FAULTS)}")
    if not step.isdigit() or int(step) < 1:
        raise ValueError(f"{text!r} needs a step of at least 1, for example {kind}@200")
    return int(step), kind


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a session needs besides its base checkpoint."""

    world: World = field(default_factory=World)
    model: Model = field(default_factory=Model)
    plasticity: Plasticity = field(default_factory=Plasticity)
    pretraining: Pretraining = field(default_factory=Pretraining)
    seed: int = option(0, "seed of the world, its actions and its noise", minimum=0)
    steps: int = option(600, "steps to run", unit="steps", minimum=1)
    device: str = option("cpu", "where the engine computes: cpu, cuda or cuda:N")
    checkpoint_s: float = option(
        2.0, "time between checkpoints; one is always written at the end", unit="s", above=0.0
    )
    history_mb: int = option(
        64,
        "size of weights_history.npy above which older snapshots are thinned",
        unit="MB",
        minimum=1,
        maximum=LARGEST_HISTORY,
    )
    mu_schedule: tuple[tuple[int, float], ...] = option(
        (),
        "change the hidden friction to MU at STEP; may be repeated",
        shape="MU@STEP",
        item=mu_at_step,
    )

    def validate(self) -> "Settings":
        """Return self, or raise SettingError naming the first field outside its range, or the one
        that takes the most memory where all take too much."""
        for group in (self.world, self.model, self.plasticity, self.pretraining, self):
            for one in options(group):
                one.check(getattr(group, one.name))
        if self.world.mu_min > self.world.mu_max:
            raise SettingError("mu_min", f"{self.world.mu_min} is above mu_max {self.world.mu_max}")
        if self.plasticity.min_buffer > self.plasticity.buffer_len:
            raise SettingError(
                "min_buffer",
                f"{self.plasticity.min_buffer} is above buffer_len {self.plasticity.buffer_len}, "
                "so no update would ever be tried",
            )
        for t, mu in self.mu_schedule:
            refuse_change(t, mu)
        refuse_too_large(self)
        return self

    def with_preset(self, name: str) -> "Settings":
        """The same settings with the plasticity of a preset (`stable` or `plain`)."""
        if name not in PRESETS:
            raise SettingError("preset", f"{name!r} is unknown; choose from {', '.join(PRESETS)}")
        return replace(self, plasticity=PRESETS[name])

    def updated(self, values: Mapping[str, Any]) -> "Settings":
        """A copy with some options changed, by their flat names (`mu`, `chunk`, `seed` ...).

        Raises SettingError for a name that is no option. Values are not converted; call
        `validate` afterwards.
        """
        groups = {
            name: dict[str, Any]() for name in ("world", "model", "plasticity", "pretraining")
        }
        own: dict[str, Any] = {}
        for name, value in values.items():
            owner = OWNER.get(name)
            if owner is None:
                raise SettingError(name, f"unknown setting; known are {', '.join(sorted(OWNER))}")
            (own if owner == "" else groups[owner])[name] = value
        if "dt" in values:
            groups["model"]["dt"] = values["dt"]
        if "mu_schedule" in own:  # lists, where they come from a JSON file
            own["mu_schedule"] = tuple((t, mu) for t, mu in own["mu_schedule"])
        for group, changed in groups.items():
            if changed:
                own[group] = replace(getattr(self, group), **changed)
        return replace(self, **own)

    def flat(self) -> dict[str, Any]:
        """All options by their flat names."""
        out: dict[str, Any] = {}
        for group in ("world", "model", "plasticity", "pretraining"):
            values = asdict(getattr(self, group))
            out.update({k: v for k, v in values.items() if OWNER[k] == group})
        out.update({one.name: getattr(self, one.name) for one in options(Settings)})
        out["mu_schedule"] = [list(pair) for pair in self.mu_schedule]
        return out


PRESETS: dict[str, Plasticity] = {
    "stable": Plasticity(),
    "plain": Plasticity(
        chunk=32,
        buffer_len=32,
        min_buffer=32,
        lr=5e-3,
        inner_steps=1,
        momentum=0.95,
        momentum_reset=False,
        stored_state=False,
        whiten=False,
        anchor=0.0,
        forget=0.0,
        line_search=False,
        gate_norm="raw",
        probation=0.0,
    ),
}
"""`stable` is all that makes TTT work; `plain` is the obvious loop, which shows how it fails."""

GROUPS: dict[str, type] = {
    "world": World,
    "model": Model,
    "plasticity": Plasticity,
    "pretraining": Pretraining,
    "": Settings,
}
"""The field of Settings that holds a group -> its dataclass; '' is Settings itself."""

OWNER: dict[str, str] = {one.name: name for name, cls in GROUPS.items() for one in options(cls)}
"""Flat option name -> the group that holds it."""


def memory_needed(settings: Settings) -> dict[str, int]:
    """Bytes of the arrays that a session makes, by the setting that sizes them.

    They were measured, and are rather too large than too small.
    """
    n, u = settings.model.n_state, settings.model.u_dim
    memories = 6 * min(n, MEMORIES)
    p, q = settings.plasticity, settings.pretraining
    fading = 0 if p.stored_state else 3 * n * memories
    trained = q.pretrain_batch * q.pretrain_seq * max(400 + 8 * (u + n), 16 * memories)
    return {
        "buffer_len": p.buffer_len * (200 + 20 * memories + 16 * n + fading),
        "chunk": p.chunk * (600 + 16 * memories),
        "n_state": n * (70 * n + 160 * memories),
        "u_dim": u * (60 * u + 30 * n),
        "pretrain_batch" if q.pretrain_batch > q.pretrain_seq else "pretrain_seq": trained,
    }


def refuse_too_large(settings: Settings) -> None:
    """Raise SettingError naming the setting that takes the most, where all take too much."""
    parts = memory_needed(settings)
    total = sum(parts.values())
    if total <= MOST_MEMORY:
        return
    name = max(parts, key=parts.__getitem__)
    model, pretraining = settings.model, settings.pretraining
    beside = f"n_state {model.n_state}, u_dim {model.u_dim}"
    if name.startswith("pretrain"):
        beside += f", {pretraining.pretrain_batch} worlds of {pretraining.pretrain_seq} steps"
    raise SettingError(
        name,
        f"{settings.flat()[name]} needs too much memory: with {beside} some "
        f"{total // MEGABYTE} MB, but {MOST_MEMORY // MEGABYTE} MB are the most",
    )

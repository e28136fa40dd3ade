"""The plan of a sweep, all of it fixed before the first member is computed.

Every member meets the same held-out streams, so that members are compared stream by stream. What
is computed side by side (a batch) follows from the plan alone: a sweep that goes on after a kill
makes the same batches, and repeats none that is finished.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

from tttui.lab.evaluation import Contender, HeldOutStream
from tttui.lab.evaluation.streams import DecidingLoss
from tttui.model.ages import duration_text
from tttui.model.dataclass import dataclass
from tttui.model.schema import POINT_MASS
from tttui.model.setting import Setting

if TYPE_CHECKING:
    from tttui.runs.runner import Runner
    from tttui.tasks.base import AnyTask

MOST_MEMBERS = 5000
"""Members of a sweep: their comparisons are worked out each time it is shown."""

MOST_STEPS = 2_000_000_000
"""Steps of all members on all streams together: a day of the point mass on one core."""

MOST_PAIRS = 100_000_000
"""Members times pairs of streams: what the intervals are worked out from takes seconds then."""

MOST_PARTS = 1000

CPU_SESSIONS, GPU_SESSIONS = 64, 4096
"""Sessions of the point mass that a batch computes side by side."""

STEPS_A_SECOND = 20_000.0
"""Of the point mass on one core, sessions side by side, for an estimate."""

WINDOWS_A_SECOND = 60.0
"""Of text on one core."""

FIXED = ("name", "seed", "steps", "file", "paused", "speed_limit", "fault", "checkpoint_s")
"""Settings that are no matter of a sweep, or have an option of their own."""


@dataclass(frozen=True, slots=True)
class SweepMember:
    """A member: one combination of the varied settings."""

    name: str
    """`lr 0.01, chunk 16`; `default` for the default settings."""
    values: Mapping[str, Any]


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep computes."""

    task: str
    """The task as the person named it."""
    members: tuple[SweepMember, ...]
    """The first has the default settings."""
    streams: tuple[HeldOutStream, ...]
    names: tuple[str, ...]
    """The settings that are varied."""
    fixed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings that all members have."""
    steps: int | None = None
    by: DecidingLoss = "whole"
    seed: int = 0
    """Seed of the streams and of a random search."""
    data: str = ""
    """The documents that streams were chosen from; '' for none."""
    part: int = 0
    parts: int = 1
    """The number of jobs that share the sweep; `part` is the index of this one."""
    confirms: str = ""
    """The handle of the sweep whose best is tested again."""
    streams_text: str = ""
    """What the streams are, one sentence."""

    def settings(self) -> dict[str, Any]:
        """As the settings of a job."""
        return {
            "task": self.task,
            "members": [{"name": one.name, "values": dict(one.values)} for one in self.members],
            "streams": [{"name": one.name, "values": dict(one.values)} for one in self.streams],
            "names": list(self.names),
            "fixed": dict(self.fixed),
            "steps": self.steps,
            "by": self.by,
            "seed": self.seed,
            "data": self.data,
            "part": self.part,
            "parts": self.parts,
            "confirms": self.confirms,
            "said": self.streams_text,
        }

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """From the settings of a job."""
        known = {one.name: settings[one.name] for one in fields(cls) if one.name in settings}
        plan = cls(
            **{
                **known,
                "members": tuple(SweepMember(**one) for one in settings["members"]),
                "streams": tuple(HeldOutStream(**one) for one in settings["streams"]),
                "names": tuple(settings["names"]),
                "streams_text": settings.get("said", ""),
            }
        )
        plan._check()
        return plan

    def _check(self) -> None:
        """Raise ValueError where what a file says cannot be a plan: anybody may have written it."""
        m, s = len(self.members), len(self.streams)
        if not (m and s and m <= MOST_MEMBERS and m * s * s <= MOST_PAIRS):
            raise ValueError(f"{m} members on {s} streams")
        texts = (self.task, self.by, self.data, self.streams_text, self.confirms, *self.names)
        tables = [self.fixed, *(one.values for one in self.members)]
        tables += [one.values for one in self.streams]
        if not all(isinstance(one, str) for one in texts) or self.by not in get_args(DecidingLoss):
            raise ValueError("its names are no texts")
        if not all(isinstance(one, dict) for one in tables):
            raise ValueError("its settings are no tables")
        if not all(set(self.names) <= set(one.values) for one in self.members[1:]):
            raise ValueError("a member lacks a setting")
        if not 0 <= self.part < self.parts <= MOST_PARTS:
            raise ValueError(f"it is part {self.part} of {self.parts}")

    def shared(self, parts: int) -> list["SweepPlan"]:
        """The plans of so many jobs, at most one a batch, that compute it together."""
        parts = max(1, min(parts, MOST_PARTS, len(self.members) * len(self.streams)))
        parts = min(parts, len(replace(self, part=0, parts=parts).batches))
        return [replace(self, part=i, parts=parts) for i in range(parts)]

    @cached_property
    def runner(self) -> "Runner":
        from tttui.runs.runner import named_runner

        return named_runner(self.task)

    @property
    def is_point_mass(self) -> bool:
        return self.runner.task.name == POINT_MASS

    def values_of(self, member: int) -> dict[str, Any]:
        """All settings of a member that differ from the task's defaults."""
        steps = {} if self.steps is None else {"steps": self.steps}
        return {**self.fixed, **steps, **self.members[member].values}

    def stream_of(self, member: int, stream: int) -> HeldOutStream:
        """A stream with the member's own values of the varied settings."""
        one, own = self.streams[stream], self.members[member].values
        return replace(one, values={k: v for k, v in one.values.items() if k not in own})

    def contender(self, member: int, root: Path) -> Contender:
        """A member, to be evaluated."""
        return Contender(self.members[member].name, self.task, self.values_of(member), root=root)

    @cached_property
    def batches(self) -> dict[str, tuple[tuple[int, int], ...]]:
        """(member, stream) pairs that are computed together, by the name of the part, of all
        jobs that share the sweep."""
        pairs = [(m, s) for m in range(len(self.members)) for s in range(len(self.streams))]
        most = 1
        if self.is_point_mass:
            most = CPU_SESSIONS if self.on_cpu else GPU_SESSIONS
            most = max(1, min(most, -(-len(pairs) // self.parts)))
        groups: dict[Any, list[tuple[int, int]]] = {}
        keys = [self._alike(m) for m in range(len(self.members))]
        for pair in pairs:
            groups.setdefault(keys[pair[0]], []).append(pair)
        batches = [g[i : i + most] for g in groups.values() for i in range(0, len(g), most)]
        return {self._name(k, len(batches), pairs): tuple(pairs) for k, pairs in enumerate(batches)}

    @property
    def own_batches(self) -> list[str]:
        """The names of those batches that this job computes."""
        return list(self.batches)[self.part :: self.parts]

    @property
    def on_cpu(self) -> bool:
        return str(self.fixed.get("device", "cpu")) == "cpu" and "device" not in self.names

    @property
    def all_steps(self) -> int:
        """Steps of all members on all streams, as far as they are known."""
        steps = self.steps
        if steps is None:
            steps = self.runner.task.all_settings()["steps"].default or 128
        return len(self.members) * len(self.streams) * int(steps)

    def estimate(self) -> str:
        """`12 members x 8 streams x 600 steps: about 3 s`."""
        n, m = len(self.members), len(self.streams)
        size = f"{n} members x {m} streams x {self.all_steps // (n * m)} steps"
        speed = STEPS_A_SECOND if self.is_point_mass else WINDOWS_A_SECOND
        if not self.on_cpu or self.runner.task.name not in (POINT_MASS, "text"):
            return f"{size}; how long that takes, the job tells after its first member"
        jobs = f" and {self.parts} jobs at a time" if self.parts > 1 else ""
        seconds = max(1.0, self.all_steps / speed / self.parts)
        return f"{size}: about {duration_text(seconds)} at {speed:,.0f} steps/s{jobs}"

    def _alike(self, member: int) -> Any:
        """A key that members share if they can be computed side by side."""
        if not self.is_point_mass:
            return member
        from tttui.lab.sweeps.computing import shape_of

        return shape_of(self.runner.choose(self.values_of(member)))

    def _name(self, k: int, batches: int, pairs: Sequence[tuple[int, int]]) -> str:
        """The name of a batch, as its part is called."""
        if len(pairs) > 1:
            return f"batch {k + 1} of {batches}, {len(pairs)} sessions"
        ((member, stream),) = pairs
        return f"member {member + 1} of {len(self.members)}, stream {stream + 1}"


def known_settings(task: "type[AnyTask]") -> dict[str, Setting]:
    """The settings of a task that a sweep may vary, by name."""
    return {k: v for k, v in task.all_settings().items() if k not in FIXED}

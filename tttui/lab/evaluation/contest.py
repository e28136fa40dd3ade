"""A contest: contenders on the same held-out streams, as a job computes it part by part.

What is compared, on how many streams and by which loss is fixed in the settings of the job: no
interval is worked out before all parts are there, and a resumed job computes those that are
missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tttui.lab.evaluation.contender import Contender, StreamOutcome, evaluate
from tttui.lab.evaluation.ranking import ranking
from tttui.lab.evaluation.statistics import fewest
from tttui.lab.evaluation.streams import (
    DecidingLoss,
    HeldOutStream,
    held_out,
    reads_documents,
    streams_text,
)
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.schema import POINT_MASS
from tttui.tasks.base import Task

if TYPE_CHECKING:
    from tttui.lab.context import Context
    from tttui.lab.registry import Version
    from tttui.tasks.base import AnyTask

BASE = "base"
"""The contender that starts with the weights of the base."""

TOGETHER = 8
"""Worlds of the point mass that a part computes side by side."""

ROUNDS = 3
"""Times that each contender runs alone against the clock, in turn with the others."""

MOST = 12
"""Contenders of one contest."""

OF_A_RUN = ("file", "checkpoint_s", "history_mb", "weights_every")
"""Settings of sessions that say nothing of how one learns."""


@dataclass(frozen=True, slots=True)
class ContestEntry:
    """One contender as the settings of a job have it."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings that differ from the shared ones."""
    version: str = ""
    """The version of a skill (`A@v2`) that it starts with and whose settings it has."""
    as_version: str = ""
    """The version whose settings it has, but not its weights: `base` in a test of that one."""
    engine: str = ""
    """The provider that computes it (`numpy`, `cuda:0`); '' for the usual one."""


@dataclass(frozen=True, slots=True)
class Contest:
    """What is compared, all of it fixed before the first stream is computed."""

    task: str
    entries: tuple[ContestEntry, ...]
    shared: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings that all contenders and streams have."""
    streams: int = 32
    seed: int = 0
    data: str = ""
    """The absolute path of the documents; '' without documents."""
    by: DecidingLoss = "whole"

    def settings(self) -> dict[str, Any]:
        """As the settings of a job."""
        return asdict(self)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """From the settings of a job."""
        known = {name: settings[name] for name in cls.__slots__ if name in settings}
        return cls(
            **{**known, "entries": tuple(ContestEntry(**one) for one in settings["entries"])}
        )

    @property
    def on_cpu(self) -> bool:
        """No contender computes on a GPU."""
        named = [entry.engine or entry.values.get("device", "cpu") for entry in self.entries]
        return not any("cuda" in str(one) for one in (*named, self.shared.get("device", "cpu")))

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Index pairs of the contenders that are compared."""
        return list(combinations(range(len(self.entries)), 2))

    def check(self, root: Path) -> list[HeldOutStream]:
        """Raise RefusedInput where it cannot be held, in one line with the remedy; returns its
        streams. Quick, for a command."""
        names = [entry.name for entry in self.entries]
        for name in names:
            if names.count(name) > 1:
                raise RefusedInput(
                    f"{name}: is named twice; each contender needs a name of its own"
                )
        if not 2 <= len(names) <= MOST:
            raise RefusedInput(f"{len(names)} contenders: name 2 to {MOST}")
        least = fewest(len(self.pairs))
        if self.streams < least:
            raise RefusedInput(
                f"{self.streams} streams: no difference between {len(names)} contenders could be "
                f"told from chance; take {least} or more"
            )
        from tttui.lab.evaluation.contender import check

        streams, contenders = self.streams_of(root), self.contenders(root)
        for contender in contenders:
            check(contender, streams[0])
        return streams

    def contenders(self, root: Path) -> list[Contender]:
        """The contenders with their weights. Raises RefusedInput for an unknown version."""
        return [self._contender(root, entry) for entry in self.entries]

    def streams_of(self, root: Path) -> list[HeldOutStream]:
        """The streams of all contenders; without documents that one of them was trained on."""
        shared = dict(self.shared)
        for entry in self.entries:
            if called := entry.version or entry.as_version:
                shared = {**_settings_of(_version(root, called)), **shared}
                break
        data = Path(self.data) if self.data else None
        return held_out(
            self.find_task(),
            shared,
            self.streams,
            self.seed,
            data=data,
            without=self._learned(root),
        )

    def streams_text(self, streams: Sequence[HeldOutStream]) -> str:
        """What the streams are, one sentence."""
        settings = self.find_task().session_settings()
        usual = {name: one.default for name, one in settings.items()}
        return streams_text(streams, Path(self.data) if self.data else None, usual)

    def find_task(self) -> "type[AnyTask]":
        """The task of the contest. Raises RefusedInput if it is unknown."""
        from tttui.tasks.find import find_task

        return find_task(self.task)

    def _contender(self, root: Path, entry: ContestEntry) -> Contender:
        values: dict[str, Any] = {}
        tensors, sha256 = None, ""
        if called := entry.version or entry.as_version:
            from tttui.lab.registry.starting import runner_for, start_weights

            version = _version(root, called)
            start = start_weights(root, version, runner_for(version, self.task))
            if entry.as_version and version.type == "base":
                values = dict(version.settings)  # against the usual base, not against itself
            else:
                values, sha256 = dict(start.settings), start.base_sha256
                values |= _file_of(start.base_file) if self.task == POINT_MASS else {}
            if entry.version and start.tensors:
                tensors = start.tensors
        values = {**values, **self.shared, **entry.values}
        task = self.find_task()
        known = task.session_settings()
        values = {k: v for k, v in values.items() if k in known or k in ("preset", "base")}
        if reads_documents(task):
            values = {k: v for k, v in values.items() if k not in ("steps", "file")}
        values = {k: v for k, v in values.items() if k not in OF_A_RUN}
        torch = False
        if entry.engine:
            device, torch = _engine(entry.engine, modules=issubclass(task, Task))
            values["device"] = device
        return Contender(entry.name, self.task, values, tensors, root, sha256, torch)

    def _learned(self, root: Path) -> frozenset[str]:
        """Hashes of the data that versions, and those that they come from, were trained on."""
        documents, todo = set[str](), [e.version for e in self.entries if e.version]
        seen = set[str]()
        while todo:
            called = todo.pop()
            if called in seen:
                continue
            seen.add(called)
            try:
                version = _version(root, called)
            except RefusedInput:
                continue  # an ancestor that was removed
            data = version.origin.get("data")
            documents |= {data} if isinstance(data, str) else set()
            todo += version.parents
        return frozenset(documents)


def _file_of(base: Path | None) -> dict[str, Any]:
    """The base that weights stand on, where the registry keeps it."""
    return {"base": str(base)} if base is not None and base.is_file() else {}


def _engine(name: str, *, modules: bool) -> tuple[str, bool]:
    """Device of an engine of this machine, and whether torch computes there. Raises RefusedInput
    where it is none, or cannot run the task."""
    from tttui.lab.providers import providers_named
    from tttui.lab.providers.engines import Engine

    (engine,) = providers_named([name])
    if not isinstance(engine, Engine):
        raise RefusedInput(f"{name}: is an endpoint, which runs no sessions; compare it by prompts")
    if modules and not engine.modules:
        raise RefusedInput(f"{name}: trains no modules of torch; name torch-cpu or a GPU")
    return engine.device, engine.modules


def _version(root: Path, called: str) -> "Version":
    from tttui.lab.registry import resolve

    return resolve(root, called)


def _settings_of(version: "Version") -> dict[str, Any]:
    return {**version.task_settings, **version.settings}


def hold(context: "Context", contest: Contest, *, timed: bool) -> dict[str, Any]:
    """Compute all missing parts, contenders in turn; returns the results.

    `timed`: each contender is also run alone against the clock.
    """
    context.doing("reads the weights")
    streams = contest.streams_of(context.root)
    contenders = contest.contenders(context.root)
    blocks = _blocks(contenders, len(streams))
    alone = ROUNDS if timed and contenders[0].is_point_mass else 0
    plan = _plan(contenders, blocks, alone)
    for name in context.remaining(list(plan)):
        contender, block = plan[name]
        if block is None:
            from tttui.lab.evaluation.worlds import alone as against_the_clock

            pace, latencies = against_the_clock(contender, streams[0])
            context.finish_part(name, {"steps_per_s": pace, "latency_ms": latencies.tolist()})
            continue
        finished = len(context.parts)

        def on_progress(done: int, total: int, finished: int = finished, name: str = name) -> None:
            context.safe_point()
            context.progress(finished + done / total, len(plan), name)

        outcomes = evaluate(contender, [streams[i] for i in block], on_progress)
        context.finish_part(name, [_row(one) for one in outcomes])
        context.results({"complete": False, "parts": len(context.parts), "parts_in_all": len(plan)})
    rows = [
        [row for b in blocks for row in context.parts[_part(contender, b)]]
        for contender in contenders
    ]
    clocks = [
        [context.parts[_clock(contender, k)] for k in range(alone)] for contender in contenders
    ]
    return ranking(contest, streams, rows, clocks)


def _blocks(contenders: Sequence[Contender], n: int) -> list[range]:
    each = 1
    if contenders[0].is_point_mass:
        on_cpu = all(str(one.values.get("device", "cpu")) == "cpu" for one in contenders)
        each = TOGETHER if on_cpu else n
    return [range(i, min(i + each, n)) for i in range(0, n, each)]


def _plan(
    contenders: Sequence[Contender], blocks: Sequence[range], alone: int
) -> dict[str, tuple[Contender, range | None]]:
    """The parts by name, in an order in which no contender always has the quieter machine."""
    plan: dict[str, tuple[Contender, range | None]] = {}
    for k, block in enumerate(blocks):
        for contender in _rotated(contenders, k):
            plan[_part(contender, block)] = (contender, block)
    for k in range(alone):
        for contender in _rotated(contenders, k):
            plan[_clock(contender, k)] = (contender, None)
    return plan


def _rotated(contenders: Sequence[Contender], k: int) -> Iterator[Contender]:
    at = k % len(contenders)
    yield from (*contenders[at:], *contenders[:at])


def _part(contender: Contender, block: range) -> str:
    where = f"{block.start + 1}" if len(block) == 1 else f"{block.start + 1} to {block.stop}"
    return f"{contender.name[:100]}: stream {where}"


def _clock(contender: Contender, k: int) -> str:
    return f"{contender.name[:100]}: alone, round {k + 1}"


def _row(one: StreamOutcome) -> dict[str, Any]:
    latency = [] if one.latency_ms is None else [float(f"{ms:.4g}") for ms in one.latency_ms]
    return {
        "whole": one.whole,
        "last": one.last,
        "frozen_whole": one.frozen_whole,
        "frozen_last": one.frozen_last,
        "seconds": one.seconds,
        "steps": len(one.adaptive),
        "commits": one.commits,
        "rollbacks": one.rollbacks,
        "latency_ms": latency,
    }

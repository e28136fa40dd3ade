"""A contest: contenders on the same held-out streams, as a job computes it part by part.

What is compared, on how many streams and by which loss is fixed in the settings of the job: no
interval is worked out before all parts are there, and a resumed job computes those that are
missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from tttui.lab.evaluation.contender import Contender, Outcome, evaluate
from tttui.lab.evaluation.statistics import (
    Comparison,
    fewest,
    paired,
    simultaneous,
)
from tttui.lab.evaluation.streams import (
    Stream,
    held_out,
    key_of,
    reads_documents,
    said_of,
)
from tttui.model.arrays import Floats
from tttui.model.errors import RefusedInput
from tttui.model.improvement import percentiles

if TYPE_CHECKING:
    from tttui.lab.context import Context

By = Literal["whole", "last"]
"""The loss that decides: the mean over the whole stream, or over its last 100 steps."""

BASE = "base"
"""The contender that starts with the weights of the base."""

TOGETHER = 16
"""Worlds of the point mass that a part computes side by side."""

ROUNDS = 3
"""Times that each contender runs alone against the clock, in turn with the others."""

MOST = 12
"""Contenders of one contest."""

OF_A_RUN = ("file", "checkpoint_s", "history_mb", "weights_every")
"""Settings of sessions that say nothing of how one learns."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contender as the settings of a job have it."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings that it has otherwise than the others."""
    version: str = ""
    """The version of a skill (`A@v2`) that it starts with and whose settings it has."""
    as_version: str = ""
    """The version whose settings it has, but not its weights: `base` in a test of that one."""


@dataclass(frozen=True, slots=True)
class Contest:
    """What is compared, all of it fixed before the first stream is computed."""

    task: str
    entries: tuple[Entry, ...]
    shared: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings that all contenders and streams have."""
    streams: int = 32
    seed: int = 0
    data: str = ""
    """The absolute path of the documents; '' for none."""
    by: By = "whole"

    def settings(self) -> dict[str, Any]:
        """As the settings of a job."""
        return asdict(self)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """From the settings of a job."""
        known = {name: settings[name] for name in cls.__slots__ if name in settings}
        return cls(**{**known, "entries": tuple(Entry(**one) for one in settings["entries"])})

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Places of the contenders that are compared."""
        return list(combinations(range(len(self.entries)), 2))

    def check(self, root: Path) -> list[Stream]:
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
        """With their weights. Raises RefusedInput for a version that is not there."""
        return [self._contender(root, entry) for entry in self.entries]

    def streams_of(self, root: Path) -> list[Stream]:
        """The streams that all meet; without documents that one of them has learned from."""
        shared = dict(self.shared)
        for entry in self.entries:
            if called := entry.version or entry.as_version:
                shared = {**_settings_of(_version(root, called)), **shared}
                break
        data = Path(self.data) if self.data else None
        return held_out(
            self._task(), shared, self.streams, self.seed, data=data, without=self._learned(root)
        )

    def said(self, streams: Sequence[Stream]) -> str:
        """What the streams are, one sentence."""
        return said_of(streams, Path(self.data) if self.data else None)

    def _task(self) -> Any:
        from tttui.tasks.find import find_task

        return find_task(self.task)

    def _contender(self, root: Path, entry: Entry) -> Contender:
        values: dict[str, Any] = {}
        tensors, sha256 = None, ""
        if called := entry.version or entry.as_version:
            version = _version(root, called)
            if version.task != self.task:
                raise RefusedInput(
                    f"{called}: is of the task {version.task}, the others are of {self.task}"
                )
            values, sha256 = _settings_of(version), version.base_sha256
            tensors = version.tensors() if entry.version else None
        values = {**values, **self.shared, **entry.values}
        task = self._task()
        known = task.session_settings()
        values = {k: v for k, v in values.items() if k in known or k in ("preset", "base")}
        if reads_documents(task):
            values = {k: v for k, v in values.items() if k not in ("steps", "file")}
        values = {k: v for k, v in values.items() if k not in OF_A_RUN}
        return Contender(entry.name, self.task, values, tensors, root, sha256)

    def _learned(self, root: Path) -> frozenset[str]:
        """Hashes of the data that versions, and those that they come from, were trained on."""
        found, todo = set[str](), [e.version for e in self.entries if e.version]
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
            found |= {data} if isinstance(data, str) else set()
            todo += version.parents
        return frozenset(found)


def _version(root: Path, called: str) -> Any:
    from tttui.lab.registry import resolve

    return resolve(root, called)


def _settings_of(version: Any) -> dict[str, Any]:
    return {**version.task_settings, **version.settings}


# -- computing ------------------------------------------------------------------------------------


def hold(context: "Context", contest: Contest, *, timed: bool) -> dict[str, Any]:
    """Compute all parts that are missing, contenders in turn; returns what came of it all.

    `timed`: each contender is also run alone against the clock.
    """
    context.doing("reads the weights")
    streams = contest.streams_of(context.root)
    contenders = contest.contenders(context.root)
    blocks = _blocks(contest, contenders[0], len(streams))
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

        def told(done: int, total: int, finished: int = finished, name: str = name) -> None:
            context.safe_point()
            context.progress(finished + done / total, len(plan), name)

        outcomes = evaluate(contender, [streams[i] for i in block], told)
        context.finish_part(name, [_row(one) for one in outcomes])
        context.results({"complete": False, "parts": len(context.parts), "parts_in_all": len(plan)})
    rows = [
        [row for b in blocks for row in context.parts[_part(contender, b)]]
        for contender in contenders
    ]
    clocks = [
        [context.parts[_clock(contender, k)] for k in range(alone)] for contender in contenders
    ]
    return outcome(contest, streams, rows, clocks)


def _blocks(contest: Contest, contender: Contender, n: int) -> list[range]:
    each = 1
    if contender.is_point_mass:
        on_cpu = str(contest.shared.get("device", "cpu")) == "cpu"
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


def _row(one: Outcome) -> dict[str, Any]:
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


# -- what came of it ------------------------------------------------------------------------------


def outcome(
    contest: Contest,
    streams: Sequence[Stream],
    rows: Sequence[Sequence[Mapping[str, Any]]],
    clocks: Sequence[Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """results.json of a contest whose parts are all there.

    `rows` has one row a stream for each contender, `clocks` its rounds alone.
    """
    task = contest._task()
    unit = "" if contest.task == "pointmass" else task.unit or task.loss_name
    values = np.array([[_number(row[contest.by]) for row in of_one] for of_one in rows])
    _refuse_equal_streams(contest, values)
    level = simultaneous(len(contest.pairs))
    names = [entry.name for entry in contest.entries]
    compared = {(i, j): compare(values[i], values[j], unit, level=level) for i, j in contest.pairs}
    ranks = _ranks(len(names), compared)
    best = np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=0)
    lines = []
    for i, name in enumerate(names):
        table = {key: np.array([_number(row[key]) for row in rows[i]]) for key in _LOSSES}
        last = compare(table["last"], table["frozen_last"], unit)
        alone = np.sum(values == best, axis=0) == 1
        lines.append(
            {
                "name": name,
                "version": contest.entries[i].version,
                "rank": ranks[i],
                "whole": _middle(table["whole"]),
                "last": _middle(table["last"]),
                "frozen_last": _middle(table["frozen_last"]),
                "improvement": {**last.document(), "text": last.amount, "between": last.between},
                "wins": int(np.sum((values[i] == best) & alone)),
                "worst_tenth": _worst(values[i]),
                "commits": sum(row["commits"] for row in rows[i]),
                "rollbacks": sum(row["rollbacks"] for row in rows[i]),
                **_pace(rows[i], clocks[i]),
                "values": [float(f"{v:.8g}") for v in values[i]],
            }
        )
    order = sorted(range(len(names)), key=lambda i: (ranks[i], _sorted_by(values[i])))
    found = {
        "complete": True,
        "task": contest.task,
        "by": contest.by,
        "loss": task.loss_name,
        "unit": task.unit,
        "streams": len(streams),
        "streams_are": contest.said(streams),
        "streams_key": key_of(streams),
        "stream_names": [stream.name for stream in streams],
        "level": 0.95,
        "comparisons": len(contest.pairs),
        "contenders": [lines[i] for i in order],
        "pairs": [
            {
                "a": names[i],
                "b": names[j],
                **one.document(),
                "verdict": one.verdict(names[i], names[j]),
            }
            for (i, j), one in compared.items()
        ],
    }
    return {**found, "verdict": verdict(found)}


_LOSSES = ("whole", "last", "frozen_whole", "frozen_last")


def compare(a: Floats, b: Floats, unit: str, *, level: float = 0.95) -> Comparison:
    """By the ratio of losses where they have no unit that a person thinks in, else by their
    difference."""
    return paired(a, b, ratio=not unit, unit=unit, level=level)


def verdict(found: Mapping[str, Any]) -> str:
    """The ranking in a sentence."""
    first = [c["name"] for c in found["contenders"] if c["rank"] == 1]
    rest = [c["name"] for c in found["contenders"] if c["rank"] > 1]
    if not rest:
        return f"no difference between {_listed(first)} on {found['streams']} held-out streams"
    if len(first) == 1:
        return f"{first[0]} is better than {_listed(rest)} on {found['streams']} held-out streams"
    return f"no difference between {_listed(first)}, which are ahead of {_listed(rest)}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _ranks(n: int, compared: Mapping[tuple[int, int], Comparison]) -> list[int]:
    """One more than those that are better beyond chance."""
    ranks = [1] * n
    for (i, j), one in compared.items():
        if one.outcome == "better":
            ranks[j] += 1
        elif one.outcome == "worse":
            ranks[i] += 1
    return ranks


def _pace(
    rows: Sequence[Mapping[str, Any]], clocks: Sequence[Mapping[str, Any]]
) -> dict[str, float | None]:
    """Steps a second and latency of a transaction of one session: medians of what was measured in
    turn with the others, and the slowest twentieth of the transactions."""
    source = clocks or [
        {"steps_per_s": row["steps"] / max(row["seconds"], 1e-9), "latency_ms": row["latency_ms"]}
        for row in rows
    ]
    latencies = [float(ms) for one in source for ms in one["latency_ms"]]
    paces = np.array([float(one["steps_per_s"]) for one in source])
    at = percentiles(np.array(latencies), (50, 95)) if latencies else [None, None]
    return {
        "steps_per_s": _middle(paces),
        "steps_per_s_low": float(paces.min()),
        "steps_per_s_high": float(paces.max()),
        "latency_ms": at[0],
        "latency_p95_ms": at[1],
    }


def _refuse_equal_streams(contest: Contest, values: Floats) -> None:
    """Streams that are all the same prove nothing, however many there are."""
    if values.shape[1] > 1 and (values == values[:, :1]).all() and np.isfinite(values).all():
        raise RefusedInput(
            f"the streams of the task {contest.task} do not depend on the seed: all "
            f"{values.shape[1]} gave the same losses, so there is nothing to compare over"
        )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _middle(values: Floats) -> float:
    """The median; what is not finite counts as the worst."""
    return percentiles(np.where(np.isfinite(values), values, np.inf), [50.0])[0]


def _worst(values: Floats) -> float:
    """The loss that a tenth of the streams exceeds."""
    return percentiles(np.where(np.isfinite(values), values, np.inf), [90.0])[0]


def _sorted_by(values: Floats) -> float:
    return float(np.median(np.where(np.isfinite(values), values, np.inf)))

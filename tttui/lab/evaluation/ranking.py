"""The result of a contest: ranks by simultaneous intervals, and the figures of each contender."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tttui.lab.evaluation.statistics import PairedComparison, paired, simultaneous
from tttui.lab.evaluation.streams import HeldOutStream, key_of
from tttui.model.arrays import Floats
from tttui.model.errors import RefusedInput
from tttui.model.improvement import percentiles
from tttui.model.schema import POINT_MASS

if TYPE_CHECKING:
    from tttui.lab.evaluation.contest import Contest


def ranking(
    contest: "Contest",
    streams: Sequence[HeldOutStream],
    rows: Sequence[Sequence[Mapping[str, Any]]],
    clocks: Sequence[Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """results.json of a contest with all parts.

    `rows` has one row a stream for each contender, `clocks` its rounds alone.
    """
    task = contest.find_task()
    unit = "" if contest.task == POINT_MASS else task.unit or task.loss_name
    values = np.array([[_number(row[contest.by]) for row in of_one] for of_one in rows])
    _refuse_equal_streams(contest, values)
    level = simultaneous(len(contest.pairs))
    names = [entry.name for entry in contest.entries]
    compared = {(i, j): compare(values[i], values[j], unit, level=level) for i, j in contest.pairs}
    ranks = ranks_of(len(names), compared)
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
                "provider": contest.entries[i].engine,
                "rank": ranks[i],
                "whole": _finite(middle(table["whole"])),
                "last": _finite(middle(table["last"])),
                "frozen_last": _finite(middle(table["frozen_last"])),
                "improvement": document(last),
                "wins": int(np.sum((values[i] == best) & alone)),
                "worst_tenth": _finite(_worst(values[i])),
                "commits": sum(row["commits"] for row in rows[i]),
                "rollbacks": sum(row["rollbacks"] for row in rows[i]),
                "values": [_finite(v, 8) for v in values[i]],
            }
        )
    order = sorted(range(len(names)), key=lambda i: (ranks[i], _sorted_by(values[i])))
    result = {
        "complete": True,
        "task": contest.task,
        "by": contest.by,
        "loss": task.loss_name,
        "unit": unit,
        "streams": len(streams),
        "streams_are": contest.streams_text(streams),
        "streams_key": key_of(streams),
        "stream_names": [stream.name for stream in streams],
        "level": 0.95,
        "comparisons": len(contest.pairs),
        "contenders": [lines[i] for i in order],
        "speeds": {name: _pace(rows[i], clocks[i]) for i, name in enumerate(names)},
        "pairs": [
            {
                "a": names[i],
                "b": names[j],
                **document(one),
                "verdict": one.verdict(names[i], names[j]),
            }
            for (i, j), one in compared.items()
        ],
    }
    return {**result, "verdict": verdict(result)}


_LOSSES = ("whole", "last", "frozen_whole", "frozen_last")


def compare(a: Floats, b: Floats, unit: str, *, level: float = 0.95) -> PairedComparison:
    """By the ratio of losses where they have no unit that a person thinks in, else by their
    difference."""
    return paired(a, b, ratio=not unit, unit=unit, level=level)


def verdict(result: Mapping[str, Any], on: str = "held-out streams") -> str:
    """The ranking in a sentence."""
    first = [c["name"] for c in result["contenders"] if c["rank"] == 1]
    rest = [c["name"] for c in result["contenders"] if c["rank"] > 1]
    over = f"on {result['streams']} {on}"
    if not rest:
        return f"no difference between {_listed(first)} {over}"
    if len(first) == 1:
        beaten = [name for name in rest if _beats(result["pairs"], first[0], name)]
        equal = [name for name in rest if name not in beaten]
        also = f", and no different from {_listed(equal)}" if equal else ""
        if beaten:
            return f"{first[0]} is better than {_listed(beaten)}{also} {over}"
    return f"no difference between {_listed(first)}; {_listed(rest)} behind, {over}"


def _beats(pairs: Sequence[Mapping[str, Any]], name: str, other: str) -> bool:
    """Whether one is better than another beyond chance."""
    return any(
        (pair["a"], pair["b"], pair["outcome"]) in ((name, other, "better"), (other, name, "worse"))
        for pair in pairs
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def ranks_of(n: int, compared: Mapping[tuple[int, int], PairedComparison]) -> list[int]:
    """Ranks: 1 plus the number of contenders that are better beyond chance."""
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
        "steps_per_s": middle(paces),
        "steps_per_s_low": float(paces.min()),
        "steps_per_s_high": float(paces.max()),
        "latency_ms": at[0],
        "latency_p95_ms": at[1],
    }


def _refuse_equal_streams(contest: "Contest", values: Floats) -> None:
    """Streams that are all the same prove nothing, however many there are."""
    if values.shape[1] > 1 and (values == values[:, :1]).all() and np.isfinite(values).all():
        raise RefusedInput(
            f"the streams of the task {contest.task} do not depend on the seed: all "
            f"{values.shape[1]} gave the same losses, so there is nothing to compare over"
        )


def document(one: PairedComparison) -> dict[str, Any]:
    """A comparison for results.json: in percent of the baseline or in the unit, positive is
    better; None where there is no bound."""
    numbers = {k: _finite(v) if isinstance(v, float) else v for k, v in one.document().items()}
    return {**numbers, "text": one.amount, "between": one.between}


def _finite(value: float, digits: int = 12) -> float | None:
    """The number for JSON; None if it is not finite."""
    return float(f"{value:.{digits}g}") if np.isfinite(value) else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def middle(values: Floats) -> float:
    """The median; values that are not finite count as the worst."""
    return percentiles(np.where(np.isfinite(values), values, np.inf), [50.0])[0]


def _worst(values: Floats) -> float:
    """The loss that a tenth of the streams exceeds."""
    return percentiles(np.where(np.isfinite(values), values, np.inf), [90.0])[0]


def _sorted_by(values: Floats) -> float:
    return float(np.median(np.where(np.isfinite(values), values, np.inf)))

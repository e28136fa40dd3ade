"""The curves of trainings as plots: losses over each other, rates, and the system below."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tttui.artifacts.eventlog import Event
from tttui.draw.changes import Changes
from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.draw.smoothing import exponential
from tttui.lab.job import Job
from tttui.model.steps import SeriesTable
from tttui.panes.lab.metrics import TAGS

LOSS, VALIDATION = "loss", "validation_loss"

Losses = Literal["both", "training", "validation"]

RATES = {"lr": "learning rate", "grad_norm": "gradient norm", "per_second": "items a second"}
"""What the second chart goes through: columns, and what they are called."""

GIGABYTE = 1e9

BEST = "best"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One job whose curves are drawn, in the colour of its place."""

    job: Job
    name: str
    """What it trains, for the legend."""
    table: SeriesTable


def losses(shown: Sequence[Shown], which: Losses, span: int) -> Plot:
    """Training losses, averaged over `span` rows, and validation losses, dashed."""
    traces = list[Trace]()
    for i, one in enumerate(shown):
        tag = TAGS[i % len(TAGS)] if len(shown) > 1 else ""
        called = one.name if len(shown) > 1 else "training"
        if which != "validation" and LOSS in one.table.columns:
            series = Series(*one.table.of(LOSS))
            average = Series(series.t, exponential(series.y, span)) if span > 1 else series
            raw = series if span > 1 else None
            traces.append(Trace(called, average, i, raw=raw, tag=tag))
        if which != "training" and VALIDATION in one.table.columns:
            held_out = Series(*one.table.of(VALIDATION))
            name = f"{called} held out" if len(shown) > 1 else "held out"
            traces.append(Trace(name, held_out, i, heavy=True, dashed=True, tag=tag))
    note = f"average, span {span}" if span > 1 else ""
    return Plot("loss", traces=tuple(traces), legend=True, note=note, message="no losses yet")


def rates(shown: Sequence[Shown], column: str) -> Plot:
    """One metric of all jobs."""
    traces = tuple(
        Trace(
            one.name if len(shown) > 1 else RATES[column],
            Series(*one.table.of(column)),
            i,
            tag=TAGS[i % len(TAGS)] if len(shown) > 1 else "",
        )
        for i, one in enumerate(shown)
        if column in one.table.columns
    )
    return Plot(RATES[column], traces=traces, message="no values yet")


def systems(table: SeriesTable) -> list[tuple[str, tuple[str, ...]]]:
    """What is known of the machine, as charts: their titles, and the columns of each."""
    names = table.names
    groups = {
        "percent": [n for n in names if n in ("cpu", "machine_cpu") or _is_gpu(n)],
        "GB": [n for n in names if n.endswith("memory")],
        "Celsius": [n for n in names if n.endswith("temperature")],
        "W": [n for n in names if n.endswith("power")],
    }
    return [(title, tuple(found)) for title, found in groups.items() if found]


def system(table: SeriesTable, unit: str, columns: Iterable[str]) -> Plot:
    """Some of what a job used of the machine, by seconds."""
    traces = []
    for i, name in enumerate(columns):
        t, y = table.of(name)
        y = y / GIGABYTE if unit == "GB" else y
        traces.append(Trace(name.replace("_", " "), Series(t, y), i, tag=TAGS[i % len(TAGS)]))
    return Plot("system, by second", unit=unit, traces=tuple(traces), from_zero=True)


def _is_gpu(name: str) -> bool:
    return name.startswith("gpu") and name.removeprefix("gpu").isdecimal()


def flags(events: Iterable[Event]) -> Changes:
    """Checkpoints and rollbacks of one job; of the best by validation only the newest."""
    told: dict[int, list[str]] = {}
    best: int | None = None
    for event in events:
        action, step = event.name.rpartition(":")[2], event.fields.get("step")
        if not isinstance(step, int):
            continue
        name = str(event.fields.get("name", ""))[:40]
        if action == "checkpoint" and name == BEST:
            best = step
        elif action == "checkpoint":
            told.setdefault(step, []).append(f"checkpoint {name}")
        elif action == "rollback":
            told.setdefault(step, []).append(f"not finite: back to {event.fields.get('to_step')}")
        elif action == "stopped_early":
            told.setdefault(step, []).append("ended early")
    if best is not None:
        told.setdefault(best, []).append("best by validation")
    return Changes.of((step, ", ".join(dict.fromkeys(told[step]))) for step in sorted(told))

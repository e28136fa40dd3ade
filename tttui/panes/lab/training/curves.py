"""The curves of trainings as plots: losses over each other, rates, and the system below."""

from collections.abc import Iterable, Sequence
from typing import Literal

from tttui.artifacts.eventlog import Event
from tttui.artifacts.jsonfile import whole
from tttui.draw.changes import RunChanges
from tttui.draw.envelope import Series
from tttui.draw.plot import Plot, Trace
from tttui.lab.job import Job
from tttui.model.dataclass import dataclass
from tttui.model.steps import SeriesTable
from tttui.panes.lab.metrics import TAGS
from tttui.plots.errors import exponential
from tttui.widgets.plotext import SmallCurve, SmallPlot

LOSS, VALIDATION = "loss", "validation_loss"

LossChoice = Literal["both", "training", "validation"]

RATES = {"lr": "learning rate", "grad_norm": "gradient norm", "per_second": "items a second"}
"""What the second chart goes through: columns, and what they are called."""

GIGABYTE = 1e9

BEST = "best"

LAST_STEP = 10**12
"""What has a later step is no training of this world."""

HELD_OUT = 1
"""The colour of the validation loss of one job; those of several have the job's."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnJob:
    """One job whose curves are drawn, in the colour of its place."""

    job: Job
    name: str
    """What it trains, for the legend."""
    table: SeriesTable


def losses(jobs: Sequence[DrawnJob], which: LossChoice, span: int) -> Plot:
    """Training losses, averaged over `span` rows, and validation losses, dashed."""
    traces = list[Trace]()
    for i, one in enumerate(jobs):
        tag = TAGS[i % len(TAGS)] if len(jobs) > 1 else ""
        called = one.name if len(jobs) > 1 else "training"
        if which != "validation" and LOSS in one.table.columns:
            series = Series(*one.table.of(LOSS))
            average = Series(series.t, exponential(series.y, span)) if span > 1 else series
            raw = series if span > 1 else None
            traces.append(Trace(called, average, i, raw=raw, tag=tag))
        if which != "training" and VALIDATION in one.table.columns:
            held_out = Series(*one.table.of(VALIDATION))
            name = f"{called} held out" if len(jobs) > 1 else "held out"
            role = i if len(jobs) > 1 else HELD_OUT
            traces.append(Trace(name, held_out, role, heavy=True, dashed=True, tag=tag))
    note = f"average, span {span}" if span > 1 else ""
    return Plot("loss", traces=tuple(traces), legend=True, note=note, message="no losses yet")


def rates(jobs: Sequence[DrawnJob], column: str) -> Plot:
    """One metric of all jobs."""
    traces = tuple(
        Trace(
            one.name if len(jobs) > 1 else RATES[column],
            Series(*one.table.of(column)),
            i,
            tag=TAGS[i % len(TAGS)] if len(jobs) > 1 else "",
        )
        for i, one in enumerate(jobs)
        if column in one.table.columns
    )
    return Plot(RATES[column], traces=traces, message="no values yet")


def systems(table: SeriesTable) -> list[tuple[str, tuple[str, ...]]]:
    """What is known of the machine, as charts: their titles, and the columns of each."""
    names = table.names
    groups = {
        "%": [n for n in names if n in ("cpu", "machine_cpu") or _is_gpu(n)],
        "GB": [n for n in names if n.endswith("memory")],
        "Celsius": [n for n in names if n.endswith("temperature")],
        "W": [n for n in names if n.endswith("power")],
    }
    return [(title, tuple(curves)) for title, curves in groups.items() if curves]


def system(table: SeriesTable, unit: str, columns: Iterable[str]) -> SmallPlot:
    """Some of what a job used of the machine, by seconds."""
    scale = 1 / GIGABYTE if unit == "GB" else 1.0
    series = {name: table.of(name) for name in columns}
    lines = {
        name.replace("_", " "): SmallCurve(t.tolist(), (y * scale).tolist())
        for name, (t, y) in series.items()
    }
    return SmallPlot("system", lines, unit=f"{unit}, by seconds")


def _is_gpu(name: str) -> bool:
    return name.startswith("gpu") and name.removeprefix("gpu").isdecimal()


def flags(events: Iterable[Event]) -> RunChanges:
    """Checkpoints and rollbacks of one job; of the best by validation only the newest."""
    flags: dict[int, list[str]] = {}
    best: int | None = None
    for event in events:
        action, step = event.name.rpartition(":")[2], whole(event.fields.get("step"))
        if step is None or not 0 <= step <= LAST_STEP:
            continue
        name = str(event.fields.get("name", ""))[:40]
        if action == "checkpoint" and name == BEST:
            best = step
        elif action == "checkpoint":
            flags.setdefault(step, []).append(f"checkpoint {name}")
        elif action == "rollback":
            flags.setdefault(step, []).append(f"not finite: back to {event.fields.get('to_step')}")
        elif action == "stopped_early":
            flags.setdefault(step, []).append("ended early")
    if best is not None:
        flags.setdefault(best, []).append("best by validation")
    return RunChanges.of((step, ", ".join(dict.fromkeys(flags[step]))) for step in sorted(flags))

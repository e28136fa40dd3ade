"""The machine in bars, and what is drawn of it and of one holder over time."""

import math
from collections.abc import Callable, Sequence

from tttui.draw.prose import Prose
from tttui.lab.machine import MachineState, Sample
from tttui.model.ages import size_text
from tttui.model.steps import SeriesTable
from tttui.widgets.plotext import SmallCurve, SmallPlot

ROOM = 13
"""Columns of the names of bars."""

VALUE = 18
"""Columns of what stands behind a bar."""

FULL = 0.9
"""Share of memory or disk in use from which on it is short."""

HOT = 85
"""Degrees Celsius from which on a GPU is told to be hot."""

GIGABYTE = 1e9


def machine(found: MachineState | None) -> Callable[[Prose], object]:
    """Processors, memory, disk and GPUs, as far as they tell."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        if found is None:
            prose.say("looking ...", palette.muted)
            return
        cpu = found.cpu
        load = " ".join(f"{value:.1f}" for value in found.load)
        of = f"of {found.cores} cores"
        if cpu is None:
            prose.field("CPU", of, ROOM)
        else:
            _bar(prose, "CPU", cpu / 100, f"{cpu:.0f} % {of}")
        _share(prose, "memory", found.memory, found.memory_total)
        if found.disk_free is not None and found.disk_total:
            used = found.disk_total - found.disk_free
            text = f"{size_text(found.disk_free)} free"
            _bar(prose, "disk", used / found.disk_total, text, short=True)
        prose.field("load", load or "?", ROOM)
        for gpu in found.gpus:
            prose.head(f"GPU {gpu.index}  {gpu.name}")
            if gpu.use is None:
                prose.field("use", "it does not tell", ROOM)
            else:
                _bar(prose, "use", gpu.use / 100, f"{gpu.use} %")
            if gpu.memory is not None and gpu.memory_total:
                _share(prose, "memory", gpu.memory, gpu.memory_total)
            heat = "?" if gpu.temperature is None else f"{gpu.temperature} C"
            power = "?" if gpu.power is None else f"{gpu.power:.0f} W"
            limit = "" if gpu.power_limit is None else f" of {gpu.power_limit:.0f} W"
            ink = palette.warn if (gpu.temperature or 0) >= HOT else palette.text
            hot = "  hot" if (gpu.temperature or 0) >= HOT else ""
            prose.line(
                ("temperature  ", palette.muted),
                (heat + hot, ink),
                ("   power ", palette.muted),
                (power + limit, palette.text),
            )
        if found.no_gpus:
            prose.gap().say(f"No GPU: {found.no_gpus}", palette.muted)

    return write


def rows_of(found: MachineState | None) -> int:
    """The rows that `machine` takes, about."""
    return 8 if found is None else 5 + 5 * len(found.gpus) + (4 if found.no_gpus else 0)


def _share(prose: Prose, name: str, used: int, total: int) -> None:
    text = f"{used / GIGABYTE:.1f} of {total / GIGABYTE:.0f} GB"
    _bar(prose, name, used / max(total, 1), text, short=True)


def _bar(prose: Prose, name: str, share: float, text: str, *, short: bool = False) -> None:
    """A bar; `short`: it is told apart where hardly anything is left."""
    warns = short and share > FULL
    ink = prose.palette.warn if warns else prose.palette.accent
    prose.bar(name, share, f"{'! ' if warns else ''}{text}".rjust(VALUE), ink, ROOM)


def of_machine(found: MachineState | None) -> SmallPlot:
    """Shares of processors, memory and GPUs over the last minutes."""
    samples: Sequence[Sample] = () if found is None else found.recent
    curves: dict[str, list[float | None]] = {
        "CPU": [sample.cpu for sample in samples],
        "memory": [sample.memory for sample in samples],
    }
    for i, gpu in enumerate(found.gpus if found is not None else ()):
        known = [sample.gpus[i] for sample in samples if len(sample.gpus) > i]
        missing: list[float | None] = [None] * (len(samples) - len(known))
        curves[f"GPU {gpu.index}"] = [*missing, *(use for use, _ in known)]
        curves[f"GPU {gpu.index} memory"] = [*missing, *(memory for _, memory in known)]
    newest = samples[-1].at if samples else 0.0
    minutes = [round((sample.at - newest) / 60, 2) for sample in samples]
    drawn = {
        name: SmallCurve(minutes, [math.nan if v is None else v for v in values])
        for name, values in curves.items()
        if any(value is not None for value in values)
    }
    return SmallPlot("Machine", drawn, unit="%, by minutes", message="the first looks come")


KINDS: tuple[tuple[str, str, str, float], ...] = (
    ("cpu", "CPU", "% of one core, by minutes", 1.0),
    ("memory", "memory", "GB, by minutes", GIGABYTE),
    ("use", "GPU use", "%, by minutes", 1.0),
    ("gpu memory", "GPU memory", "GB, by minutes", GIGABYTE),
    ("temperature", "GPU temperature", "C, by minutes", 1.0),
    ("power", "GPU power", "W, by minutes", 1.0),
)
"""What of system.csv is drawn together: its kind, title, unit, and what a value is divided by."""


def kind_of(column: str) -> str:
    """The kind of a column of system.csv; '' for what is about the whole machine."""
    if column in ("cpu", "memory"):
        return column
    if not column.startswith("gpu"):
        return ""
    _, _, what = column.partition("_")
    return {"": "use", "memory": "gpu memory"}.get(what, what)


def of_holder(name: str, table: SeriesTable | None, kind: str) -> SmallPlot:
    """One kind of the samples of a job or session."""
    _, title, unit, scale = next(one for one in KINDS if one[0] == kind)
    drawn = dict[str, SmallCurve]()
    for column in table.names if table is not None else ():
        if kind_of(column) == kind:
            assert table is not None
            t, y = table.of(column)
            label = column.partition("_")[0] if column.startswith("gpu") else column
            drawn[label] = SmallCurve((t / 60).tolist(), (y / scale).tolist())
    why = "its samples come every 2 s" if name else "nothing runs here"
    return SmallPlot(f"{title} of {name}" if name else title, drawn, unit=unit, message=why)


def kinds_in(table: SeriesTable | None) -> list[str]:
    """The kinds that a table has."""
    there = {kind_of(column) for column in table.names} if table is not None else set[str]()
    return [kind for kind, _, _, _ in KINDS if kind in there] or ["cpu"]

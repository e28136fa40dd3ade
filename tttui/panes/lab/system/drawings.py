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
"""Degrees Celsius from which on a GPU is called hot."""

GIGABYTE = 1e9


def machine(state: MachineState | None) -> Callable[[Prose], object]:
    """Processors, memory, disk and GPUs, as far as they report it."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        if state is None:
            prose.say("looking ...", palette.muted)
            return
        cpu = state.cpu
        load = " ".join(f"{value:.1f}" for value in state.load)
        of = f"of {state.cores} cores"
        if cpu is None:
            prose.field("CPU", of, ROOM)
        else:
            _bar(prose, "CPU", cpu / 100, f"{cpu:.0f} % {of}")
        _share(prose, "memory", state.memory, state.memory_total)
        if state.disk_free is not None and state.disk_total:
            used = state.disk_total - state.disk_free
            text = f"{size_text(state.disk_free)} free"
            _bar(prose, "disk", used / state.disk_total, text, short=True)
        prose.field("load", load or "?", ROOM)
        for gpu in state.gpus:
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
        if state.no_gpus:
            prose.gap().say(f"No GPU: {state.no_gpus}", palette.muted)

    return write


def rows_of(state: MachineState | None) -> int:
    """The rows that `machine` takes, about."""
    return 8 if state is None else 5 + 5 * len(state.gpus) + (4 if state.no_gpus else 0)


def _share(prose: Prose, name: str, used: int, total: int) -> None:
    text = f"{used / GIGABYTE:.1f} of {total / GIGABYTE:.0f} GB"
    _bar(prose, name, used / max(total, 1), text, short=True)


def _bar(prose: Prose, name: str, share: float, text: str, *, short: bool = False) -> None:
    """A bar; `short`: it is told apart where hardly anything is left."""
    warns = short and share > FULL
    ink = prose.palette.warn if warns else prose.palette.accent
    prose.bar(name, share, f"{'! ' if warns else ''}{text}".rjust(VALUE), ink, ROOM)


def of_machine(state: MachineState | None) -> SmallPlot:
    """Shares of processors, memory and GPUs over the last minutes."""
    samples: Sequence[Sample] = () if state is None else state.recent
    curves: dict[str, list[float | None]] = {
        "CPU": [sample.cpu for sample in samples],
        "memory": [sample.memory for sample in samples],
    }
    for i, gpu in enumerate(state.gpus if state is not None else ()):
        known = [sample.gpus[i] for sample in samples if len(sample.gpus) > i]
        missing: list[float | None] = [None] * (len(samples) - len(known))
        curves[f"GPU {gpu.index}"] = [*missing, *(use for use, _ in known)]
        curves[f"GPU {gpu.index} memory"] = [*missing, *(memory for _, memory in known)]
    newest = samples[-1].at if samples else 0.0
    long = bool(samples) and newest - samples[0].at >= LONG_S
    seconds = 60 if long else 1
    ago = [round((sample.at - newest) / seconds, 2) for sample in samples]
    drawn = {
        name: SmallCurve(ago, [math.nan if v is None else v for v in values])
        for name, values in curves.items()
        if any(value is not None for value in values)
    }
    unit = f"%, by {'minutes' if long else 'seconds'} until now"
    return SmallPlot("Machine", drawn, unit=unit, message="the first looks come")


LONG_S = 120.0
"""Seconds of samples from which on the axis counts minutes."""

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

"""`tttui system`: the load of the machine, and the jobs and sessions that use it."""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import json_option, root_option

if TYPE_CHECKING:
    from tttui.artifacts.gpus import Gpu
    from tttui.lab.machine import MachineState

EVERY_S = 2.0
"""Seconds between two looks."""

HEADERS = ("held by", "kind", "process", "cpu", "memory", "gpu", "what it does")
RIGHT = {2, 3, 4}


@click.command("system")
@root_option
@click.option("--watch", is_flag=True, help="look again every 2 s, until ctrl+c")
@json_option
def command(root: Path, watch: bool, as_json: bool) -> None:
    """Show processors, memory, disk and GPUs, and the jobs and sessions below the root that use
    them on this machine.

    With --watch --json one object a line.
    """
    from tttui.cli.output import json_document, result
    from tttui.lab.machine import MachineReader, look

    if not watch:
        machine = look(root)
        if as_json:
            json_document(document(machine))
        else:
            result(*lines(machine, root))
        return
    reader = MachineReader(root)
    reader.look()
    time.sleep(min(EVERY_S, 0.5))
    if as_json:
        while True:
            json_document(document(reader.look()), indent=None)
            time.sleep(EVERY_S)
    _watch(reader.look, root)


def _watch(look: Any, root: Path) -> None:
    """Print repeatedly; on a terminal in the same place."""
    from tttui.cli.output import result

    if not sys.stdout.isatty():
        while True:
            result(*lines(look(), root), "")
            time.sleep(EVERY_S)
    from rich.live import Live

    from tttui.draw.text import lines as text

    with Live(auto_refresh=False, screen=True, vertical_overflow="crop") as live:
        while True:
            live.update(text([*lines(look(), root), "", "ctrl+c ends"]), refresh=True)
            time.sleep(EVERY_S)


def lines(machine: "MachineState", root: Path) -> Iterator[str]:
    """The machine for a person."""
    from tttui.cli.output import table
    from tttui.model.ages import size_text

    load = "".join(f" {value:.2f}" for value in machine.load)
    cpu = "?" if machine.cpu is None else f"{machine.cpu:.0f} %"
    yield f"host      {machine.host}"
    yield f"cpu       {cpu} of {machine.cores} cores" + (f", load{load}" if load else "")
    yield f"memory    {of_total(machine.memory, machine.memory_total)}"
    if machine.disk_free is not None and machine.disk_total is not None:
        free, total = size_text(machine.disk_free), size_text(machine.disk_total)
        yield f"disk      {free} free of {total} at {root}"
    for gpu in machine.gpus:
        yield f"gpu {gpu.index:<5} {gpu_text(gpu)}"
    if machine.no_gpus:
        yield f"gpu       none: {machine.no_gpus}"
    rows = [
        (
            holder.short,
            holder.kind,
            str(holder.pid),
            "-" if holder.cpu is None else f"{holder.cpu:.0f} %",
            size_text(holder.memory),
            ", ".join(_gpu_text(index, size) for index, size in sorted(holder.gpus.items())) or "-",
            holder.doing or "-",
        )
        for holder in machine.holders
    ]
    rows += [
        (
            f"{one.name or 'a process'}{f' of {one.user}' if one.user else ''}",
            "other",
            str(one.pid),
            "-",
            "-",
            _gpu_text(one.gpu, one.memory),
            "-",
        )
        for one in machine.strangers
    ]
    yield ""
    if rows:
        yield from table(HEADERS, rows, right=RIGHT)
    else:
        yield f"no job or session below {root} runs on this machine"


def gpu_text(gpu: "Gpu") -> str:
    """`NVIDIA H100, 93 %, 12 GB of 80 GB, 64 C, 310 of 700 W`; `?` for what it does not report."""
    power = "power ?"
    if gpu.power is not None:
        power = (
            f"{gpu.power:.0f}" + (f" of {gpu.power_limit:.0f}" if gpu.power_limit else "") + " W"
        )
    parts = (
        gpu.name,
        "use ?" if gpu.use is None else f"{gpu.use} %",
        "memory ?" if gpu.memory is None else of_total(gpu.memory, gpu.memory_total or 0),
        "temperature ?" if gpu.temperature is None else f"{gpu.temperature} C",
        power,
    )
    return ", ".join(filter(None, parts))


def of_total(used: int, total: int) -> str:
    """`3.1 GB of 8 GB`."""
    from tttui.model.ages import size_text

    return f"{size_text(used)} of {size_text(total)}" if total else size_text(used)


def _gpu_text(index: int, size: int | None) -> str:
    from tttui.model.ages import size_text

    return f"{index}" if size is None else f"{index}: {size_text(size)}"


def document(machine: "MachineState") -> Mapping[str, Any]:
    """The machine for `--json`."""
    return asdict(replace(machine, recent=()))

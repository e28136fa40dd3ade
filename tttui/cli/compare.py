"""`tttui compare RUN RUN ...`: several sessions side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import json_option, root_option

if TYPE_CHECKING:
    from tttui.model.compare import Comparison


@click.command("compare")
@click.argument("runs", metavar="RUN RUN [RUN ...]", nargs=-1, required=True)
@root_option
@json_option
def command(runs: tuple[str, ...], root: Path, as_json: bool) -> None:
    """Compare the final errors and the settings of RUNs, and warn where that is misleading."""
    from tttui.artifacts.reader import SessionReader
    from tttui.cli.output import json_document, result, say
    from tttui.cli.places import find_run
    from tttui.model.compare import compare
    from tttui.model.errors import RefusedInput

    if len(runs) < 2:
        raise RefusedInput("name two or more sessions to compare")
    readers = [SessionReader(find_run(root, run)) for run in runs]
    data = [reader.refresh() for reader in readers]
    compared = compare(data, [reader.trajectory() for reader in readers])
    if as_json:
        json_document(as_document(compared))
        return
    for warning in compared.warnings:
        say(f"warning: {warning}")
    result(*as_lines(compared))


def as_document(compared: "Comparison") -> dict[str, Any]:
    """The comparison for `--json`."""
    return {
        "sessions": [
            {"name": name, "path": str(data.place.path), "run": data.run}
            for name, data in zip(compared.names, compared.sessions, strict=True)
        ],
        "metrics": [
            {
                "name": m.name,
                "unit": m.unit,
                "values": m.values,
                "best": None if m.best is None else compared.names[m.best],
            }
            for m in compared.metrics
        ],
        "differences": [
            {"group": d.group, "name": d.name, "values": d.values} for d in compared.differences
        ],
        "warnings": compared.warnings,
    }


def as_lines(compared: "Comparison") -> list[str]:
    """Numbers of every session, the best marked, then what differs in their settings."""
    from tttui.cli.output import number, table

    right = set(range(1, len(compared.names) + 1))
    rows = []
    for metric in compared.metrics:
        name = f"{metric.name} ({metric.unit})" if metric.unit else metric.name
        cells = [
            number(value) + (" *" if i == metric.best else "  ")
            for i, value in enumerate(metric.values)
        ]
        rows.append((name, *cells))
    lines = table(("", *(f"{name}  " for name in compared.names)), rows, right=right)
    lines += ["", "* best", ""]
    if not compared.differences:
        return [*lines, "No recorded setting differs."]
    settings = [(d.group, d.name, *d.values) for d in compared.differences]
    return lines + table(("settings that differ", "", *compared.names), settings, right=set())

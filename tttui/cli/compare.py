"""`tttui compare RUN RUN ...`: several sessions side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import json_option, root_option

if TYPE_CHECKING:
    from tttui.model.compare import Comparison, Metric
    from tttui.model.transfer import Transfer


@click.command("compare")
@click.argument("runs", metavar="RUN RUN [RUN ...]", nargs=-1, required=True)
@root_option
@click.option(
    "--transfer",
    "transferred",
    is_flag=True,
    help="also test the frozen weights of each in the world of each",
)
@json_option
def command(runs: tuple[str, ...], root: Path, transferred: bool, as_json: bool) -> None:
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
    if transferred:
        from tttui.model.transfer import transfer_refused

        refused = transfer_refused([one.meta for one in data], compared.names)
        if refused:
            raise RefusedInput(f"{refused} Compare them without --transfer.")
        from tttui.tasks.pointmass.transfer import with_transfer

        compared = with_transfer(compared)
    if as_json:
        json_document(as_document(compared))
        return
    for warning in compared.warnings:
        say(f"warning: {warning}")
    result(*as_lines(compared))


def as_document(compared: "Comparison") -> dict[str, Any]:
    """The comparison for `--json`."""
    document: dict[str, Any] = {
        "sessions": [
            {"name": name, "path": str(data.place.path), "run": data.run}
            for name, data in zip(compared.names, compared.sessions, strict=True)
        ],
        "metrics": [
            {
                "name": m.name,
                "unit": m.unit,
                **({"units": m.units} if m.units else {}),
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
    if compared.transfer is not None:
        document["transfer"] = _transfer_document(compared.transfer, compared.names)
    return document


def _transfer_document(tested: "Transfer", names: Sequence[str]) -> dict[str, Any]:
    from tttui.model.transfer import BASE, NOBODY, transfer_sentence

    worlds = [names[i] for i in tested.sessions]
    best = {NOBODY: None, BASE: "frozen base"} | dict(enumerate(worlds))
    return {
        "conclusion": transfer_sentence(tested, names),
        "worlds": worlds,
        tested.hidden.name: tested.truths,
        "frozen_base": tested.base,
        "errors": dict(zip(worlds, tested.errors.tolist(), strict=True)),
        "times_frozen_base": dict(zip(worlds, tested.ratios.tolist(), strict=True)),
        "best": [best[winner] for winner in tested.winners],
        "left_out": tested.missing,
        "steps": tested.steps,
    }


def as_lines(compared: "Comparison") -> list[str]:
    """Numbers of every session, the best marked, then what differs in their settings."""
    from tttui.cli.output import number, table
    from tttui.model.compare import IMPROVEMENT

    right = set(range(1, len(compared.names) + 1))
    rows = []
    for metric in compared.metrics:
        improves = metric.name == IMPROVEMENT
        name = f"{metric.name} ({metric.unit})" if metric.unit and not improves else metric.name
        cells = [
            (metric.words(i)[0] if improves else number(value) + _unit(metric, i))
            + (" *" if i == metric.best else "  ")
            for i, value in enumerate(metric.values)
        ]
        rows.append((name, *cells))
    lines = table(("", *(f"{name}  " for name in compared.names)), rows, right=right)
    if any(metric.best is not None for metric in compared.metrics):
        lines += ["", "* best"]
    if compared.transfer is not None:
        lines += ["", *_transfer_lines(compared.transfer, compared.names)]
    lines += [""]
    if not compared.differences:
        return [*lines, "No recorded setting differs."]
    settings = [(d.group, d.name, *d.values) for d in compared.differences]
    return lines + table(("settings that differ", "", *compared.names), settings, right=set())


def _unit(metric: "Metric", i: int) -> str:
    """The unit of a value whose neighbours have others."""
    return f" {metric.units[i]}" if metric.units and metric.values[i] is not None else ""


def _transfer_lines(tested: "Transfer", names: Sequence[str]) -> list[str]:
    """The conclusion, then a row for the base and for each session, a column for each world."""
    from tttui.cli.output import number, table
    from tttui.model.transfer import BASE, transfer_sentence

    lines = [transfer_sentence(tested, names)]
    worlds = [f"{names[i]}, {w}" for i, w in zip(tested.sessions, tested.worlds, strict=True)]
    if worlds:
        rows = []
        for i, name in ((BASE, "frozen base"), *enumerate(worlds)):
            errors = tested.base if i == BASE else tested.errors[i]
            ratios = tested.base / tested.base if i == BASE else tested.ratios[i]
            cells = [
                f"{number(float(error))} ({number(float(ratio), 2)} x)"
                + (" *" if winner == i else "  ")
                for error, ratio, winner in zip(errors, ratios, tested.winners, strict=True)
            ]
            rows.append((name, *cells))
        heads = ("weights, in the world of", *(f"{world}  " for world in worlds))
        lines += ["", *table(heads, rows, right=set(range(1, len(worlds) + 1))), ""]
        lines.append("(times the frozen base's error there), * best of a world")
    return [*lines, *(f"left out: {reason}" for reason in tested.missing)]

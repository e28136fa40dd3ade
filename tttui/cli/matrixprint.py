"""The matrix of providers as commands print it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tttui.lab.job import Job
    from tttui.lab.providers.results import Matrix, MatrixCell

NAME = 16
"""Columns of a provider's name in the matrix."""


def print_results(job: "Job", matrix: "Matrix", names: Sequence[str], *, as_json: bool) -> None:
    from tttui.cli.output import json_document, result
    from tttui.lab.jobs import results
    from tttui.lab.providers.words import cell_line, health_text

    if as_json:
        health = {name: matrix.health(name) for name in names}
        health_json = {name: {"healthy": well, "why": why} for name, (well, why) in health.items()}
        json_document({"job": job.handle, "providers": health_json, **results(job)})
        return
    for name in names:
        result(f"{name}: {health_text(matrix, name)}")
        width = max(len(cell.capability) for cell in matrix.of(name))
        for cell in matrix.of(name):
            result(f"  {cell.capability:<{width}}  {cell_line(cell)}")


def matrix_table(matrix: "Matrix", max_age_s: float) -> list[str]:
    """A table for each kind of provider, with the ages below the cells, and what is wrong."""
    import locale

    from tttui.cli.output import elided, table
    from tttui.lab.providers.words import cell_line, cell_text
    from tttui.model.ages import age_text

    plain = locale.getpreferredencoding(False).lower().replace("-", "") != "utf8"

    def age(cell: "MatrixCell") -> str:
        old = ", old" if cell.expired(max_age_s) else ""
        return "" if cell.newest is None else f"  {age_text(cell.newest.time)}{old}"

    lines: list[str] = []
    for capabilities, names in matrix.groups().items():
        heads = [name.rpartition("-") for name in capabilities]  # on two lines, to be narrow
        rows = [["provider", *(last for *_, last in heads)]]
        for name in names:
            cells = matrix.of(name)
            texts = [cell_text(cell, ascii_only=plain) for cell in cells]
            rows += [[elided(name, NAME), *texts], ["", *map(age, cells)]]
        firsts = [first + dash for first, dash, _ in heads]
        lines += ["", *table(("", *firsts), rows, right=set())[not any(firsts) :]]
    alike = dict[tuple[str, str], list[str]]()
    for cell in matrix.cells.values():
        if cell.mark or (cell.newest is not None and cell.newest.reason):
            alike.setdefault((cell.provider, cell_line(cell)), []).append(cell.capability)
    details = [f"{name} {', '.join(those)}: {line}" for (name, line), those in alike.items()]
    return [*lines[1:], *([""] if details else []), *details]


def matrix_document(matrix: "Matrix", max_age_s: float) -> dict[str, Any]:
    return {
        "problem": matrix.problem or None,
        "providers": [
            {
                "name": name,
                "kind": one.kind,
                "detail": one.detail,
                "healthy": matrix.health(name)[0],
                "why": matrix.health(name)[1] or None,
                "cells": [cell_document(cell, max_age_s) for cell in matrix.of(name)],
            }
            for name, one in matrix.providers.items()
        ],
    }


def cell_document(cell: "MatrixCell", max_age_s: float) -> dict[str, Any]:
    from dataclasses import asdict

    newest = cell.newest
    return {
        "provider": cell.provider,
        "capability": cell.capability,
        "status": cell.status or "never tested",
        "mark": cell.mark or None,
        "expired": cell.expired(max_age_s),
        "earlier_median_s": cell.before_s,
        "newest": None if newest is None else asdict(newest),
        "medians_s": [m.median_s for m in cell.history],
    }

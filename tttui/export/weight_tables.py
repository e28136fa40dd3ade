"""The tables of the weights: values, what moved, statistics over time, spectra."""

from dataclasses import replace

import numpy as np

from tttui.draw.heat import limit
from tttui.export.columns import Column, Table
from tttui.export.request import ExportRequest
from tttui.model.arrays import PLASTIC, Floats
from tttui.model.errors import TttuiError
from tttui.model.session import History
from tttui.model.spectrum import spectrum
from tttui.model.statistics import Statistics, summarised
from tttui.model.tensor_axes import AxisChange, moved
from tttui.model.weights import (
    TITLES,
    Aspect,
    ShownWeights,
    compare,
    weights_in_force,
    why_no_weights,
)

STATISTICS = ("fro", "max_abs", "mean", "std")


def matrices_at(request: ExportRequest) -> tuple[dict[str, Floats], str]:
    """The plastic matrices at the request's step and where they come from."""
    names = request.matrices
    weights = weights_in_force(request.data, request.at, names)
    if weights is None:
        why = why_no_weights(request.data, names)
        raise TttuiError(f"{request.name}: no weights to export: {why}")
    return {
        name: weights.matrices[name] for name in names if name in weights.matrices
    }, weights.source


def compared_at(request: ExportRequest) -> ShownWeights:
    """What the request's aspect shows of the plastic matrices at its step."""
    compared = compare(
        request.aspect,
        request.data,
        request.at,
        transaction=request.transaction,
        parent=request.parent,
        other=request.other,
        names=request.matrices,
    )
    if compared.why_not:
        raise TttuiError(f"{request.name}: no weights to export: {compared.why_not}")
    return compared


def weights(request: ExportRequest) -> Table:
    shown = compared_at(request)
    names: list[str] = []
    rows, columns, values = [], [], []
    for name, W in shown.matrices.items():
        names += [name] * W.size
        at = np.indices(W.shape).reshape(2, -1)
        rows.append(at[0])
        columns.append(at[1])
        values.append(W.reshape(-1))
    return {
        "matrix": names,
        "row": np.concatenate(rows),
        "column": np.concatenate(columns),
        "change" if shown.is_change else "value": np.concatenate(values),
    }


def movement_of(request: ExportRequest) -> tuple[str, dict[tuple[str, int], list[AxisChange]]]:
    """Which change is meant, and the parts of every matrix along both axes, largest first.

    Where values are asked for, it is the change since the start.
    """
    aspect: Aspect = "start" if request.aspect == "value" else request.aspect
    shown = compared_at(replace(request, aspect=aspect))
    parts = {
        (name, axis): moved(name, change, axis, roles=request.matrices is PLASTIC)
        for name, change in shown.matrices.items()
        for axis in (1, 0)
    }
    return f"{TITLES[aspect]} ({shown.says})", parts


def moved_parts(request: ExportRequest) -> Table:
    _, movement = movement_of(request)
    parts = [part for along in movement.values() for part in along]
    return {
        "matrix": [part.matrix for part in parts],
        "axis": ["row" if part.axis == 0 else "column" for part in parts],
        "index": [part.index for part in parts],
        "name": [part.phrase for part in parts],
        "change": [part.change for part in parts],
        "share": [part.share for part in parts],
    }


def statistics_of(request: ExportRequest) -> tuple[Statistics, slice]:
    """Figures of every snapshot, and the snapshots in the window."""
    history: History | None = request.data.history
    if history is None or not len(history):
        why = request.data.problem("history")
        reason = why.reason if why is not None else "no snapshot was recorded yet"
        raise TttuiError(f"{request.name}: no history of the weights to export: {reason}")
    statistics = summarised(history, request.matrices)
    return statistics, request.rows(statistics.t)


def scales_of(request: ExportRequest) -> Statistics:
    """Of every snapshot no more than its largest value and its largest change."""
    history, columns = request.data.history, dict[str, dict[str, Floats]]()
    for name in request.matrices if history is not None else ():
        snapshots = history.snapshots(name) if history is not None else None
        if snapshots is not None:
            start = np.asarray(snapshots[0])
            every = [np.asarray(snapshots[i]) for i in range(len(snapshots))]
            columns[name] = {
                "max_abs": np.array([limit(W) for W in every]),
                "max_change": np.array([limit(W - start) for W in every]),
            }
    return Statistics(columns=columns)


def weight_statistics(request: ExportRequest) -> Table:
    statistics, part = statistics_of(request)
    table: dict[str, Column] = {"t": statistics.t[part]}
    for name in statistics.matrices:
        for measure in (*STATISTICS, "condition", "effective_rank"):
            table[f"{name}_{measure}"] = statistics.column(name, measure)[part]
    return table


def singular_values(request: ExportRequest) -> Table:
    matrices, _ = matrices_at(request)
    names: list[str] = []
    index: list[int] = []
    values: list[float] = []
    for name, W in matrices.items():
        singular = spectrum(W)
        if singular is not None:
            names += [name] * len(singular.values)
            index += range(len(singular.values))
            values += singular.values.tolist()
    return {"matrix": names, "index": index, "singular_value": values}

"""The tables behind the figures, as columns, and their CSV."""

from collections.abc import Callable, Sequence

import numpy as np

from tttui.dynamics import ssm
from tttui.export import ghost, weight_tables
from tttui.export.columns import Column, Table
from tttui.export.request import ExportRequest
from tttui.model.arrays import Floats, Ints
from tttui.model.document import Document
from tttui.model.errors import TttuiError
from tttui.model.explain import limits
from tttui.model.moduletree import ModuleRow, from_names, tree
from tttui.model.parameters import specs_of
from tttui.model.text import visible
from tttui.model.transactions import Transactions
from tttui.plots.motion import STATE
from tttui.tasks.pointmass.hidden import CompleteWeights, implied, in_force, mu_at, world_of

ACTION = ("ax", "ay")
EVENT_NUMBERS = ("pre_loss", "post_loss", "grad_norm", "pre_max_h", "post_max_h", "lr")


MOST_BYTES = 1_000_000
"""Bytes of a table, at most."""


def table_of(request: ExportRequest) -> Table:
    """The table of a checked request; raises TttuiError where the data is not there."""
    return _TABLES[request.what](request)


def _mse(request: ExportRequest) -> Table:
    steps = request.steps()
    frozen: Column = steps.frozen
    if steps.evaluated is not None:
        known = zip(steps.frozen.tolist(), steps.evaluated.tolist(), strict=True)
        frozen = [value if evaluated else None for value, evaluated in known]
    table: dict[str, Column] = {"t": steps.t, "baseline_mse": frozen}
    if steps.no_update is not None:
        table["session_no_update_mse"] = steps.no_update
    return {
        **table,
        "adaptive_mse": steps.adaptive,
        "did_update": steps.did_update,
        "update_ok": steps.update_ok,
    }


MOST_DRAWN = 12
"""Series in one figure."""


def _series(request: ExportRequest) -> Table:
    table = request.recorded()
    part = request.rows(table.t)
    columns: dict[str, Column] = {"t": table.t[part]}
    for name in table.names:
        flags = table.given[name][part]
        values = table.columns[name][part].tolist()
        columns[name] = [v if g else None for v, g in zip(values, flags.tolist(), strict=True)]
    return columns


def _state(request: ExportRequest) -> Table:
    motion = request.motion()
    table: dict[str, Column] = {"t": motion.t}
    table |= {name: motion.z[:, k] for k, name in enumerate(STATE)}
    return table | {name: motion.a[:, k] for k, name in enumerate(ACTION)}


def _trajectory(request: ExportRequest) -> Table:
    motion = request.motion()
    table = dict(_state(request))
    for prefix, predicted in (("base", motion.frozen), ("adapt", motion.adaptive)):
        if predicted is not None:
            table |= {f"{prefix}_{name}": predicted[:, k] for k, name in enumerate(STATE)}
    return table if motion.mu is None else {**table, "mu": motion.mu}


def _absent(values: Floats) -> list[float | None]:
    """A column of events: NaN is what the file did not hold."""
    return [None if np.isnan(v) else float(v) for v in values]


def _transactions(request: ExportRequest) -> Table:
    events, inside = request.transactions()
    table: dict[str, Column] = {
        "t": events.t[inside],
        "status": [events.statuses[k] for k in events.status[inside].tolist()],
    }
    for name in EVENT_NUMBERS:
        table[name] = _absent(getattr(events, name)[inside])
    to_t = np.full(len(events), np.nan) if events.to_t is None else events.to_t
    return {
        **table,
        "implied_mu": _absent(events.implied_mu[inside]),
        "restored_t": [None if np.isnan(t) else int(t) for t in to_t[inside]],
        "undone": events.undone()[inside],
    }


def _gates(request: ExportRequest) -> Table:
    data = request.data
    events, inside = request.transactions()
    limit = events.pre_loss * (1 + limits(data, "rollback_tol"))
    return {
        "t": events.t[inside],
        "status": [events.statuses[k] for k in events.status[inside].tolist()],
        "grad_norm": _absent(events.grad_norm[inside]),
        "grad_norm_max": _absent(limits(data, "grad_norm_max")[inside]),
        "pre_loss": _absent(events.pre_loss[inside]),
        "post_loss": _absent(events.post_loss[inside]),
        "post_loss_max": _absent(limit[inside]),
        "max_h": _absent(largest_state(events)[inside]),
        "state_norm_max": _absent(limits(data, "state_norm_max")[inside]),
    }


def largest_state(events: Transactions) -> Floats:
    """The larger of both replayed state norms [n]."""
    return np.asarray(np.fmax(events.pre_max_h, events.post_max_h))


def counts(request: ExportRequest) -> dict[str, int]:
    """Transactions in the window by outcome, in the order of the statuses."""
    events, inside = request.transactions()
    outcome, names = events.outcomes()
    numbers = np.bincount(outcome[inside], minlength=len(names))
    return {name: int(k) for name, k in zip(names, numbers, strict=True) if k}


def _reasons(request: ExportRequest) -> Table:
    by_status = counts(request)
    return {"status": list(by_status), "count": list(by_status.values())}


def implied_over_time(request: ExportRequest) -> tuple[list[int], list[float], list[float | None]]:
    """Steps, implied friction and true friction of the weights in the window.

    There is one for every commit, and for every return to earlier weights.

    Events of other programs carry no implied friction: then the weights that there are, at the
    request's step, are asked.
    """
    data = request.data
    steps, values = data.transactions.implied()
    part = request.rows(steps)
    known = np.isfinite(values[part])
    t, mu = steps[part][known].tolist(), values[part][known].tolist()
    if not t:
        weights = in_force(data, request.at)
        if not isinstance(weights, CompleteWeights):
            raise TttuiError(f"{request.name}: no implied mu to export: {weights}")
        t, mu = [request.at], [implied(weights, world_of(data)).mu]
    return t, mu, [mu_at(data, request.trajectory, k) for k in t]


def _mu(request: ExportRequest) -> Table:
    t, implied_mu, truth = implied_over_time(request)
    return {"t": t, "implied_mu": implied_mu, "true_mu": truth}


def _comparison(request: ExportRequest) -> Table:
    compared = request.compared
    assert compared is not None
    rows: list[tuple[str, str, Sequence[object]]] = [
        ("metric", metric.name, metric.values) for metric in compared.metrics
    ]
    rows += [(f"setting: {d.group}", d.name, d.values) for d in compared.differences]
    table: dict[str, Column] = {"kind": [r[0] for r in rows], "name": [r[1] for r in rows]}
    for k, name in enumerate(compared.names):
        table[name] = [values[k] for _, _, values in rows]
    return table


def _transfer(request: ExportRequest) -> Table:
    """A row for the weights of each session, and one for the base, in the world of each."""
    tested, names = request.tested()
    n = len(names)
    return {
        "weights": ["frozen base"] * n + [name for name in names for _ in range(n)],
        "weights_mu": [None] * n + [value for value in tested.truths for _ in range(n)],
        "world": names * (n + 1),
        "world_mu": list(tested.truths) * (n + 1),
        "mse": np.concatenate([tested.base, tested.errors.reshape(-1)]),
        "times_frozen_base": np.concatenate([np.ones(n), tested.ratios.reshape(-1)]),
    }


def decays_of(request: ExportRequest) -> Floats:
    """The decays [n_state] of the base's frozen a_raw, each in (0, 1)."""
    base = request.data.base
    if base is None or "a_raw" not in base:
        why = request.data.problem("base")
        reason = why.reason if why is not None else "the base has no a_raw"
        raise TttuiError(f"{request.name}: no decays to export: {reason}")
    return ssm.decay(base["a_raw"], world_of(request.data).dt)


def half_lives(decays: Floats) -> Floats:
    """Steps after which half of a state is left [n_state]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(0.5) / np.log(decays))


def modules_of(request: ExportRequest) -> list[ModuleRow]:
    """The parameters of any model, module by module."""
    data = request.data
    parts = data.meta.schema.model or from_names(specs_of(data))
    rows = [row for row in tree(parts) if row.spec is not None]
    if not rows:
        raise TttuiError(f"{request.name}: nothing is recorded of its model")
    return rows


def _architecture(request: ExportRequest) -> Table:
    if not request.data.meta.is_point_mass:
        rows = modules_of(request)
        return {
            "module": [row.path for row in rows],
            "parameter": [row.name for row in rows],
            "shape": [row.spec.shape_text if row.spec is not None else "" for row in rows],
            "elements": [row.size for row in rows],
            "learns": [row.plastic > 0 for row in rows],
        }
    decays = decays_of(request)
    assert request.data.base is not None
    return {
        "unit": np.arange(len(decays)),
        "a_raw": request.data.base["a_raw"],
        "decay": decays,
        "half_life": half_lives(decays),
    }


def _sessions(request: ExportRequest) -> Table:
    rows = request.summaries
    return {
        "name": [row.place.name for row in rows],
        "run": [row.run for row in rows],
        "session_id": [row.meta.session_id for row in rows],
        "parent": [row.meta.parent_session_id for row in rows],
        "state": [None if row.status is None else row.status.state for row in rows],
        "task": [row.meta.schema.task.name for row in rows],
        "loss": [row.meta.loss.label for row in rows],
        "env_mode": [row.meta.env_mode for row in rows],
        "mu": [row.truth_now for row in rows],
        "mu_first": [row.meta.truth for row in rows],
        "steps": [row.steps for row in rows],
        "attempted": [row.attempted for row in rows],
        "committed": [row.committed for row in rows],
        "baseline_mse_last100_mean": [row.frozen_last100 for row in rows],
        "adaptive_mse_last100_mean": [row.adaptive_last100 for row in rows],
        "improvement_percent": [row.improvement for row in rows],
        "path": [str(row.place.path) for row in rows],
    }


def _text(request: ExportRequest) -> Table:
    """A row for each byte of the window that was scored: its character (empty within one), and
    its loss by both models; of a token, at its first byte."""
    document = request.document
    if document is None:
        raise TttuiError(f"{request.name}: no document to export")
    t0, t1 = request.span
    begin, end = document.window(t0)[0], min(document.window(t1)[1], document.scored)
    if end - begin > MOST_BYTES:
        raise TttuiError(
            f"{request.name}: {end - begin} bytes are too many for one table; choose a window of "
            f"at most {MOST_BYTES // document.chunk} steps"
        )
    data = document.source.read(begin, end)
    losses = document.source.losses(begin, begin + len(data))
    at = np.arange(begin, begin + len(data))
    return {
        "offset": at,
        "t": _steps_of(document, at),
        "byte": np.frombuffer(data, dtype=np.uint8),
        "character": _characters(data),
        f"frozen_{document.unit}": losses[:, 0],
        f"adaptive_{document.unit}": losses[:, 1],
        f"saved_{document.unit}": losses[:, 0] - losses[:, 1],
    }


def _steps_of(document: Document, at: Ints) -> Ints:
    number = at if document.places is None else document.places.number(at)
    return number // document.chunk


def _characters(data: bytes) -> list[str]:
    """The character that begins at each byte; '' within one."""
    cells = list[str]()
    for character in data.decode("utf-8", "surrogateescape"):
        size = len(character.encode("utf-8", "surrogateescape"))
        cells += [visible(character), *[""] * (size - 1)]
    return cells


_TABLES: dict[str, Callable[[ExportRequest], Table]] = {
    "mse": _mse,
    "trajectory": _trajectory,
    "predictions": _trajectory,
    "ghost": ghost.table,
    "state": _state,
    "series": _series,
    "weights": weight_tables.weights,
    "moved": weight_tables.moved_parts,
    "weight-statistics": weight_tables.weight_statistics,
    "spectrum": weight_tables.singular_values,
    "transactions": _transactions,
    "gates": _gates,
    "reasons": _reasons,
    "mu": _mu,
    "architecture": _architecture,
    "text": _text,
    "sessions": _sessions,
    "comparison": _comparison,
    "transfer": _transfer,
}

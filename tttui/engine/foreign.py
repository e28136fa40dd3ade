"""What can be checked of a session that another program wrote: its files against each other."""

import math

import numpy as np

from tttui.artifacts.layout import files_of
from tttui.engine import compare
from tttui.engine.compare import Check
from tttui.model.session import SessionData
from tttui.model.verdict import last_means

TOLERANCE = 1e-6
"""Relative difference that sums in another order may have."""


def foreign_checks(data: SessionData) -> list[Check]:
    """Base and signature, rows against transactions, metrics against rows; what cannot be done."""
    files = files_of(data.place, data.run)
    checks = [
        compare.base_hash(files.base.parent, data.meta.raw),
        compare.signature(data.meta.raw),
        _transactions(data),
        *_metrics(data),
    ]
    return [
        *checks,
        Check("per_step.csv", None, "cannot be replayed: another program computed it"),
    ]


def _transactions(data: SessionData) -> Check:
    name = "update_events.json"
    if not len(data.steps) or not len(data.transactions):
        return Check(name, None, "there are no rows or no transactions to compare")
    tried = set(data.steps.t[data.steps.did_update].tolist())
    events = set(data.transactions.t.tolist())
    if tried != events:
        t = min(tried ^ events)
        return Check(name, False, f"and per_step.csv disagree on whether t {t} had an update", t)
    ok = set(data.steps.t[data.steps.update_ok].tolist())
    committed = set(data.transactions.t[data.transactions.status == 0].tolist())
    if ok != committed:
        t = min(ok ^ committed)
        return Check(name, False, f"and per_step.csv disagree on whether t {t} was committed", t)
    return Check(name, True, f"{len(events)} transactions agree with per_step.csv")


def _metrics(data: SessionData) -> list[Check]:
    name = "session/metrics.json"
    if not len(data.steps) or "adaptive_mse_mean" not in data.metrics:
        return [Check(name, None, "there are no rows or no metrics to compare")]
    baseline, adaptive, _ = last_means(data.steps)
    found = {
        "baseline_mse_mean": float(np.mean(data.steps.baseline)),
        "adaptive_mse_mean": float(np.mean(data.steps.adaptive)),
        "baseline_mse_last100_mean": baseline,
        "adaptive_mse_last100_mean": adaptive,
    }
    for key, value in found.items():
        said = data.metrics.get(key)
        if isinstance(said, (int, float)) and not math.isclose(said, value, rel_tol=TOLERANCE):
            return [Check(name, False, f"{key} is {said}, the rows give {value}")]
    return [Check(name, True, "the means follow from per_step.csv")]

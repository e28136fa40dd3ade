"""The summary of a session for the table of sessions, mostly without reading whole files."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.events import EventLines, read_last
from tttui.artifacts.interventions import (
    INTERVENTIONS,
    read_interventions,
    rollbacks,
    truth_changes,
)
from tttui.artifacts.jsonfile import number, whole
from tttui.artifacts.layout import SessionPaths, files_of, usual_absence, why_missing
from tttui.artifacts.meta import assumed_meta, read_meta, read_metrics
from tttui.artifacts.regular import open_to_read
from tttui.artifacts.status import HeartbeatWatch, derive_status, read_status
from tttui.artifacts.steps_csv import StepsFile
from tttui.artifacts.tail import Tail, read_tail
from tttui.artifacts.wholefile import read_part
from tttui.model.improvement import WINDOW, final_improvement
from tttui.model.schema import UNKNOWN_MODEL, Schema
from tttui.model.session import Meta, Place, Problem, SessionSummary
from tttui.model.transactions import COMMIT, Transactions

ZIP_STARTS, ZIP_ENDS, ZIP_END_BYTES = b"PK", b"PK\x05\x06", 64
"""How a checkpoint starts, and what stands in its last bytes."""


def read_summary(
    place: Place,
    run: str | None = None,
    now: Callable[[], float] = time.time,
    watch: HeartbeatWatch | None = None,
    events: EventLines | None = None,
) -> SessionSummary:
    """Meta, state and the numbers of one session (in a store: of one run, the newest by default).

    The final errors are those at the end of per_step.csv, the other numbers those of metrics.json;
    where it lacks them, or is about another run, they are computed from per_step.csv. The
    transactions of a run that has not completed are counted in their file, since metrics.json lags
    behind. Never raises: defects are in `problems`. Callers that poll keep a `watch`, and the
    `events` read before.
    """
    run = run or place.run or (place.runs[-1] if place.runs else None)
    files = files_of(place, run)
    problems: list[Problem] = []

    def read(part: str, path: Path, parse: Callable[[Path], tuple[Any, list[Problem]]]) -> Any:
        value, reported = read_part(path, part, parse)
        problems.extend(reported)
        return value

    meta: Meta = read("meta", files.meta, read_meta) or assumed_meta(place)
    metrics: Mapping[str, Any] = read("metrics", files.metrics, read_metrics) or {}
    if run is not None and metrics.get("run_id", run) != run:
        metrics = {}
    raw_status = read("status", files.status, read_status) if files.status else None
    status = derive_status(raw_status, now(), watch) if raw_status is not None else None
    changes = read("interventions", place.path / INTERVENTIONS, read_interventions) or ()
    numbers: dict[str, Any] = {
        "attempted": whole(metrics.get("updates_attempted")),
        "committed": whole(metrics.get("updates_committed")),
        "frozen_mean": number(metrics.get("baseline_mse_mean")),
        "adaptive_mean": number(metrics.get("adaptive_mse_mean")),
        "frozen_last100": number(metrics.get("baseline_mse_last100_mean")),
        "adaptive_last100": number(metrics.get("adaptive_mse_last100_mean")),
    }
    live = status is not None and status.live
    implied = None
    if place.layout == "native" and files.event_lines is not None:
        last = None
        if status is not None and status.state != "completed":
            lines = events or EventLines(files.event_lines)
            numbers |= _counted(lines)
            last = lines.transactions
        elif os.path.exists(files.event_lines):
            last = read("transactions", files.event_lines, _last_transactions)
        implied = _implied(last, rollbacks(changes)) if last is not None else None
    lower = meta.loss.lower_is_better
    tail = read_tail(files.steps, lower=lower) if files.steps else Tail()
    interval = tail.interval
    if tail.last is not None or tail.steps is not None:
        ends = tail.last or (None, None)
        numbers |= dict(zip(("frozen_last100", "adaptive_last100"), ends, strict=True))
    why_no_mean = tail.why_no_mean
    steps = tail.steps
    if files.steps is not None and None in numbers.values():
        computed = _computed(files.steps, problems, lower=lower)
        why_no_mean = computed.pop("why_no_mean", why_no_mean)
        interval = computed.pop("interval", interval)
        for name, value in computed.items():
            if numbers.get(name) is None:
                numbers[name] = value
        steps = computed.get("steps", steps)
    numbers.pop("steps", None)
    known = any(problem.part == "steps" for problem in problems)
    if tail.wrong and not live and not known and files.steps is not None:
        problems.append(Problem("steps", files.steps, tail.wrong))
    if place.layout == "native" and not live:
        waited = status is not None and status.pretraining is not None
        problems += _missing_files(place, files, meta.schema, waited=waited)
        read("weights", files.weights, _look_at_weights)
        if files.history is not None and os.path.exists(files.history):
            read("history", files.history, _look_at_history)
    return SessionSummary(
        place=place,
        run=run,
        meta=meta,
        status=status,
        steps=steps,
        interval=interval,
        implied=implied,
        recent=tail.recent,
        why_no_mean=why_no_mean,
        truth_set=truth_changes(changes),
        problems=tuple(problems),
        **numbers,
    )


def _counted(events: EventLines) -> dict[str, int]:
    """How many transactions there are so far; empty where their file cannot be read."""
    try:
        events.refresh()
    except OSError:
        return {}
    transactions = events.transactions
    committed = int((transactions.status == COMMIT).sum())
    return {"attempted": len(transactions), "committed": committed} if events.exists else {}


def _last_transactions(path: Path) -> tuple[Transactions, list[Problem]]:
    transactions, wrong = read_last(path)
    return transactions, [Problem("transactions", path, wrong)] if wrong else []


def _implied(events: Transactions, by_hand: tuple[tuple[int, int], ...]) -> float | None:
    """The hidden quantity that the last weights imply; None if unknown."""
    last = int(events.t[-1]) if len(events) else -1
    known = replace(events, restored=tuple(pair for pair in by_hand if pair[0] <= last))
    return known.implied_by(known.in_force(last))


def _missing_files(
    place: Place, files: SessionPaths, schema: Schema, *, waited: bool
) -> list[Problem]:
    """Files of a native run that are missing."""
    weights, base = files.weights, files.base
    if not schema.is_point_mass:
        weights, base = _either(weights), _either(base.with_name("base_plastic.pt"))
    parts = {
        "weights": weights,
        "base": base,
        "steps": files.steps,
        "transactions": files.event_lines,
        "trajectory": files.trajectory,
        "history": files.history,
        "metrics": files.metrics,
        "meta": files.meta,
    }
    unknown = schema.task.name == UNKNOWN_MODEL

    def why(part: str) -> str:
        return why_missing(place, part, None, waits_for_base=waited, unknown_model=unknown)

    return [
        Problem(part, path, why(part), missing=True)
        for part, path in parts.items()
        if path is not None and not os.path.exists(path) and not usual_absence(schema, part)
    ]


def _either(path: Path) -> Path:
    """The existing file of weights: the .pt file, else safetensors."""
    large = path.with_suffix(".safetensors")
    return large if large.exists() else path


def _look_at_weights(path: Path) -> tuple[None, list[Problem]]:
    """Only the ends of the file: of all sessions, the weights would be too much to read."""
    with open_to_read(path) as file:
        head = file.read(len(ZIP_STARTS))
        file.seek(max(file.seek(0, 2) - ZIP_END_BYTES, 0))
        end = file.read()
    if head == ZIP_STARTS and ZIP_ENDS in end:
        return None, []
    reason = "is cut off" if head == ZIP_STARTS else "is no checkpoint that can be read"
    return None, [Problem("weights", path, reason)]


def _look_at_history(path: Path) -> tuple[None, list[Problem]]:
    """Only its header and its size."""
    from tttui.artifacts.history import what_is_cut_off  # costly, and not of use to all

    lacks = what_is_cut_off(path)
    return None, [Problem("history", path, lacks)] if lacks else []


def _computed(path: Path, problems: list[Problem], *, lower: bool) -> dict[str, Any]:
    """The numbers of metrics.json from the rows of per_step.csv; empty where there are none."""
    file = StepsFile(path)
    try:
        file.refresh()
    except OSError as error:
        problems.append(Problem("steps", path, f"cannot be read: {error.strerror or error}"))
        return {}
    problems += file.problems()
    steps = file.steps
    if not len(steps):
        return {"steps": 0} if file.exists else {}
    final, frozen = final_improvement(steps, lower=lower), steps.compared()[1]
    if steps.never_evaluated:
        last = float(np.mean(steps.adaptive[-WINDOW:]))
        final = replace(final, adaptive=last, why_none="")
    with np.errstate(all="ignore"):  # what is not finite is told as such
        means: dict[str, float | None] = {
            "frozen_mean": None if steps.never_evaluated else float(np.mean(frozen)),
            "adaptive_mean": float(np.mean(steps.adaptive)),
            "frozen_last100": final.frozen,
            "adaptive_last100": final.adaptive,
        }
    for name, errors in (("frozen", steps.frozen), ("adaptive", steps.adaptive)):
        if np.isnan(errors).all():  # there is no such column
            means |= {f"{name}_mean": None, f"{name}_last100": None}
    return {
        "why_no_mean": final.why_none,
        "interval": final.ends,
        "steps": int(steps.t[-1]) + 1,
        "attempted": int(np.count_nonzero(steps.did_update)),
        "committed": int(np.count_nonzero(steps.update_ok)),
        **means,
    }

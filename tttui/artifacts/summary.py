"""One row of the table of many sessions, without reading whole files where it can be helped."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.events import EventLines
from tttui.artifacts.interventions import INTERVENTIONS, mu_changes, read_interventions
from tttui.artifacts.jsonfile import number, whole
from tttui.artifacts.layout import files_of
from tttui.artifacts.meta import read_meta, read_metrics
from tttui.artifacts.status import HeartbeatWatch, derive_status, read_status
from tttui.artifacts.steps_csv import StepsFile
from tttui.artifacts.tail import Tail, read_tail
from tttui.artifacts.wholefile import read_part
from tttui.model.improvement import WINDOW, final_improvement
from tttui.model.session import Meta, Place, Problem, SessionSummary
from tttui.model.transactions import COMMIT


def read_summary(
    place: Place,
    run: str | None = None,
    now: Callable[[], float] = time.time,
    watch: HeartbeatWatch | None = None,
    events: EventLines | None = None,
) -> SessionSummary:
    """Meta, state and the numbers of one session (in a store: of one run, the newest by default).

    The final errors are those at the end of per_step.csv, the other numbers those of
    metrics.json; where it lacks them, or is about another run, they are computed from
    per_step.csv. The transactions of a run that has not completed are counted in their file,
    since metrics.json lags behind. Nothing is raised: what is wrong is in `problems`.
    Who reads it again and again keeps a `watch`, and the `events` that were read before.
    """
    run = run or place.run or (place.runs[-1] if place.runs else None)
    files = files_of(place, run)
    problems: list[Problem] = []

    def read(part: str, path: Path, parse: Callable[[Path], tuple[Any, list[Problem]]]) -> Any:
        value, found = read_part(path, part, parse)
        problems.extend(found)
        return value

    meta: Meta = read("meta", files.meta, read_meta) or Meta()
    metrics: Mapping[str, Any] = read("metrics", files.metrics, read_metrics) or {}
    if run is not None and metrics.get("run_id", run) != run:
        metrics = {}
    raw_status = read("status", files.status, read_status) if files.status else None
    status = derive_status(raw_status, now(), watch) if raw_status is not None else None
    changes = read("interventions", place.path / INTERVENTIONS, read_interventions) or ()
    numbers: dict[str, Any] = {
        "attempted": whole(metrics.get("updates_attempted")),
        "committed": whole(metrics.get("updates_committed")),
        "baseline_mean": number(metrics.get("baseline_mse_mean")),
        "adaptive_mean": number(metrics.get("adaptive_mse_mean")),
        "baseline_last100": number(metrics.get("baseline_mse_last100_mean")),
        "adaptive_last100": number(metrics.get("adaptive_mse_last100_mean")),
    }
    if status is not None and status.state != "completed" and files.event_lines is not None:
        numbers |= _counted(events or EventLines(files.event_lines))
    tail = read_tail(files.steps) if files.steps else Tail()
    if tail.last is not None or tail.steps is not None:
        ends = tail.last or (None, None)
        numbers |= dict(zip(("baseline_last100", "adaptive_last100"), ends, strict=True))
    why_no_mean = tail.why_no_mean
    steps = tail.steps
    if files.steps is not None and None in numbers.values():
        computed = _computed(files.steps, problems)
        why_no_mean = computed.pop("why_no_mean", why_no_mean)
        for name, value in computed.items():
            if numbers.get(name) is None:
                numbers[name] = value
        steps = computed.get("steps", steps)
    numbers.pop("steps", None)
    return SessionSummary(
        place=place,
        run=run,
        meta=meta,
        status=status,
        steps=steps,
        recent=tail.recent,
        why_no_mean=why_no_mean,
        mu_set=mu_changes(changes),
        problems=tuple(problems),
        **numbers,
    )


def _counted(events: EventLines) -> dict[str, int]:
    """How many transactions there are so far; empty where their file cannot be read."""
    try:
        events.refresh()
    except OSError:
        return {}
    found = events.transactions
    committed = int((found.status == COMMIT).sum())
    return {"attempted": len(found), "committed": committed} if events.exists else {}


def _computed(path: Path, problems: list[Problem]) -> dict[str, Any]:
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
    final, frozen = final_improvement(steps), steps.compared()[1]
    if steps.never_evaluated:
        last = float(np.mean(steps.adaptive[-WINDOW:]))
        final = replace(final, adaptive=last, why_none="")
    with np.errstate(all="ignore"):  # what is not finite is told as such
        means: dict[str, float | None] = {
            "baseline_mean": None if steps.never_evaluated else float(np.mean(frozen)),
            "adaptive_mean": float(np.mean(steps.adaptive)),
            "baseline_last100": final.baseline,
            "adaptive_last100": final.adaptive,
        }
    for name, errors in (("baseline", steps.baseline), ("adaptive", steps.adaptive)):
        if np.isnan(errors).all():  # there is no such column
            means |= {f"{name}_mean": None, f"{name}_last100": None}
    return {
        "why_no_mean": final.why_none,
        "steps": int(steps.t[-1]) + 1,
        "attempted": int(np.count_nonzero(steps.did_update)),
        "committed": int(np.count_nonzero(steps.update_ok)),
        **means,
    }

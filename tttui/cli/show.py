"""`tttui show RUN`: one session in full."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import json_option, root_option

if TYPE_CHECKING:
    from tttui.artifacts.check import Report
    from tttui.model.controls import Control
    from tttui.model.ledger import Ledger
    from tttui.model.session import SessionData
    from tttui.model.verdict import Verdict

CHECK_S = 1.0
"""Seconds for which the checksums of a session are looked at; `tttui fsck` looks at all."""


@click.command("show")
@click.argument("run")
@root_option
@click.option("--run", "which", help="which run of a store's session  [default: the newest]")
@json_option
def command(run: str, root: Path, which: str | None, as_json: bool) -> None:
    """Show RUN: its identity, its numbers, the verdict, its transactions, what is damaged."""
    from tttui.artifacts.check import check_session
    from tttui.artifacts.reader import SessionReader
    from tttui.cli.output import json_document, result
    from tttui.cli.places import find_run
    from tttui.model.controls import controls_of
    from tttui.model.errors import RefusedInput

    place = find_run(root, run)
    if which is not None and which not in place.runs:
        known = ", ".join(place.runs) or "none"
        raise RefusedInput(f"{place.path} has no run {which!r}; its runs are: {known}")
    reader = SessionReader(place, which)
    data = reader.refresh()
    controls = controls_of(data.steps, reader.series())
    report = check_session(place, seconds=CHECK_S) if place.layout == "native" else None
    if as_json:
        json_document(as_document(data, report, controls))
    else:
        result(*as_lines(data, report, controls))


def as_document(
    data: "SessionData", report: "Report | None" = None, controls: "Sequence[Control]" = ()
) -> dict[str, Any]:
    """One session for `--json`, with what a check of its files found."""
    from tttui.model.verdict import verdict, with_ledger

    judged = with_ledger(verdict(data), ledger_of(data))
    status = data.status
    return {
        "name": data.place.name,
        "path": str(data.place.path),
        "layout": data.place.layout,
        "run": data.run,
        "runs": list(data.place.runs),
        "meta": dict(data.meta.raw),
        "state": status.state if status else None,
        "detail": status.detail if status else None,
        "steps": data.steps_done,
        "task": data.meta.schema.task.name,
        "loss": data.meta.loss.name,
        "unit": data.meta.loss.unit,
        "lower_is_better": data.meta.loss.lower_is_better,
        "mu": data.truth_now,
        "mu_first": data.meta.truth,
        "updates_attempted": data.attempted,
        "updates_committed": data.committed,
        "metrics": dict(data.metrics),
        "verdict": judged.sentence,
        **improvement_document(judged),
        "controls": [_finite(asdict(control)) for control in controls],
        "transactions": data.transactions.counts(),
        "problems": [
            {"part": p.part, "path": str(p.path), "reason": p.reason, "missing": p.missing}
            for p in data.problems
            if not p.usual
        ],
        "findings": [asdict(finding) for finding in report.findings] if report else None,
        "notes": list(report.notes) if report else [],
    }


def improvement_document(judged: "Verdict") -> dict[str, Any]:
    """The improvement for `--json`; an undefined value is null, with a reason."""
    better = judged.improvement
    if better is None:
        return {"improvement_percent": None, "improvement_ci95": None}
    why = better.why_no_interval
    return {
        "improvement_percent": None if better.why_none else better.percent,
        "improvement_ci95": None if why else [better.low, better.high],
        **({"improvement_without_ci95": why} if why else {}),
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """The values with null for those that are not finite."""
    return {
        k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()
    }


def _control(control: "Control", width: int) -> str:
    """`  zlib  3.12  over all steps up to 351 (frozen 2.65, adaptive 1.72)`"""
    from tttui.cli.output import padded
    from tttui.model.numbers import short
    from tttui.model.text import visible

    own = f"  {padded(visible(control.name), width)}  {short(control.loss)}  {control.where}"
    frozen = f"frozen {short(control.frozen)}, " if math.isfinite(control.frozen) else ""
    return f"{own} ({frozen}adaptive {short(control.adaptive)})"


def _metric(value: float) -> str:
    """A number of metrics.json as text, also if it is not finite."""
    return f"{value:.6g}" if math.isfinite(value) else "not a finite number"


def _of_any_model(data: "SessionData", line: "Callable[[str, object], None]") -> None:
    """Task, loss and plastic parameters of a session of another task than the point mass."""
    from tttui.model.numbers import count
    from tttui.model.parameters import specs_of

    schema = data.meta.schema
    task, specs, every = schema.task, specs_of(data), data.steps.evaluated
    line("task", " ".join(filter(None, (task.name, task.version))))
    better = "lower" if schema.loss.lower_is_better else "higher"
    line("loss", f"{schema.loss.label}, {better} is better")
    if specs:
        size = count(sum(spec.size for spec in specs))
        line("parameters", f"{count(len(specs))} learn, with {size} elements")
    if every is not None:
        line("frozen", f"evaluated at {int(every.sum())} of {len(every)} steps")
    line("settings", ", ".join(f"{k} {v}" for k, v in task.settings.items()))


def ledger_of(data: "SessionData") -> "Ledger | None":
    """The ledger's verdict on a session that records the version of every score."""
    from tttui.artifacts.layout import SCORES
    from tttui.artifacts.ledger import read_records
    from tttui.model.ledger import judge

    if not os.path.lexists(data.place.path / SCORES):
        return None
    return judge(read_records(data.place, data.run)[0])


def as_lines(
    data: "SessionData", report: "Report | None" = None, controls: "Sequence[Control]" = ()
) -> list[str]:
    """One session for a person, with what a check of its files found."""
    from tttui.cli.output import cells, padded
    from tttui.model.ages import ago_text
    from tttui.model.text import visible
    from tttui.model.verdict import verdict, with_ledger

    meta, status, metrics = data.meta, data.status, data.metrics
    judged = with_ledger(verdict(data), ledger_of(data))
    lines = [str(data.place.path), judged.sentence, ""]

    def line(label: str, value: object) -> None:
        if value not in (None, ""):
            lines.append(f"{label:<14}{value}")

    line("state", None if status is None else status.detail or status.state)
    line("layout", data.place.layout)
    line("run", data.run)
    line("session", meta.session_id)
    if meta.parent_session_id is not None:
        at = "" if meta.forked_at_t is None else f" at step {meta.forked_at_t}"
        line("forked from", f"{meta.parent_session_id}{at}")
    line("started from", meta.started_from)
    line("created", ago_text(meta.created_at))
    if meta.is_point_mass:
        line("world", f"{meta.env_mode or 'mode unknown'}, {data.truth_named}")
    else:
        _of_any_model(data, line)
    line("seed", meta.seed)
    line("steps", data.steps_done)
    line("signature", meta.model_signature)
    line("base sha256", meta.base_ckpt_hash)
    line("plasticity", ", ".join(f"{k} {v}" for k, v in meta.plasticity_cfg.items()))
    shown = {k: v for k, v in metrics.items() if type(v) in (int, float)}
    if shown:
        lines += ["", "metrics"]
        width = max(cells(visible(k)) for k in shown)
        lines += [f"  {padded(visible(k), width)}  {_metric(v)}" for k, v in shown.items()]
    if controls:
        lines += ["", "controls"]
        width = max(cells(visible(control.name)) for control in controls)
        lines += [_control(control, width) for control in controls]
    counts = data.transactions.counts()
    lines += ["", f"transactions  {data.committed} of {data.attempted} committed"]
    own = data.transactions.reasons
    lines += [
        f"  {n:>6}  {name}{f'  ({own[name]})' if name in own else ''}" for name, n in counts.items()
    ]
    problems = [p for p in data.problems if not p.usual]
    if problems:
        lines += ["", "problems"]
        lines += [f"  {p.path}: {p.reason}" for p in problems]
    if report is not None and (report.findings or report.notes):
        lines += ["", "files"]
        lines += [f"  {finding.kind}  {finding}" for finding in report.findings]
        lines += [f"  {note}" for note in report.notes]
    return lines

"""`tttui ls`: the list of sessions."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import json_option, root_option

if TYPE_CHECKING:
    from tttui.model.session import SessionSummary
    from tttui.model.status import Status

HEADERS = ("session", "state", "mode", "mu", "steps", "committed", "vs frozen", "created", "where")
RIGHT = {3, 4, 5, 6, 7}

MIXED = ("session", "state", "task", "loss", *HEADERS[2:])
"""Where there are sessions of other tasks than the point mass."""


@click.command("ls")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@root_option
@json_option
def command(paths: tuple[Path, ...], root: Path, as_json: bool) -> None:
    """List the sessions below PATH (default: the root), forks under their parents."""
    from tttui.artifacts.discover import scan
    from tttui.artifacts.summary import read_summary
    from tttui.cli.output import json_document, result, say, table
    from tttui.cli.places import existing
    from tttui.model.here import LOST, reachable

    scanned = scan([existing(path) for path in paths] or ([root] if root.exists() else []))
    summaries = [read_summary(place) for place in scanned.places]
    for problem in scanned.problems:
        say(f"{problem.path}: {problem.reason}")
    if as_json:
        json_document([as_document(summary) for summary in summaries])
    elif not summaries:
        what = "make one: tttui demo" if reachable(root) else LOST
        say(f"no sessions below {', '.join(map(str, paths)) or root}; {what}")
    else:
        mixed = any(not s.meta.is_point_mass for s in summaries)
        rows = [_row(s, lead, mixed=mixed) for s, lead in tree(summaries)]
        result(*table(MIXED if mixed else HEADERS, rows, right={5, 6, 7, 8, 9} if mixed else RIGHT))


def tree(summaries: Sequence["SessionSummary"]) -> list[tuple["SessionSummary", str]]:
    """Every summary with the branch drawn before its name; children below their parents."""
    from tttui.model.tree import forest

    rows: list[tuple[SessionSummary, str]] = []
    for branch in forest(summaries):
        *above, later = branch.trunk or (False,)
        lead = "".join("│ " if more else "  " for more in above)
        own = ("├ " if later else "└ ") if branch.trunk else ""
        rows.append((summaries[branch.index], lead + own))
    return rows


def as_document(summary: "SessionSummary") -> dict[str, Any]:
    """One session for `--json`."""
    percent = summary.improvement
    return {
        "name": summary.place.name,
        "path": str(summary.place.path),
        "layout": summary.place.layout,
        "run": summary.run,
        "session_id": summary.meta.session_id,
        "parent_session_id": summary.meta.parent_session_id,
        "state": summary.status.state if summary.status else None,
        "detail": summary.status.detail if summary.status else None,
        "mu": summary.truth_now,
        "mu_first": summary.meta.truth,
        "env_mode": summary.meta.env_mode,
        "task": summary.meta.schema.task.name,
        "loss": summary.meta.loss.name,
        "unit": summary.meta.loss.unit,
        "lower_is_better": summary.meta.loss.lower_is_better,
        "created_at_unix": summary.meta.created_at,
        "steps": summary.steps,
        "updates_attempted": summary.attempted,
        "updates_committed": summary.committed,
        "baseline_mse_last100_mean": summary.frozen_last100,
        "adaptive_mse_last100_mean": summary.adaptive_last100,
        "improvement_percent": percent if percent is None or math.isfinite(percent) else None,
        **({"why_no_mean": summary.why_no_mean} if summary.why_no_mean else {}),
        "problems": [f"{p.path}: {p.reason}" for p in summary.problems],
    }


def _row(summary: "SessionSummary", lead: str, *, mixed: bool = False) -> tuple[str, ...]:
    from tttui.model.ages import age_text
    from tttui.model.improvement import compared

    status, attempted, meta = summary.status, summary.attempted, summary.meta
    return (
        lead + summary.place.name,
        summary.place.layout if status is None else _state(status),
        *((meta.schema.task.name, meta.loss.label) if mixed else ()),
        meta.env_mode or "-",
        summary.truth_text,
        "-" if summary.steps is None else str(summary.steps),
        "-" if attempted is None else f"{summary.committed or 0}/{attempted}",
        compared(
            summary.frozen_last100,
            summary.adaptive_last100,
            lower=summary.meta.loss.lower_is_better,
        )[0],
        age_text(summary.meta.created_at) or "-",
        str(summary.place.path),
    )


def _state(status: "Status") -> str:
    """`running`, `running on elsewhere`, or `crashed 3 min ago` without the reason."""
    if status.state == "pretraining" and status.pretraining is not None:
        if status.pretraining.waits_for is not None:
            return str(status.pretraining).partition(",")[0]
        return f"pretraining {status.pretraining.step}/{status.pretraining.steps}"
    if status.steerable and not status.runs_here:
        return status.detail or status.state  # where it runs, and whether that is certain
    derived = status.state in ("crashed", "stalled") or status.waits_for is not None
    return status.detail.partition(":")[0] if derived and status.detail else status.state

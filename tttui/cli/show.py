"""`tttui show RUN`: one session in full."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import json_option, root_option

if TYPE_CHECKING:
    from tttui.model.session import SessionData


@click.command("show")
@click.argument("run")
@root_option
@click.option("--run", "which", help="which run of a store's session  [default: the newest]")
@json_option
def command(run: str, root: Path, which: str | None, as_json: bool) -> None:
    """Show RUN: its identity, its numbers, the verdict, its transactions, what is damaged."""
    from tttui.artifacts.reader import SessionReader
    from tttui.cli.output import json_document, result
    from tttui.cli.places import find_run
    from tttui.model.errors import RefusedInput

    place = find_run(root, run)
    if which is not None and which not in place.runs:
        known = ", ".join(place.runs) or "none"
        raise RefusedInput(f"{place.path} has no run {which!r}; its runs are: {known}")
    data = SessionReader(place, which).refresh()
    if as_json:
        json_document(as_document(data))
    else:
        result(as_text(data))


def as_document(data: "SessionData") -> dict[str, Any]:
    """One session for `--json`."""
    from tttui.model.verdict import verdict

    judged = verdict(data)
    status = data.status
    better = judged.improvement
    return {
        "name": data.place.name,
        "path": str(data.place.path),
        "layout": data.place.layout,
        "run": data.run,
        "runs": list(data.place.runs),
        "meta": dict(data.meta.raw),
        "state": status.state if status else None,
        "detail": status.detail if status else None,
        "steps": len(data.steps),
        "metrics": dict(data.metrics),
        "verdict": judged.sentence,
        "improvement_percent": better.percent if better else None,
        "improvement_ci95": [better.low, better.high] if better else None,
        "transactions": data.transactions.counts(),
        "problems": [
            {"part": p.part, "path": str(p.path), "reason": p.reason, "missing": p.missing}
            for p in data.problems
        ],
    }


def as_text(data: "SessionData") -> str:
    """One session for a person."""
    from tttui.cli.output import number
    from tttui.model.ages import ago_text
    from tttui.model.verdict import verdict

    meta, status, metrics = data.meta, data.status, data.metrics
    lines = [str(data.place.path), verdict(data).sentence, ""]

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
    line("created", ago_text(meta.created_at))
    line("world", f"{meta.env_mode or 'mode unknown'}, mu {number(data.mu_now, 6)}")
    line("seed", meta.seed)
    line("steps", len(data.steps))
    line("signature", meta.model_signature)
    line("base sha256", meta.base_ckpt_hash)
    line("updates", ", ".join(f"{k} {v}" for k, v in meta.plasticity_cfg.items()))
    shown = {k: v for k, v in metrics.items() if isinstance(v, (int, float))}
    if shown:
        lines += ["", "metrics"]
        width = max(map(len, shown))
        lines += [f"  {k:<{width}}  {v:.6g}" for k, v in shown.items()]
    counts = data.transactions.counts()
    lines += ["", f"transactions  {len(data.transactions)}"]
    lines += [f"  {n:>6}  {name}" for name, n in counts.items()]
    if data.problems:
        lines += ["", "problems"]
        lines += [f"  {p.path}: {p.reason}" for p in data.problems]
    return "\n".join(lines)

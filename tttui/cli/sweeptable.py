"""A sweep as text: members, effects of the settings, best member, progress."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tttui.model.ages import duration_text
from tttui.model.errors import TttuiError
from tttui.model.numbers import short
from tttui.model.shell import command_line

if TYPE_CHECKING:
    from tttui.lab.evaluation import PairedComparison
    from tttui.lab.job import Job
    from tttui.lab.sweeps.group import SweepJobs
    from tttui.lab.sweeps.outcome import SweepOutcome

SHOWN = 20
"""Members that are printed without --all."""

WIDEST = 100
"""Columns, where the results do not go to a terminal."""

BAR, LEAST_BAR = 32, 15
"""Cells of a drawn interval: at most, and fewer than which show nothing."""

EQUAL, BEST = "=", "*"

INTERVAL = "95 % interval"


def sweep_lines(
    sweep: "SweepJobs", outcome: "SweepOutcome", width: int | None, *, every: bool = False
) -> list[str]:
    """A sweep in lines of at most `width` columns."""
    from tttui.cli.progress import job_line

    plan, job = outcome.plan, sweep.job
    task = plan.runner.task
    window = "last 100 steps" if plan.by == "last" else "whole stream"
    loss = f"{task.loss_name}{f' ({task.unit})' if task.unit else ''}, {window}"
    lines = [
        f"sweep    {job.short}, {job_line(job)}",
        f"tried    {len(plan.members)} members, {outcome.rows} of {outcome.losses.size} runs "
        "computed" + (f" in {duration_text(outcome.seconds)}" if outcome.rows else ""),
        f"on       {plan.streams_text}",
        f"by       {loss}",
    ]
    if plan.fixed:
        known = {name: plan.runner.task.all_settings()[name] for name in plan.fixed}
        fixed = ", ".join(f"{name} {known[name].text(v)}" for name, v in plan.fixed.items())
        lines.append(f"all have {fixed}")
    if not outcome.order:
        return [*lines, "", "no member is computed on all streams yet"]
    room = width or WIDEST
    lines += ["", *_table(outcome, room, every=every)]
    if outcome.effects:
        lines += ["", *_effects(outcome, room)]
    return [*lines, "", *_wrapped(outcome.verdict, room), *_missing(sweep, outcome)]


def _missing(sweep: "SweepJobs", outcome: "SweepOutcome") -> list[str]:
    """How to go on with a sweep that ended, or of which a part did, before all was computed."""
    from tttui.lab.job import job_command

    left = outcome.losses.size - outcome.rows
    if not left or not sweep.job.has_ended:
        return []
    runs = f"{left} runs are" if left > 1 else "1 run is"
    return [f"{runs} missing; go on with: {job_command(sweep.job, 'resume', group='sweep')}"]


def best_lines(
    root: Path, sweep: "SweepJobs", outcome: "SweepOutcome", again: Sequence["SweepJobs"]
) -> list[str]:
    """The best member, the evidence, and in the last line the command that runs it."""
    plan, best = outcome.plan, outcome.best
    name, estimate = plan.members[best].name, outcome.estimate(best)
    between = _between(estimate.low, estimate.high)
    lines = [
        f"best of {len(outcome.there)} members on {len(plan.streams)} streams: {name}",
        f"loss {short(estimate.estimate)}{f' (95 % interval {between})' if between else ''}",
    ]
    if best:
        lines.append(outcome.verdict)
    equals = outcome.equals
    if equals:
        others = "; ".join(plan.members[i].name for i in equals[:4])
        more = f" and {len(equals) - 4} more" if len(equals) > 4 else ""
        lines.append(f"it cannot be told from: {others}{more}")
    elif len(outcome.there) > 1:
        lines.append("it is better than every other member, beyond chance")
    if not outcome.complete:
        lines.append(f"so far: {outcome.rows} of {outcome.losses.size} runs are computed")
    elif best and again:
        newest = again[0].outcome()
        word = "confirmed" if newest.against(1, 0).outcome == "better" else "not confirmed"
        lines.append(
            f"{word} on fresh streams: {newest.against(1, 0).verdict(name, 'the default')}"
        )
    elif best:
        more_words = () if root == Path("runs") else ("--root", root)
        test = command_line("tttui", "sweep", "best", sweep.job.short, "--confirm", *more_words)
        lines.append(
            f"as the best of {len(outcome.there)} on these very streams it looks better than it "
            f"is; `{test}` tests it on fresh ones"
        )
    return [*lines, outcome.command(best)]


def best_document(
    sweep: "SweepJobs", outcome: "SweepOutcome", again: Sequence["SweepJobs"]
) -> dict[str, Any]:
    """The same for `--json`."""
    from tttui.lab.evaluation.ranking import document

    best, plan = outcome.best, outcome.plan
    estimate = outcome.estimate(best)
    return {
        "sweep": sweep.handle,
        "complete": outcome.complete,
        "best": plan.members[best].name,
        "values": dict(plan.members[best].values),
        "is_default": best == 0,
        "loss": estimate.estimate,
        "low": estimate.low,
        "high": estimate.high,
        "than_default": document(outcome.against(best, 0, max(1, len(outcome.there) - 1)))
        if best and 0 in outcome.there
        else None,
        "equal_to_best": [plan.members[i].name for i in outcome.equals],
        "confirmed": document(again[0].outcome().against(1, 0)) if best and again else None,
        "command": outcome.command(best),
    }


def wait_for_sweep(
    root: Path, sweep: "SweepJobs", *, quiet: bool, must: bool = True
) -> "SweepJobs":
    """Wait until all jobs of a sweep have ended; ctrl+c does not stop them.

    Raises TttuiError if it `must` be complete and is not.
    """
    from tttui.cli.output import say
    from tttui.cli.progress import job_bar
    from tttui.lab.steering import look_again, wait_for
    from tttui.lab.sweeps.group import SweepJobs, find_sweep

    verbs = () if root == Path("runs") else ("--root", root)
    short_handle = sweep.job.short
    try:
        with job_bar(f"sweep {short_handle}", quiet=quiet) as shown:

            def seen(now: "Job") -> None:
                jobs = [now if one.path == now.path else look_again(one) for one in sweep.jobs]
                shown(SweepJobs(tuple(jobs), sweep.plan).job)

            for job in sweep.jobs:
                wait_for(job, seen if len(sweep.jobs) > 1 else shown)
    except KeyboardInterrupt:
        word = command_line("tttui", "sweep", "cancel", short_handle, *verbs)
        say(f"the sweep goes on; `{word}` ends it")
        raise
    ended = find_sweep(root, sweep.handle)
    if must and ended.job.state != "completed":
        again = command_line("tttui", "sweep", "resume", short_handle, *verbs)
        raise TttuiError(f"sweep {short_handle} {ended.job.detail}; `{again}` goes on")
    return ended


def interval_bar(low: float, estimate: float, high: float, limit: float, size: int) -> str:
    """An interval on a scale from -limit to limit, with its middle marked: `    |  --o---   `."""
    cells = [" "] * size

    def cell(value: float) -> int:
        share = max(-1.0, min(1.0, value / limit)) if limit > 0 else 0.0
        return round((share + 1.0) / 2.0 * (size - 1))

    if low <= high:
        for i in range(cell(low), cell(high) + 1):
            cells[i] = "-"
    cells[size // 2] = "|"
    cells[cell(estimate)] = "o"
    return "".join(cells)


def _table(outcome: "SweepOutcome", room: int, *, every: bool) -> list[str]:
    from tttui.cli.output import cells, elided, table

    plan, order = outcome.plan, outcome.order
    shown = order if every else order[:SHOWN]
    equals = set(outcome.equals)
    known = plan.runner.task.all_settings()
    heads = ["", *plan.names, "loss", INTERVAL, "than default", "than default, 95 %", "wins"]
    rows = []
    for i in shown:
        own, estimate = plan.members[i].values, outcome.estimate(i)
        mark = BEST if i == outcome.best else EQUAL if i in equals else ""
        rows.append(
            [
                mark,
                *(known[n].text(own[n]) if n in own else "-" for n in plan.names),
                short(estimate.estimate),
                _between(estimate.low, estimate.high),
                *_than_default(outcome, i),
            ]
        )
    for drop in (None, INTERVAL, "wins", "than default"):  # until it fits
        if drop is not None:
            at = heads.index(drop)
            for row in (heads, *rows):
                del row[at]
        numeric = {i for i, head in enumerate(heads) if head in (*plan.names, "loss", "wins")}
        lines = table(heads, rows, right=numeric)
        if max(map(cells, lines)) <= room:
            break
    lines = [elided(line, room) for line in lines]
    if len(order) > len(shown):
        lines.append(f"... and {len(order) - len(shown)} more; --all prints them")
    if len(outcome.there) < len(plan.members):
        lines.append(f"{len(plan.members) - len(outcome.there)} members are not computed yet")
    legend = f"{BEST} the best" + (f"   {EQUAL} cannot be told from it" if equals else "")
    return [*lines, legend]


def _than_default(outcome: "SweepOutcome", member: int) -> tuple[str, str, str]:
    if member == 0:
        return "the default", "", ""
    if 0 not in outcome.there:
        return "", "", ""
    compared = outcome.against(member, 0)
    return compared.amount, compared.between, f"{compared.wins}/{compared.n}"


def _effects(outcome: "SweepOutcome", room: int) -> list[str]:
    from tttui.cli.output import cells, elided, table

    limit = max(_reach(effect.compared) for effect in outcome.effects)
    heads = ["effect of", "", INTERVAL]
    rows = [
        [
            f"{one.setting} {one.value} for {one.against}",
            one.compared.amount,
            one.compared.between or "too few streams for one",
        ]
        for one in outcome.effects
    ]
    size = min(BAR, room - 2 - max(map(cells, table(heads, rows, right=set())))) // 2 * 2 - 1
    if size >= LEAST_BAR:
        heads.insert(1, "worse | better".center(size))
        for row, effect in zip(rows, outcome.effects, strict=True):
            one = effect.compared.interval
            low, high = (one.estimate, one.estimate) if one.low != one.low else (one.low, one.high)
            row.insert(1, interval_bar(low, one.estimate, high, limit, size))
    return [elided(line, room) for line in table(heads, rows, right=set())]


def _reach(compared: "PairedComparison") -> float:
    one = compared.interval
    ends = [abs(v) for v in (one.low, one.estimate, one.high) if abs(v) < float("inf")]
    return max(ends, default=1.0) or 1.0


def _between(low: float, high: float) -> str:
    return "" if low != low else f"{short(low, 2)} to {short(high, 2)}"


def _wrapped(text: str, room: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, max(20, room))

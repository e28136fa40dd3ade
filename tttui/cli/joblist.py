"""The table of jobs, as `tttui job list` and the lists of single kinds print it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tttui.lab.job import Job

HEADERS = ("job", "kind", "state", "done", "left", "created")
RIGHT = {3, 4, 5}

LONGEST = 40
"""Characters of a text that may be long, where there is no terminal to be fitted into."""

WIDE = 110
"""Columns of a terminal from which on both what a job does and its command are shown."""


def print_jobs(
    root: Path,
    state: str | None,
    kind: str | None,
    *,
    among: Sequence[str] = (),
    starting: str = "tttui pretrain` or `tttui run --detach",
    as_json: bool,
) -> None:
    """Print the jobs of a root, the newest first, perhaps only some by state and kind.

    `among` are kinds as well, all where it is empty; `starting` is a command that starts one.
    """
    from tttui.cli.jobs import document
    from tttui.cli.output import json_document, result, say, terminal_width
    from tttui.lab.jobs import list_jobs

    jobs = [
        job for job in list_jobs(root, state=state, kind=kind) if not among or job.kind in among
    ]
    if as_json:
        json_document([document(job) for job in jobs])
    elif not jobs:
        which = " such" if state or kind or among else ""
        say(f"no{which} jobs below {root}; `{starting}` starts one")
    else:
        result(*listed(jobs, terminal_width()))
        for job in jobs:
            for problem in job.problems:
                say(f"job {job.short}: {problem}")


def listed(jobs: "Sequence[Job]", width: int | None) -> list[str]:
    """The table of jobs for a terminal of so many columns; None where there is none.

    A narrow one has no room for both, and shows the command of those that do nothing now.
    """
    from tttui.cli.output import cells, elided, padded, table

    most = 1000 if width is None else max(8, (width - 44) // 2)
    facts = table(HEADERS, [(elided(job.short, most), *_row(job)) for job in jobs], right=RIGHT)
    wide = max(map(cells, facts))
    doing = [_doing(job) for job in jobs]
    heads: tuple[str, ...] = ("what it does", "command")
    if width is not None and width < WIDE:
        rooms, heads = [max(0, width - wide - 2)], ("doing, or its command",)
        ends = [[a or job.command] for a, job in zip(doing, jobs, strict=True)]
    else:
        rooms = [LONGEST, LONGEST]
        if width is not None:
            first = min((width - wide) // 2, max(map(len, (*doing, heads[0]))))
            rooms = [first, width - wide - first - 4]
        ends = [[a, job.command] for a, job in zip(doing, jobs, strict=True)]
    fitted = [
        [elided(t, room) for t, room in zip(row, rooms, strict=True)] for row in (heads, *ends)
    ]
    more = table(fitted[0], fitted[1:], right=set())
    return [f"{padded(a, wide)}  {b}".rstrip() for a, b in zip(facts, more, strict=True)]


def _row(job: "Job") -> tuple[str, ...]:
    from tttui.model.ages import age_text, duration_text

    return (
        job.kind,
        job.state,
        "-" if job.progress is None else f"{100 * job.progress:.0f} %",
        "-" if job.seconds_left is None else duration_text(job.seconds_left),
        age_text(job.created_at) or "-",
    )


def _doing(job: "Job") -> str:
    return job.doing if job.state == "running" else "" if job.detail == job.state else job.detail

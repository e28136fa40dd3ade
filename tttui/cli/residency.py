"""`tttui genome run`, `status`, `activate` and `evict`: skills in the memory of a process."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.contenders import absolute_data, announce, shared_settings, skill_entries
from tttui.cli.jobs import JobOptions, job_options
from tttui.cli.options import json_option, root_option, set_option

if TYPE_CHECKING:
    from tttui.lab.genome.holders import SkillHost

HEADERS = ("skill", "state", "memory", "step", "loss", "frozen")

UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}

WAIT_S = 10.0


class Bytes(click.ParamType[int]):
    """`64MB`, `500kB`, `1.5GB`, `4096`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?b)?", str(value).strip().lower())
        size = round(float(match[1]) * UNITS[match[2] or "b"]) if match else 0
        if size < 1:
            self.fail(f"{value!r} is no size; write it as 64MB, 500kB or 1.5GB", param, ctx)
        return size


def budget_option(default: str | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--budget`, bytes of all skills that are in memory at once."""
    help = "bytes of all skills in memory at once, such as 64MB"
    more = f"  [default {default}]" if default else ""
    return click.option("--budget", type=Bytes(), default=default, help=help + more)


def job_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--job`, where several processes hold skills."""
    return click.option("--job", metavar="JOB", help="the job that holds it, where several do")(
        command
    )


@click.command("run")
@click.argument("skills", nargs=-1, required=True, metavar="SKILL...")
@root_option
@budget_option("64MB")
@click.option(
    "--turn",
    type=click.IntRange(min=1),
    default=32,
    help="steps after which the next skill has its turn  [default 32]",
)
@click.option(
    "--steps", type=click.IntRange(min=1), help="of each skill  [default 600, of a document 128]"
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="chooses the stream  [default 0]"
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="documents to read from: a file or a directory  [default Python's standard library]",
)
@set_option("a setting that all have, such as mu=0.25 or lr=0.005")
@job_options
def run_command(
    skills: tuple[str, ...],
    root: Path,
    budget: int,
    turn: int,
    steps: int | None,
    seed: int,
    data: Path | None,
    assigned: tuple[str, ...],
    job: JobOptions,
) -> None:
    """Let each SKILL (a version, a persona, or base) learn on one held-out stream, as one job.

    All share one base in memory and take turns. Skills that do not fit the budget are paged out
    to files of the job, the least recently used first; each computes exactly what it would alone.
    """
    from tttui.cli.output import json_document, result
    from tttui.lab.evaluation.contest import Contest
    from tttui.lab.genome.holders import host_of
    from tttui.lab.jobs import results
    from tttui.lab.kinds.genome_run import check

    task, entries = skill_entries(root, skills)
    contest = Contest(
        task,
        tuple(entries),
        shared_settings(task, assigned, steps),
        streams=1,
        seed=seed,
        data=absolute_data(data),
    )
    announce(f"{check(root, contest).name}, the same for all")
    settings = {**contest.settings(), "budget": budget, "turn": turn}
    completed = job.start(root, "genome_run", settings)
    if completed is None:
        return
    holder = host_of(completed)
    if job.as_json:
        json_document({**results(completed), "residency": _document(holder)})
    else:
        result(*_lines(holder))


@click.command("status")
@root_option
@click.option("--all", "ended", is_flag=True, help="also processes that have ended")
@json_option
def status_command(root: Path, ended: bool, as_json: bool) -> None:
    """Say which skills are in the memory of which process, and which are paged out.

    A skill is resident in a process while its state is in that process's memory, and paged out
    while it lies on the disk only; when the process has ended, nothing is resident.
    """
    from tttui.cli.output import json_document, result, say
    from tttui.lab.genome.holders import skill_hosts

    hosts = skill_hosts(root, ended=ended)
    if as_json:
        json_document([_document(one) for one in hosts])
    elif not hosts:
        say(f"no process below {root} holds skills; `tttui genome run SKILL...` starts one")
    else:
        for number, one in enumerate(hosts):
            result(*([""] if number else []), *_lines(one))


@click.command("activate")
@click.argument("skill", required=False)
@root_option
@job_option
@budget_option(None)
def activate_command(skill: str | None, root: Path, job: str | None, budget: int | None) -> None:
    """Have a process take SKILL into memory now, and give it the next turn.

    With --budget alone only the budget of the process is changed.
    """
    _changed(root, "activate", skill, job, budget)


@click.command("evict")
@click.argument("skill", required=False)
@root_option
@job_option
@budget_option(None)
def evict_command(skill: str | None, root: Path, job: str | None, budget: int | None) -> None:
    """Have a process page SKILL out to its file now; its next turn reads it again.

    With --budget alone those are paged out that no longer fit, the least recently used first.
    """
    _changed(root, "evict", skill, job, budget)


def _changed(root: Path, verb: str, skill: str | None, job: str | None, budget: int | None) -> None:
    from tttui.cli.output import result
    from tttui.lab.genome.holders import change, host_for
    from tttui.model.errors import RefusedInput

    if skill is None and budget is None:
        raise RefusedInput(f"say which skill to {verb}, or a --budget")
    changes = {verb: skill, "budget": budget}
    holder = host_for(root, skill, job)
    now = change(holder, {k: v for k, v in changes.items() if v is not None}, wait_s=WAIT_S)
    result(*_lines(now))


def _lines(holder: "SkillHost") -> list[str]:
    from tttui.cli.output import number, table
    from tttui.model.ages import size_text

    job = holder.job
    what = f"job {job.short} is {job.state}"
    if holder.problem:
        return [f"{what}: {holder.problem}"]
    memory = f"holds {size_text(holder.used)} of {size_text(holder.budget)}"
    c = holder.counters
    rows = [
        (
            one.name,
            one.state,
            size_text(one.size),
            f"{one.t} of {holder.steps}",
            number(one.loss),
            number(one.frozen_loss),
        )
        for one in holder.skills
    ]
    return [
        f"{what}, {memory if holder.lives else 'so nothing is resident'}",
        f"{c['activations']} activations: {c['hits']} hits, {c['loads']} loads; "
        f"{c['evictions']} evictions, {c['thrashes']} thrashes",
        *table(HEADERS, rows, right={2, 3, 4, 5}),
    ]


def _document(holder: "SkillHost") -> Mapping[str, Any]:
    return {
        "job": holder.job.handle,
        "state": holder.job.state,
        "pid": holder.job.raw.get("pid") if holder.lives else None,
        "budget": holder.budget,
        "used": holder.used if holder.lives else 0,
        **holder.counters,
        "skills": [
            {
                "skill": one.name,
                "state": one.state,
                "bytes": one.size,
                "t": one.t,
                "steps": holder.steps,
                "loss": one.loss,
                "frozen_loss": one.frozen_loss,
            }
            for one in holder.skills
        ],
        "problem": holder.problem or None,
    }

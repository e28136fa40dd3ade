"""`tttui sweep`: one task under many settings, on the same held-out streams, as one job."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.jobs import JobOptions, job_options, typed_words, wrong
from tttui.cli.options import SectionedCommand, did_you_mean, json_option, root_option
from tttui.model.errors import RefusedInput

if TYPE_CHECKING:
    from tttui.lab.sweeps.group import SweepJobs
    from tttui.lab.sweeps.plan import SweepPlan
    from tttui.lab.sweeps.space import Axis
    from tttui.tasks.base import AnyTask

FRESH = 32
"""Streams on which the best is tested again."""

PARTS = 8
"""Jobs at most that share a sweep on Slurm, where nothing else is said."""


@click.group("sweep", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Sweeps: which settings learn best, tried on the same held-out streams.

    SWEEP is the handle that `start` printed, or its beginning.
    """
    if ctx.invoked_subcommand is None:
        from tttui.cli.output import result

        result(*ctx.get_help().splitlines())


@click.command("start", cls=SectionedCommand)
@root_option
@click.option(
    "--set",
    "assigned",
    metavar="NAME=VALUES",
    multiple=True,
    required=True,
    help="values to try, such as lr=0.005,0.01; one value for all members; with --random also a "
    "range, such as 'lr=0.001..0.1 log'; may be repeated",
)
@click.option("--task", "called", default="pointmass", help="the task  [default pointmass]")
@click.option(
    "--random",
    "draws",
    type=click.IntRange(min=1),
    metavar="N",
    help="try N members drawn at random  [default all combinations]",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    help="held-out streams for every member  [default 16, of documents 8]",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="steps of each stream  [default 600, of a document 128]",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    help="seed of the streams and of random members  [default 0]",
)
@click.option(
    "--file",
    "--data",
    "data",
    type=click.Path(path_type=Path),
    help="documents, for tasks that read: a file, of which every stream is a part, or a "
    "directory  [default sources of Python's standard library]",
)
@click.option(
    "--by",
    type=click.Choice(("whole", "last")),
    default="whole",
    help="the loss that decides: of the whole stream or of its last 100 steps  [default whole]",
)
@click.option(
    "--parts",
    type=click.IntRange(min=1),
    help=f"jobs that share the sweep; on Slurm one array  [default 1, on Slurm {PARTS}]",
)
@job_options
def start_command(
    root: Path,
    assigned: tuple[str, ...],
    called: str,
    draws: int | None,
    seeds: int | None,
    steps: int | None,
    seed: int,
    data: Path | None,
    by: str,
    parts: int | None,
    job: JobOptions,
) -> None:
    """Try every combination of some settings, or some at random; prints the handle of the sweep.

    Every member meets the same streams, which no session and no training uses. The default
    settings are tried as well.
    """
    from tttui.lab.sweeps.planning import planned
    from tttui.model.here import absolute
    from tttui.tasks.find import find_task

    fixed, axes = _axes(find_task(called), assigned)
    plan = planned(
        called,
        fixed,
        axes,
        draws=draws,
        streams=seeds,
        steps=steps,
        seed=seed,
        data=None if data is None else absolute(data),
        by="last" if by == "last" else "whole",
    )
    _start(root, plan.shared(parts or (PARTS if job.launcher.name == "slurm" else 1)), job)


command.add_command(start_command)


@start_command.checks
def _check(values: Mapping[str, Any]) -> Mapping[str, str]:
    from tttui.tasks.find import find_task

    called, typed = values["called"], values["assigned"]
    return wrong(values, called=lambda: find_task(called)) or wrong(
        values, assigned=lambda: _axes(find_task(called), typed)
    )


def _axes(task: "type[AnyTask]", assigned: Sequence[str]) -> tuple[dict[str, Any], list["Axis"]]:
    """The fixed settings and the axes of a sweep. Raises RefusedInput naming the option."""
    from tttui.lab.sweeps.plan import known_settings
    from tttui.lab.sweeps.space import axis_in

    known = known_settings(task)
    fixed: dict[str, Any] = {}
    axes: list[Axis] = []
    for text in assigned:
        typed, equals, values = text.partition("=")
        name = typed.strip().replace("-", "_")
        if not equals or not name:
            raise RefusedInput(f"--set {text}: write it as NAME=VALUES, such as lr=0.005,0.01")
        if other := {"seed": "--seeds N", "steps": "--steps N", "file": "--file PATH"}.get(name):
            raise RefusedInput(f"--set {text}: {name} is set by {other}")
        if name not in known:
            hint = did_you_mean(name, [*known]) or f"; choose from {', '.join(known)}"
            raise RefusedInput(f"--set {text}: {task.name} has no setting {name!r}{hint}")
        if name in fixed or name in [axis.name for axis in axes]:
            raise RefusedInput(f"--set {text}: {name} is set twice")
        axis = axis_in(values.strip(), known[name])
        if len(axis.values) == 1:
            fixed[name] = axis.values[0]
        else:
            axes.append(axis)
    if not axes:
        raise RefusedInput("--set: nothing is varied; name several values, such as lr=0.005,0.01")
    return fixed, axes


def _start(root: Path, plans: Sequence["SweepPlan"], job: JobOptions) -> None:
    from tttui.cli.output import json_document, result, say
    from tttui.cli.sweeptable import wait_for_sweep
    from tttui.lab.evaluation.statistics import fewest
    from tttui.lab.starting import start_all
    from tttui.lab.sweeps.computing import missing_bases
    from tttui.lab.sweeps.group import find_sweep
    from tttui.model.ages import duration_text
    from tttui.model.shell import command_line
    from tttui.tasks.pointmass.runs.runner import pretraining_s

    if not job.quiet:
        say(plans[0].estimate())
        say(f"on {plans[0].streams_text}")
        bases = missing_bases(plans[0], root, range(len(plans[0].members)))
        if bases:
            takes = duration_text(sum(map(pretraining_s, bases)))
            many = "a base is" if len(bases) == 1 else f"{len(bases)} bases are"
            say(f"{many} pretrained first, about {takes}")
        least = fewest(len(plans[0].members) - 1)
        if len(plans[0].streams) < least:
            say(
                f"the best of {len(plans[0].members)} is told from the default beyond chance on "
                f"{least} streams or more (--seeds {least}), or by `tttui sweep best --confirm`"
            )
    settings = [plan.settings() for plan in plans]
    jobs = start_all(root, "sweep", settings, command=job.words, launcher=job.launcher)
    sweep = find_sweep(root, jobs[0].handle)
    if job.wait:
        wait_for_sweep(root, sweep, quiet=job.quiet)
        _show(root, sweep.handle, as_json=job.as_json)
    elif job.as_json:
        handles = [one.handle for one in sweep.jobs]
        json_document({"sweep": sweep.handle, "state": sweep.job.state, "jobs": handles})
    else:
        result(sweep.handle)
        more = () if root == Path("runs") else ("--root", root)
        follow = command_line("tttui", "sweep", "watch", sweep.job.short, *more)
        say(f"sweep is {sweep.job.state}; follow it with: {follow}")


@command.command("list")
@root_option
@json_option
def list_command(root: Path, as_json: bool) -> None:
    """List sweeps, the newest first."""
    from tttui.cli.joblist import listed
    from tttui.cli.jobs import document
    from tttui.cli.output import json_document, result, say, terminal_width
    from tttui.lab.sweeps.group import list_sweeps

    sweeps = list_sweeps(root)
    if as_json:
        json_document(
            [{**document(one.job), "jobs": [job.handle for job in one.jobs]} for one in sweeps]
        )
    elif not sweeps:
        say(f"no sweeps below {root}; `tttui sweep start --set lr=0.005,0.01,0.02` starts one")
    else:
        result(*listed([one.job for one in sweeps], terminal_width()))


@command.command("show")
@click.argument("sweep")
@root_option
@click.option("--all", "every", is_flag=True, help="all members, not only the first twenty")
@json_option
def show(sweep: str, root: Path, every: bool, as_json: bool) -> None:
    """Show what came of SWEEP so far: the members, the effect of each setting, the best."""
    _show(root, sweep, every=every, as_json=as_json)


def _show(root: Path, handle: str, *, as_json: bool, every: bool = False) -> None:
    from tttui.cli.output import json_document, result, terminal_width
    from tttui.cli.sweeptable import sweep_lines
    from tttui.lab.sweeps.group import find_sweep

    sweep = find_sweep(root, handle)
    outcome = sweep.outcome()
    if as_json:
        job = sweep.job
        json_document({"sweep": sweep.handle, "state": job.state, **outcome.document()})
    else:
        result(*sweep_lines(sweep, outcome, terminal_width(), every=every))


@command.command("best")
@click.argument("sweep")
@root_option
@click.option(
    "--confirm",
    is_flag=True,
    help=f"test it against the default on {FRESH} fresh streams, as the best of many looks better "
    "than it is",
)
@click.option("--fresh", type=click.IntRange(min=6), default=FRESH, help="how many of them")
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
@click.pass_context
def best(
    ctx: click.Context,
    /,
    sweep: str,
    root: Path,
    confirm: bool,
    fresh: int,
    quiet: bool,
    as_json: bool,
) -> None:
    """Print the command that runs the best member of SWEEP, and how sure it is the best."""
    from tttui.cli.output import json_document, result
    from tttui.cli.sweeptable import best_document, best_lines
    from tttui.lab.sweeps.group import confirmations, find_sweep

    sweep_jobs = find_sweep(root, sweep)
    outcome = sweep_jobs.outcome()
    if confirm:
        _confirm(ctx, root, sweep_jobs, fresh, quiet=quiet)
    again = confirmations(root, sweep_jobs)
    if as_json:
        json_document(best_document(sweep_jobs, outcome, again))
    else:
        result(*best_lines(root, sweep_jobs, outcome, again))


def _confirm(
    ctx: click.Context, root: Path, sweep: "SweepJobs", fresh: int, *, quiet: bool
) -> None:
    from tttui.cli.sweeptable import wait_for_sweep
    from tttui.lab.starting import start
    from tttui.lab.sweeps.group import find_sweep
    from tttui.lab.sweeps.planning import confirming

    outcome = sweep.outcome()
    if not outcome.complete:
        raise RefusedInput(
            f"sweep {sweep.job.short} is {sweep.job.state}: {outcome.rows} of "
            f"{outcome.losses.size} runs are computed; its best is known when all are"
        )
    plan = confirming(sweep.plan, outcome.best, sweep.handle, fresh)
    job = start(root, "sweep", plan.settings(), command=typed_words(ctx))
    wait_for_sweep(root, find_sweep(root, job.handle), quiet=quiet)


@command.command("watch")
@click.argument("sweep")
@root_option
@click.option("--quiet", is_flag=True, help="no progress")
def watch(sweep: str, root: Path, quiet: bool) -> int:
    """Follow SWEEP until it has ended; ends with 1 where a part of it failed."""
    from tttui.cli.output import result
    from tttui.cli.progress import job_line
    from tttui.cli.sweeptable import wait_for_sweep
    from tttui.lab.sweeps.group import find_sweep

    jobs = wait_for_sweep(root, find_sweep(root, sweep), quiet=quiet, must=False)
    result(f"sweep {jobs.job.short} {job_line(jobs.job)}")
    return 1 if jobs.job.state in ("failed", "crashed", "stalled") else 0


@command.command("cancel")
@click.argument("sweep")
@root_option
def cancel(sweep: str, root: Path) -> None:
    """End SWEEP at the next safe point; members that are finished are kept."""
    from tttui.cli.output import result
    from tttui.lab.steering import cancel_all
    from tttui.lab.sweeps.group import find_sweep

    jobs = find_sweep(root, sweep)
    cancel_all(jobs.jobs)
    jobs = find_sweep(root, jobs.handle)
    rows = jobs.outcome()
    result(f"sweep {jobs.job.short} is {jobs.job.state}, {rows.rows} of {rows.losses.size} runs")


@command.command("resume")
@click.argument("sweep")
@root_option
@click.option("--wait", is_flag=True, help="stay until it has ended")
@click.option("--quiet", is_flag=True, help="no progress")
def resume_command(sweep: str, root: Path, wait: bool, quiet: bool) -> None:
    """Go on with SWEEP where it ended; no member that is finished is computed again."""
    from tttui.cli.output import result
    from tttui.cli.sweeptable import wait_for_sweep
    from tttui.lab.steering import resume
    from tttui.lab.sweeps.group import find_sweep

    jobs = find_sweep(root, sweep)
    ended = [job for job in jobs.jobs if job.state not in ("completed", "running", "queued")]
    if not ended:
        now = jobs.job
        raise RefusedInput(f"sweep {now.short} is {now.state}; there is nothing to resume")
    for job in ended:
        resume(job)
    if wait:
        wait_for_sweep(root, jobs, quiet=quiet)
        _show(root, jobs.handle, as_json=False)
    else:
        result(jobs.handle)

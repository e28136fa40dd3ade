"""`tttui job`: the jobs of the lab."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import json_option, root_option

if TYPE_CHECKING:
    from tttui.lab.job import Job
    from tttui.lab.reader import JobData

LOOK_S = 0.2
"""Seconds between two looks at a job that is followed."""

FAILED = ("failed", "crashed", "stalled")

STATES = ("queued", "running", "completed", "failed", "cancelled", "crashed", "stalled", "unknown")


@click.group("job", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Jobs: list them, follow one, cancel, resume or remove it.

    JOB is the handle that the command which started it printed, or its beginning; a session that
    runs in the background goes by its name.
    """
    if ctx.invoked_subcommand is None:
        from tttui.cli.output import result

        result(*ctx.get_help().splitlines())


@command.command("list")
@root_option
@click.option("--status", "state", type=click.Choice(STATES), help="only those in this state")
@click.option("--kind", help="only those of this kind, such as pretrain or session")
@json_option
def list_command(root: Path, state: str | None, kind: str | None, as_json: bool) -> None:
    """List the jobs of the root, the newest first."""
    from tttui.cli.joblist import print_jobs
    from tttui.lab.kinds import kind_names

    if kind is not None and kind not in (*kind_names(), "session"):
        known = ", ".join((*kind_names(), "session"))
        raise click.UsageError(f"--kind {kind!r} is no kind of job; known are {known}")
    _start_waiting(root)
    print_jobs(root, state, kind, as_json=as_json)


@command.command("show")
@click.argument("job")
@root_option
@json_option
def show(job: str, root: Path, as_json: bool) -> None:
    """Show all about JOB: what was asked, how far it is, its checkpoints, what is damaged."""
    from tttui.cli.jobs import document
    from tttui.cli.output import json_document, result

    _start_waiting(root)
    found_job = _find(root, job)
    if found_job.is_session:
        from tttui.lab.job import job_command

        if as_json:
            json_document(document(found_job))
        else:
            result(*_summary(found_job), f"log         {job_command(found_job, 'logs')}")
        return
    from tttui.lab.reader import JobReader

    data = JobReader(found_job.path).refresh()
    if as_json:
        json_document(
            {
                **document(found_job),
                "request": dict(data.request),
                "checkpoints": list(data.checkpoints),
                "metrics": _last_row(data),
                "results": data.results,
                "problems": list(data.problems),
            }
        )
        return
    result(*_summary(found_job), *_details(data))


@command.command("watch")
@click.argument("job")
@root_option
@json_option
def watch(job: str, root: Path, as_json: bool) -> int:
    """Follow JOB until it has ended: with a bar, or with one object a line.

    Ends with 0 where it completed or was cancelled, with 1 where it failed.
    """
    from tttui.cli.jobs import document
    from tttui.cli.output import json_document, result
    from tttui.cli.progress import job_bar, job_line
    from tttui.lab.steering import wait_for

    _start_waiting(root)
    found_job = _find(root, job)
    if as_json:
        from tttui.lab.reader import JobReader

        reader = None if found_job.is_session else JobReader(found_job.path)
        seen: list[object] = []

        def tell(now: "Job") -> None:
            document_now: dict[str, Any] = dict(document(now))
            if reader is not None:
                document_now["metrics"] = _last_row(reader.refresh())
            if seen != [document_now]:
                seen[:] = [document_now]
                json_document(document_now, indent=None)

        found_job = wait_for(found_job, tell, LOOK_S)
    else:
        with job_bar(f"{found_job.kind} {found_job.short}", quiet=False) as shown:
            found_job = wait_for(found_job, shown, LOOK_S)
        result(f"job {found_job.short} {job_line(found_job)}")
    return 1 if found_job.state in FAILED else 0


@command.command("results")
@click.argument("job")
@root_option
@json_option
def results_command(job: str, root: Path, as_json: bool) -> None:
    """Print what came of JOB so far."""
    from tttui.cli.output import json_document, result
    from tttui.lab.jobs import results

    content = results(_find(root, job))
    if as_json:
        json_document(content)
    else:
        width = max(map(len, content), default=0)
        result(*(f"{key:<{width}}  {_value(value)}" for key, value in content.items()))


@command.command("logs")
@click.argument("job")
@root_option
@click.option("--follow", "-f", is_flag=True, help="print new lines until the job has ended")
def logs(job: str, root: Path, follow: bool) -> None:
    """Print the log of JOB."""
    from tttui.artifacts.logfile import LogFile
    from tttui.cli.output import result, say
    from tttui.lab.job import LOG
    from tttui.lab.steering import look_again

    found_job = _find(root, job)
    file, printed = LogFile(found_job.path / LOG), 0
    while True:
        ended = look_again(found_job).has_ended
        tail = file.read()
        total = tail.skipped + len(tail.lines)
        new = tail.lines[max(0, printed - tail.skipped) :] if total > printed else ()
        if new:
            result(*(line.text for line in new))
        printed = total
        if not follow or ended:
            break
        time.sleep(LOOK_S)
    if not printed:
        say(f"job {found_job.short} is {found_job.state} and has no log yet")


@command.command("cancel")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@root_option
@click.option("--all", "with_others", is_flag=True, help="also the jobs that were started with it")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=30.0,
    help="seconds to wait for a safe point  [default 30]",
)
def cancel_command(jobs: tuple[str, ...], root: Path, with_others: bool, wait_s: float) -> None:
    """End jobs at their next safe point; what is there is kept, and `resume` goes on."""
    from tttui.cli.output import result
    from tttui.lab.steering import cancel_all, together

    chosen = [_find(root, job) for job in jobs]
    if with_others:
        chosen = [other for job in chosen for other in together(root, job)]
    before = {job.path: job for job in chosen}
    for job in cancel_all(list(before.values()), wait_s=wait_s):
        was = before[job.path].has_ended
        has = f"was {job.state} already" if was else f"is {job.state}"
        far = f" at {100 * job.progress:.0f} %" if job.progress is not None else ""
        result(f"job {job.short} {has}{far}")
    _start_waiting(root)


@command.command("resume")
@click.argument("job")
@root_option
@click.option(
    "--checkpoint", metavar="C", help="resume from this checkpoint  [default: the newest]"
)
@click.option("--wait", is_flag=True, help="stay until the job has ended")
@json_option
def resume_command(job: str, root: Path, checkpoint: str | None, wait: bool, as_json: bool) -> None:
    """Go on with JOB, which has ended, from a checkpoint; from the beginning where it has none.

    With --checkpoint NAME a training goes on from there even where it is complete: later
    checkpoints are replaced, its results so far are kept as results-N.json, and what comes of it
    is a new version.
    """
    from tttui.cli.jobs import document, report, wait_with_bar
    from tttui.cli.output import json_document, result, say
    from tttui.lab.steering import resume

    job_found = _find(root, job)
    resumed = resume(
        job_found,
        checkpoint=checkpoint,
        replacing=lambda text: say(f"job {job_found.short} {text}"),
    )
    if not wait:
        report(resumed, as_json=as_json)
        return
    resumed = wait_with_bar(resumed, quiet=False)
    if as_json:
        json_document(document(resumed))
    else:
        result(f"job {resumed.short} is {resumed.state}")


@command.command("rm")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@root_option
def remove_command(jobs: tuple[str, ...], root: Path) -> None:
    """Move jobs that have ended to the trash of the root."""
    from tttui.cli.output import result, say
    from tttui.lab.steering import remove

    for one in [_find(root, job) for job in jobs]:
        result(f"job {one.short} lies in {remove(one, root, say)} now")


@command.command("execute", hidden=True)
@click.argument("directory", type=click.Path(path_type=Path))
def execute_command(directory: Path) -> int:
    """Execute the job in DIRECTORY: what launchers start."""
    from tttui.cli.signals import stop_requests
    from tttui.lab.worker import Stop, execute

    with stop_requests() as stop:
        why = "its process was told to end (signal {})"
        return execute(
            directory, lambda: None if stop.signal is None else Stop(why.format(stop.signal))
        )


def _find(root: Path, handle: str) -> "Job":
    from tttui.lab.jobs import find_job

    return find_job(root, handle)


def _start_waiting(root: Path) -> None:
    """Start waiting jobs that have room; errors are ignored, as commands that only look must
    work."""
    from contextlib import suppress

    from tttui.lab.queue import dispatch
    from tttui.model.errors import TttuiError

    with suppress(TttuiError, OSError):
        dispatch(root)


def _summary(job: "Job") -> list[str]:
    from tttui.cli.progress import job_line
    from tttui.model.ages import ago_text

    lines = [
        f"job         {job.handle}",
        f"kind        {job.kind}",
        f"state       {job_line(job)}",
        f"created     {ago_text(job.created_at) or 'unknown'}",
        f"command     {job.command or 'unknown'}",
        f"launcher    {job.launcher}",
        f"directory   {job.path}",
    ]
    return lines if job.error is None else [*lines, f"error       {job.error}"]


def _details(data: "JobData") -> list[str]:
    versions, row = data.request.get("versions"), _last_row(data)
    lines = []
    if row:
        lines.append("metrics     " + "  ".join(f"{k} {_value(v)}" for k, v in row.items()))
    if data.checkpoints:
        lines.append(f"checkpoints {', '.join(data.checkpoints)}")
    if isinstance(versions, Mapping):
        lines.append("versions    " + "  ".join(f"{k} {v}" for k, v in versions.items()))
    if isinstance(commit := data.request.get("git_commit"), str):
        lines.append(f"git commit  {commit}")
    lines += [f"damaged     {problem}" for problem in data.problems]
    return lines


def _last_row(data: "JobData") -> dict[str, float]:
    """The newest values of the metrics, with their step."""
    table = data.metrics
    if table is None or not len(table.t):
        return {}
    row: dict[str, float] = {"step": int(table.t[-1])}
    newest = {name: table.of(name)[1] for name in table.names}
    return row | {name: float(values[-1]) for name, values in newest.items() if len(values)}


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (dict, list)):
        import json

        return json.dumps(value)
    return str(value)

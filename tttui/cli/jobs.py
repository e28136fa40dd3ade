"""Shared parts of commands that start jobs: options, handle, waiting with a bar."""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from tttui.cli.options import SettingOption, json_option
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError

if TYPE_CHECKING:
    from tttui.lab.job import Job
    from tttui.lab.starting import Launcher

_OWN_FLAG = re.compile(r"^--[a-z-]+: ")
"""An option that a message begins with; beside its field a form needs no name."""

UNSAID = ("wait", "as_json", "quiet")
"""Options that say how a command reports, and nothing of the job."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The shared options of commands that start jobs: launcher and output."""

    ctx: click.Context
    launcher: "Launcher"
    wait: bool
    quiet: bool
    as_json: bool

    @property
    def words(self) -> list[str]:
        """The command line as typed."""
        return typed_words(self.ctx)

    def start(self, root: Path, kind: str, settings: Mapping[str, Any]) -> "Job | None":
        """Start a job and print its handle; with `--wait` stay until it has completed.

        Returns the completed job, None where it was not waited for. Raises TttuiError where it
        failed.
        """
        from tttui.lab.starting import start

        job = start(root, kind, settings, command=self.words, launcher=self.launcher)
        if self.wait:
            return wait_with_bar(job, quiet=self.quiet)
        report(job, as_json=self.as_json)
        return None


def job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of all commands that start jobs, given to the command as one `job`.

    `--wait`, `--launcher`, `--partition`, `--time-limit`, `--slurm`, `--quiet`, `--json`.
    """

    @wraps(command)
    def with_job(
        *args: Any,
        wait: bool,
        launcher: str,
        partition: str | None,
        time_limit: int | None,
        slurm: tuple[str, ...],
        quiet: bool,
        as_json: bool,
        **values: Any,
    ) -> Any:
        chosen = launcher_from(launcher, partition, time_limit, slurm)
        ctx = click.get_current_context()
        return command(*args, job=JobOptions(ctx, chosen, wait, quiet, as_json), **values)

    decorated: Callable[..., Any] = with_job
    for option in reversed(
        (
            click.option("--wait", is_flag=True, help="stay until the job has ended"),
            _where(
                "--launcher",
                type=click.Choice(("local", "slurm")),
                default="local",
                help="who executes the job  [default local]",
            ),
            _where("--partition", help="partition of Slurm"),
            _where(
                "--time-limit",
                type=click.IntRange(min=1),
                help="minutes after which Slurm ends the job, which can then be resumed",
            ),
            _where(
                "--slurm",
                "slurm",
                multiple=True,
                metavar="KEY=VALUE",
                help="any other option of sbatch, such as account=lab; may be repeated",
            ),
            click.option("--quiet", is_flag=True, help="no progress"),
            json_option,
        )
    ):
        decorated = option(decorated)
    return decorated


def _where(*names: str, **how: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option of the launcher."""
    return click.option(*names, cls=SettingOption, section="Where it runs", last=True, **how)


def launcher_from(
    launcher: str, partition: str | None, time_limit: int | None, slurm: tuple[str, ...]
) -> "Launcher":
    """The launcher. Raises RefusedInput for options of Slurm without Slurm."""
    from tttui.lab.starting import Launcher

    options: dict[str, Any] = {}
    for text in slurm:
        key, equals, value = text.partition("=")
        if not equals or not key.replace("-", "_").isidentifier():
            raise RefusedInput(f"--slurm {text!r} is not KEY=VALUE, for example account=lab")
        options.setdefault("more", {})[key.replace("-", "_")] = value
    if partition is not None:
        options["partition"] = partition
    if time_limit is not None:
        options["time_limit"] = time_limit
    if options and launcher != "slurm":
        raise RefusedInput("--partition, --time-limit and --slurm need --launcher slurm")
    return Launcher(launcher, options)


def wrong(values: Mapping[str, Any], **checks: Callable[[], object]) -> Mapping[str, str]:
    """`refusals` of a command with `job_options`, including those of the shared options."""
    launcher, *slurm = (values[k] for k in ("launcher", "partition", "time_limit", "slurm"))
    return refusals(**checks, launcher=lambda: launcher_from(launcher, *slurm))


def refusals(**checks: Callable[[], object]) -> Mapping[str, str]:
    """Problems of options for a form, by name: the messages of the checks that raise."""
    problems = {}
    for name, check in checks.items():
        try:
            check()
        except TttuiError as error:
            problems[name] = _OWN_FLAG.sub("", str(error))
    return problems


def typed_words(ctx: click.Context) -> list[str]:
    """The command line as typed, without output options."""
    words = ctx.command_path.split()
    for param in ctx.command.get_params(ctx):
        name = param.name or ""
        if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name in UNSAID:
            continue
        value = ctx.params.get(name)
        if isinstance(param, click.Option):
            flag = param.opts[-1]
            if param.is_flag:
                words.append(flag if value else (param.secondary_opts or [flag])[-1])
            elif value is not None:
                values = value if param.multiple and isinstance(value, (list, tuple)) else [value]
                for one in values:
                    words += [flag, str(one)]
        else:
            words += map(str, value if isinstance(value, tuple) else [value])
    return words


def report(job: "Job", *, as_json: bool) -> None:
    """Print the handle of a job that was just started, and how to follow it."""
    from tttui.cli.output import json_document, result, say
    from tttui.lab.job import job_command

    if as_json:
        json_document({"job": job.handle, "state": job.state, "path": str(job.path)})
        return
    result(job.handle)
    say(f"{job.kind} is {job.state}; follow it with: {job_command(job, 'watch')}")


def wait_with_bar(job: "Job", *, quiet: bool) -> "Job":
    """Wait until a job has ended; ctrl+c does not stop it. Raises TttuiError if it failed."""
    from tttui.cli.output import say
    from tttui.cli.progress import job_bar
    from tttui.lab.job import job_command
    from tttui.lab.steering import wait_for

    try:
        with job_bar(f"{job.kind} {job.short}", quiet=quiet) as seen:
            job = wait_for(job, seen)
    except KeyboardInterrupt:
        say(f"the job goes on; `{job_command(job, 'cancel')}` ends it")
        raise
    if job.state == "completed":
        return job
    again = "" if job.fails_again else f"; `{job_command(job, 'resume')}` goes on"
    raise TttuiError(f"job {job.short} {job.detail}{again}")


def document(job: "Job") -> Mapping[str, Any]:
    """A job for `--json`."""
    return {
        "job": job.handle,
        "kind": job.kind,
        "state": job.state,
        "detail": job.detail,
        "progress": job.progress,
        "doing": job.doing,
        "seconds_left": job.seconds_left,
        "command": job.command,
        "created_at_unix": job.created_at,
        "started_at_unix": job.started_at,
        "ended_at_unix": job.ended_at,
        "error": job.error,
        "launcher": job.launcher,
        "path": str(job.path),
        "problems": list(job.problems),
    }

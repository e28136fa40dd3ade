"""`tttui model test`: a version against another one, or the base, on held-out streams."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.contenders import StreamOptions, announce, skill_entries, stream_options
from tttui.cli.jobs import JobOptions, job_options, wrong
from tttui.cli.options import SectionedCommand, root_option
from tttui.model.errors import RefusedInput

if TYPE_CHECKING:
    from tttui.lab.evaluation.contest import ContestEntry


@click.command("test", cls=SectionedCommand)
@click.argument("version")
@root_option
@click.option(
    "--baseline",
    metavar="V",
    default="base",
    help="what it is tested against: base, or a version such as SKILL@v1  [default base]",
)
@click.option(
    "--streams",
    type=int,
    help="held-out streams, fixed before the first is computed  [default 32, of documents 12]",
)
@click.option("--task", "called", help="the task of VERSION, where it does not ship with tttui")
@stream_options
@job_options
def command(
    version: str,
    root: Path,
    baseline: str,
    streams: int | None,
    called: str | None,
    options: StreamOptions,
    job: JobOptions,
) -> None:
    """Test VERSION (such as SKILL@v2) against a baseline on the same held-out streams, as a job.

    The verdict, with its 95 % confidence interval, is kept beside the version: deploying reads it.
    """
    from tttui.cli.output import json_document, result
    from tttui.lab.jobs import results
    from tttui.lab.kinds.abtest import settings_of

    task, tested, against = _both(root, version, baseline, called)
    contest, settings = settings_of(
        task,
        tested.name,
        against.name,
        shared=options.shared(task),
        words=job.words,
        **options.chosen(task, streams),
    )
    announce(contest.streams_text(contest.check(root)))
    completed = job.start(root, "abtest", settings)
    if completed is None:
        return
    outcome = results(completed)
    if job.as_json:
        json_document(outcome)
    else:
        result(outcome["verdict"])


def _both(
    root: Path, version: str, baseline: str, called: str | None
) -> tuple[str, "ContestEntry", "ContestEntry"]:
    """The task, the tested version and the baseline. Raises RefusedInput."""
    task, (tested, against) = skill_entries(root, [version, baseline], called)
    if version == "base" or tested.name == against.name:
        raise RefusedInput(f"{tested.name} against {against.name}: name a version and another one")
    return task, tested, against


@command.checks
def _check(values: Mapping[str, Any]) -> Mapping[str, str]:
    from tttui.lab.registry import resolve

    root, version, baseline, called = (
        values[name] for name in ("root", "version", "baseline", "called")
    )
    problems = wrong(values, version=lambda: version == "base" or resolve(root, version))
    if "version" in problems:
        return problems
    return {**problems, **wrong(values, baseline=lambda: _both(root, version, baseline, called))}

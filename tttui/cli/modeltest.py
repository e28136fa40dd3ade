"""`tttui model test`: a version against another one, or the base, on held-out streams."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.contenders import (
    absolute_data,
    default_streams,
    shared_settings,
    skill_entries,
    stream_options,
    told,
)
from tttui.cli.jobs import (
    launcher_from,
    launcher_options,
    report,
    typed_words,
    wait_with_bar,
    wrong,
)
from tttui.cli.options import SectionedCommand, json_option, root_option
from tttui.model.errors import RefusedInput

if TYPE_CHECKING:
    from tttui.lab.evaluation.contest import Entry


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
@launcher_options
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    version: str,
    root: Path,
    baseline: str,
    streams: int | None,
    called: str | None,
    steps: int | None,
    seed: int,
    data: Path | None,
    by: str,
    assigned: tuple[str, ...],
    wait: bool,
    launcher: str,
    partition: str | None,
    time_limit: int | None,
    slurm: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Test VERSION (such as SKILL@v2) against a baseline on the same held-out streams, as a job.

    The verdict, with its 95 % confidence interval, is kept beside the version: deploying reads it.
    """
    chosen = launcher_from(launcher, partition, time_limit, slurm)

    from tttui.lab.jobs import results
    from tttui.lab.kinds.abtest import settings_of
    from tttui.lab.starting import start

    task, tested, against = _both(root, version, baseline, called)
    words = typed_words(ctx)
    contest, settings = settings_of(
        task,
        tested.name,
        against.name,
        shared=shared_settings(task, assigned, steps),
        streams=streams if streams is not None else default_streams(task),
        seed=seed,
        data=str(absolute_data(data)) if data is not None else "",
        by="last" if by == "last" else "whole",
        words=words,
    )
    told(contest.said(contest.check(root)))
    job = start(root, "abtest", settings, command=words, launcher=chosen)
    if not wait:
        report(job, as_json=as_json)
        return
    job = wait_with_bar(job, quiet=quiet)
    found = results(job)
    from tttui.cli.output import json_document, result

    if as_json:
        json_document(found)
    else:
        result(found["verdict"])


def _both(
    root: Path, version: str, baseline: str, called: str | None
) -> tuple[str, "Entry", "Entry"]:
    """The task, what is tested and against what. Raises RefusedInput."""
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
    found = wrong(values, version=lambda: version == "base" or resolve(root, version))
    if "version" in found:
        return found
    return {**found, **wrong(values, baseline=lambda: _both(root, version, baseline, called))}

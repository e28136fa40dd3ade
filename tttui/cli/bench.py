"""`tttui bench`: contenders on the same held-out streams, and earlier results."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from tttui.cli.contenders import (
    StreamOptions,
    announce,
    entries_in,
    names_in,
    preset_entries,
    prompt_settings,
    refuse_stream_options,
    skill_entries,
    stream_options,
)
from tttui.cli.jobs import JobOptions, job_options, wrong
from tttui.cli.options import SectionedCommand, json_option, root_option
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import PRESETS
from tttui.model.schema import POINT_MASS


@click.group("bench", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Benchmarks: the same held-out streams for all contenders, ranked by significant
    differences."""
    if ctx.invoked_subcommand is None:
        from tttui.cli.output import result

        result(*ctx.get_help().splitlines())


@click.command("run", cls=SectionedCommand)
@root_option
@click.option("--skills", metavar="A,B", help="versions of skills, or base: A@v2,A@v1,base")
@click.option(
    "--providers",
    metavar="X,Y",
    help="engines of this machine, by speed, or endpoints, which are asked the same prompts",
)
@click.option(
    "--presets",
    metavar="P,Q",
    help=f"named sets of settings of the point mass: {', '.join(PRESETS)}",
)
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path),
    help="TOML file with a table of settings for each contender",
)
@click.option(
    "--task",
    "called",
    help="the task of --settings, engines, and of skills whose task does not ship",
)
@click.option(
    "--prompts",
    type=click.Path(path_type=Path),
    help="prompts for endpoints: a text file with empty lines between the prompts",
)
@click.option(
    "--seeds",
    type=int,
    help="held-out streams (or prompts), fixed before the first is computed  [default 32, of "
    "documents 12]",
)
@stream_options
@job_options
@click.pass_context
def run(
    ctx: click.Context,
    /,
    root: Path,
    skills: str | None,
    providers: str | None,
    presets: str | None,
    file: Path | None,
    called: str | None,
    prompts: Path | None,
    seeds: int | None,
    options: StreamOptions,
    job: JobOptions,
) -> None:
    """Let contenders learn on the same held-out streams and rank them, as a job.

    A difference counts where its confidence interval excludes zero; the intervals of all pairs
    hold together with 95 %. Steps a second are measured in turn, of one session alone.
    """
    _only_one(ctx.params)
    from tttui.lab.evaluation.contest import Contest, ContestEntry

    endpoint_settings = (
        prompt_settings(names_in(providers, "--providers"), prompts, seeds) if providers else {}
    )
    if endpoint_settings:
        refuse_stream_options(ctx)
        _start(root, job, endpoint_settings)
        return
    if prompts is not None:
        raise RefusedInput("--prompts: are for endpoints; name some by --providers")
    if skills:
        task_name, entries = skill_entries(root, names_in(skills, "--skills"), called)
        shared: dict[str, Any] = {}
    elif providers:
        task_name, shared = called or POINT_MASS, {}
        entries = [ContestEntry(name, engine=name) for name in names_in(providers, "--providers")]
    elif presets and called not in (None, POINT_MASS):
        raise RefusedInput(f"--task {called}: presets are of the point mass; leave it out")
    elif presets:
        task_name, entries, shared = POINT_MASS, preset_entries(names_in(presets, "--presets")), {}
    else:
        assert file is not None
        task_name, entries, shared = entries_in(file, called)
    shared |= options.shared(task_name)
    contest = Contest(task_name, tuple(entries), shared, **options.chosen(task_name, seeds))
    announce(contest.streams_text(contest.check(root)))
    _start(root, job, contest.settings())


def _only_one(values: Mapping[str, Any]) -> None:
    """Raise RefusedInput unless the contenders are named in one way."""
    flags = {"skills": "--skills", "providers": "--providers", "presets": "--presets"}
    flags["file"] = "--settings"
    named = [flag for name, flag in flags.items() if values[name]]
    if len(named) != 1:
        complaint = f"{' and '.join(named)}: name one" if named else "name the contenders"
        raise RefusedInput(f"{complaint}, by --skills, --providers, --presets or --settings")


command.add_command(run)


@run.checks
def _check_run(values: Mapping[str, Any]) -> Mapping[str, str]:
    checks: dict[str, Callable[[], object]] = {"skills": lambda: _only_one(values)}
    sources = [name for name in ("skills", "providers", "presets", "file") if values[name]]
    if len(sources) == 1:
        (source,), called, named = sources, values["called"], values[sources[0]]
        checks = {
            "skills": lambda: skill_entries(values["root"], names_in(named, "--skills"), called),
            "providers": lambda: prompt_settings(
                names_in(named, "--providers"), values["prompts"], values["seeds"]
            ),
            "presets": lambda: preset_entries(names_in(named, "--presets")),
            "file": lambda: entries_in(named, called),
        }
        checks = {source: checks[source]}
    return wrong(values, **checks)


def _start(root: Path, job: JobOptions, settings: Mapping[str, Any]) -> None:
    completed = job.start(root, "benchmark", settings)
    if completed is not None:
        _show(root, completed.handle, as_json=job.as_json)


@command.command("show")
@click.argument("job")
@root_option
@json_option
def show(job: str, root: Path, as_json: bool) -> None:
    """Print the ranking of benchmark JOB, or the verdict of a test, with their intervals."""
    _show(root, job, as_json=as_json)


@command.command("history")
@root_option
@click.option("--skill", metavar="NAME", help="only versions of this skill")
@click.option("--provider", metavar="NAME", help="only this provider")
@click.option("--last", metavar="AGE", help="only results not older than this: 2h, 30d, 4w")
@json_option
def history(
    root: Path, skill: str | None, provider: str | None, last: str | None, as_json: bool
) -> None:
    """Print earlier results, the newest last, each beside the one before it on the same streams.

    A change is named where a 99 % interval excludes none, and speed where it is 1.5 times slower
    on the same machine, unless that was busy with other things.
    """
    import time

    from tttui.cli.output import json_document, result, say, table
    from tttui.cli.ranking import history_document, history_row
    from tttui.lab.evaluation.history import read, steps
    from tttui.lab.logs import age_of

    if skill is not None and provider is not None:
        raise click.UsageError("--skill and --provider: name one of them")
    after = time.time() - age_of(last, "--last") if last is not None else 0.0
    rows = [
        step
        for step in steps(read(root))
        if step.result.time >= after
        and (skill is None or step.result.version.partition("@")[0] == skill)
        and (provider is None or step.result.provider == provider)
    ]
    if as_json:
        json_document([history_document(step) for step in rows])
    elif not rows:
        which = " such" if skill or provider or last else ""
        say(f"no{which} results below {root}; `tttui bench run` makes some")
    else:
        headers = ("when", "contender", "task", "loss", "than before", "steps/s", "code", "torch")
        result(*table(headers, [history_row(step) for step in rows], right={3, 5}))
        flagged = [step for step in rows if {"worse", "slower", "failing"} & {*step.flags}]
        for step in flagged:
            say(f"regression: {step.result.contender} ({step.result.task}) is {step.text}")


def _show(root: Path, handle: str, *, as_json: bool) -> None:
    from tttui.cli.output import json_document, result, say
    from tttui.cli.ranking import ranking_lines
    from tttui.lab.job import RESULTS
    from tttui.lab.jobs import find_job, results

    job = find_job(root, handle)
    if job.kind not in ("benchmark", "abtest"):
        raise RefusedInput(
            f"job {job.short} is of the kind {job.kind}; `tttui job results {job.short}` prints "
            "what came of it"
        )
    content = results(job) if (job.path / RESULTS).is_file() else {"complete": False}
    if as_json:
        json_document(content)
    elif not content.get("complete"):
        parts = (
            f"{content.get('parts', 0)} of {content.get('parts_in_all', 'all')} parts are computed"
        )
        say(f"job {job.short} is {job.state}: {parts}; no interval before all are")
    else:
        result(*ranking_lines(content))

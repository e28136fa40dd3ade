"""`tttui bench`: contenders on the same held-out streams, and what earlier results were."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.jobs import launcher_from, launcher_options, report, typed_words, wait_with_bar
from tttui.cli.options import (
    SectionedCommand,
    assignments,
    did_you_mean,
    json_option,
    read_toml,
    root_option,
    set_option,
)
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.schema import POINT_MASS

if TYPE_CHECKING:
    from tttui.lab.evaluation.contest import Entry
    from tttui.lab.evaluation.history import Step
    from tttui.tasks.base import AnyTask

STREAMS, DOCUMENTS = 32, 12
"""Held-out streams where nothing else is said: worlds, and documents, which take longer."""


@click.group("bench", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Benchmarks: the same held-out streams for all contenders, ranked by what is not chance."""
    if ctx.invoked_subcommand is None:
        from tttui.cli.output import result

        result(*ctx.get_help().splitlines())


def stream_options(function: Any) -> Any:
    """What contests are held on: `--steps`, `--seed`, `--data`, `--by`, `--set`."""
    for option in reversed(
        (
            click.option(
                "--steps",
                type=click.IntRange(min=1),
                help="steps of each stream  [default 600, of a document 128]",
            ),
            click.option(
                "--seed",
                type=click.IntRange(min=0),
                default=0,
                help="chooses the streams; the same seed, the same streams  [default 0]",
            ),
            click.option(
                "--data",
                type=click.Path(path_type=Path),
                help="documents that nobody learned from: a file or a directory; without it "
                "sources of Python's standard library",
            ),
            click.option(
                "--by",
                type=click.Choice(("whole", "last")),
                default="whole",
                help="the loss that decides: of the whole stream or of its last 100 steps  "
                "[default whole]",
            ),
            set_option("a setting that all contenders have, such as noise_std=0.01"),
        )
    ):
        function = option(function)
    return function


@command.command("run", cls=SectionedCommand)
@root_option
@click.option("--skills", metavar="A,B", help="versions of skills, or base: A@v2,A@v1,base")
@click.option("--presets", metavar="P,Q", help="named sets of settings of the point mass")
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path),
    help="TOML file with a table of settings for each contender",
)
@click.option("--task", "called", help="the task of --settings  [default pointmass]")
@click.option(
    "--seeds",
    type=int,
    help="held-out streams, fixed before the first is computed  [default 32, of documents 12]",
)
@stream_options
@launcher_options
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
@click.pass_context
def run(
    ctx: click.Context,
    /,
    root: Path,
    skills: str | None,
    presets: str | None,
    file: Path | None,
    called: str | None,
    seeds: int | None,
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
    """Let contenders learn on the same held-out streams and rank them, as a job.

    A difference counts where its confidence interval excludes zero; the intervals of all pairs
    hold together with 95 %. Steps a second are measured in turn, of one session alone.
    """
    given = [name for name, value in _sources(skills, presets, file).items() if value]
    if len(given) != 1:
        said = f"{' and '.join(given)}: name one" if given else "name the contenders"
        raise click.UsageError(f"{said}, by --skills, --presets or --settings")
    chosen = launcher_from(launcher, partition, time_limit, slurm)

    from tttui.lab.evaluation.contest import Contest
    from tttui.lab.starting import start

    if skills:
        task_name, entries = skill_entries(root, names_in(skills, "--skills"), called)
        shared: dict[str, Any] = {}
    elif presets:
        task_name, entries, shared = POINT_MASS, _presets(names_in(presets, "--presets")), {}
    else:
        assert file is not None
        task_name, entries, shared = _in_file(file, called)
    shared |= shared_settings(task_name, assigned, steps)
    contest = Contest(
        task_name,
        tuple(entries),
        shared,
        seeds if seeds is not None else default_streams(task_name),
        seed,
        str(absolute_data(data)) if data is not None else "",
        "last" if by == "last" else "whole",
    )
    told(contest.said(contest.check(root)))
    job = start(root, "benchmark", contest.settings(), command=typed_words(ctx), launcher=chosen)
    if not wait:
        report(job, as_json=as_json)
        return
    wait_with_bar(job, quiet=quiet)
    _show(root, job.handle, as_json=as_json)


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
    on the same machine.
    """
    import time

    from tttui.cli.output import json_document, result, say, table
    from tttui.lab.evaluation.history import read, steps
    from tttui.lab.logs import age_of

    if skill is not None and provider is not None:
        raise click.UsageError("--skill and --provider: name one of them")
    after = time.time() - age_of(last, "--last") if last is not None else 0.0
    found = [
        step
        for step in steps(read(root))
        if step.result.time >= after
        and (skill is None or step.result.version.partition("@")[0] == skill)
        and (provider is None or step.result.provider == provider)
    ]
    if as_json:
        json_document([_of_history(step) for step in found])
    elif not found:
        which = " such" if skill or provider or last else ""
        say(f"no{which} results below {root}; `tttui bench run` makes some")
    else:
        headers = ("when", "contender", "task", "loss", "than before", "steps/s", "code", "torch")
        result(*table(headers, [_history_row(step) for step in found], right={3, 5}))
        flagged = [step for step in found if {"worse", "slower", "failing"} & {*step.flags}]
        for step in flagged:
            say(f"regression: {step.result.contender} ({step.result.task}) is {step.text}")


# -- what `model test` has as well ----------------------------------------------------------------


def names_in(text: str, flag: str) -> list[str]:
    """Names with commas between. Raises RefusedInput where one is empty."""
    names = [part.strip() for part in text.split(",")]
    if not all(names):
        raise RefusedInput(f"{flag} {text!r}: has an empty name; write it as A,B")
    return names


def skill_entries(
    root: Path, names: Sequence[str], called: str | None = None
) -> tuple[str, list["Entry"]]:
    """The task of versions and the contenders that start with them; `base` learns as the first
    of them does. Raises RefusedInput."""
    from tttui.lab.evaluation.contest import BASE, Entry
    from tttui.lab.registry import resolve

    versions = {name: resolve(root, name) for name in names if name != BASE}
    if not versions:
        raise RefusedInput("--skills: name at least one version of a skill beside the base")
    first = next(iter(versions.values()))
    task = called or first.task
    for version in versions.values():
        if version.task != task:
            raise RefusedInput(
                f"{version.name} is of the task {version.task}, not of {task}: losses of different "
                "tasks cannot be compared"
            )
    return task, [
        Entry(BASE, as_version=first.name)
        if name == BASE
        else Entry(versions[name].name, version=versions[name].name)
        for name in names
    ]


def shared_settings(task_name: str, assigned: Sequence[str], steps: int | None) -> dict[str, Any]:
    """What all contenders have. Raises RefusedInput naming the option."""
    from tttui.tasks.find import find_task

    known = dict(find_task(task_name).session_settings())
    for name in ("seed", "steps", "file"):
        known.pop(name, None)
    found = assignments(assigned, known)
    return found if steps is None else {**found, "steps": steps}


def default_streams(task_name: str) -> int:
    from tttui.lab.evaluation.streams import reads_documents
    from tttui.tasks.find import find_task

    return DOCUMENTS if reads_documents(find_task(task_name)) else STREAMS


def absolute_data(data: Path) -> Path:
    from tttui.model.here import absolute

    return absolute(data)


def told(what: str) -> None:
    """Say on which streams."""
    from tttui.cli.output import say

    say(f"on {what}")


# -- contenders -----------------------------------------------------------------------------------


def _sources(skills: str | None, presets: str | None, file: Path | None) -> dict[str, object]:
    return {"--skills": skills, "--presets": presets, "--settings": file}


def _presets(names: Sequence[str]) -> list["Entry"]:
    from tttui.lab.evaluation.contest import Entry
    from tttui.model.settings import PRESETS

    for name in names:
        if name not in PRESETS:
            hint = did_you_mean(name, [*PRESETS]) or f"; choose from {', '.join(PRESETS)}"
            raise RefusedInput(f"--presets: there is no preset {name!r}{hint}")
    return [Entry(name, {"preset": name}) for name in names]


def _in_file(path: Path, called: str | None) -> tuple[str, list["Entry"], dict[str, Any]]:
    """Task, contenders and shared settings of a TOML file: a table for each contender, and above
    the tables `task` and what all have. Raises RefusedInput naming the file and the key."""
    from tttui.lab.evaluation.contest import Entry
    from tttui.tasks.find import find_task

    content = read_toml(path)
    said = content.pop("task", None)
    task_name = called or said or POINT_MASS
    if not isinstance(task_name, str):
        raise RefusedInput(f"{path}: task: write the name of a task")
    task = find_task(task_name)
    tables = {name: value for name, value in content.items() if isinstance(value, dict)}
    shared = _settings(task, {k: v for k, v in content.items() if k not in tables}, str(path))
    if len(tables) < 2:
        raise RefusedInput(
            f"{path}: has {len(tables)} tables; write one for each of two or more contenders, "
            "such as [slow] and below it lr = 0.01"
        )
    entries = [
        Entry(name, _settings(task, table, f"{path}: [{name}]")) for name, table in tables.items()
    ]
    return task_name, entries, shared


def _settings(task: "type[AnyTask]", table: Mapping[str, Any], where: str) -> dict[str, Any]:
    known = {k: v for k, v in task.all_settings().items() if k in task.session_settings()}
    known |= {k: v for k, v in task.all_settings().items() if k in ("preset", "base")}
    found = {}
    for name, value in table.items():
        if name not in known:
            raise RefusedInput(f"{where}: unknown setting {name!r}{did_you_mean(name, [*known])}")
        if name == "seed":
            raise RefusedInput(f"{where}: seed: belongs to the streams; --seed chooses them")
        try:
            found[name] = known[name].adapted(value)
            known[name].check(found[name])
        except SettingError as error:
            raise RefusedInput(f"{where}: {error}") from error
    return found


# -- what came of it ------------------------------------------------------------------------------


def _show(root: Path, handle: str, *, as_json: bool) -> None:
    from tttui.cli.output import json_document, result, say
    from tttui.lab.job import RESULTS
    from tttui.lab.jobs import find_job, results

    job = find_job(root, handle)
    if job.kind not in ("benchmark", "abtest"):
        raise RefusedInput(
            f"job {job.short} is of the kind {job.kind}; `tttui job results {job.short}` prints "
            "what came of it"
        )
    found = results(job) if (job.path / RESULTS).is_file() else {"complete": False}
    if as_json:
        json_document(found)
    elif not found.get("complete"):
        parts = f"{found.get('parts', 0)} of {found.get('parts_in_all', 'all')} parts are computed"
        say(f"job {job.short} is {job.state}: {parts}; no interval before all are")
    else:
        result(*ranking_lines(found))


def ranking_lines(found: Mapping[str, Any]) -> list[str]:
    """The ranking and all comparisons, as lines of text."""
    from tttui.cli.output import number, table

    unit = f" in {found['unit']}" if found["unit"] else ""
    decides = "whole stream" if found["by"] == "whole" else "last 100 steps"
    rows = [
        (
            str(one["rank"]),
            one["name"],
            _loss(one["whole"]),
            _loss(one["last"]),
            _loss(one["worst_tenth"]),
            str(one["wins"]),
            one["improvement"]["text"],
            number(found["speeds"][one["name"]]["steps_per_s"], 3),
            number(found["speeds"][one["name"]]["latency_ms"], 3),
        )
        for one in found["contenders"]
    ]
    losses = ("whole", "last 100", "worst 10th")
    headers = ("rank", "contender", *losses, "wins", "than frozen", "steps/s", "ms/update")
    together = "" if found["comparisons"] == 1 else " that hold together"
    return [
        f"{found['loss']}{unit}, medians over {found['streams_are']};",
        f"ranked by the {decides}",
        *table(headers, rows, right={0, 2, 3, 4, 5, 7, 8}),
        "",
        f"95 % confidence intervals{together}:",
        *(f"  {pair['verdict']}" for pair in found["pairs"]),
        "",
        found["verdict"],
        "speeds depend on what else the machine did; they were measured in turn",
    ]


def _loss(value: float | None) -> str:
    from tttui.cli.output import number

    return "diverged" if value is None else number(value)


def _history_row(step: "Step") -> tuple[str, ...]:
    import time

    from tttui.cli.output import number

    one = step.result
    return (
        time.strftime("%Y-%m-%d %H:%M", time.localtime(one.time)),
        one.contender[:30],
        one.task,
        _loss(one.figures["whole" if one.by == "whole" else "last"]),
        step.text or "-",
        number(one.figures["steps_per_s"], 3),
        one.code,
        one.torch.partition("+")[0] or "-",
    )


def _of_history(step: "Step") -> dict[str, Any]:
    one = step.result
    return {
        **{k: v for k, v in one.raw.items() if k != "checksum"},
        "than_before": step.text,
        "flags": list(step.flags),
        "before": None if step.before is None else step.before.job,
    }

"""`tttui provider`: engines and endpoints, their capabilities and speed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.jobs import JobOptions, job_options, typed_words, wait_with_bar, wrong
from tttui.cli.options import SectionedCommand, json_option, root_option
from tttui.model.errors import RefusedInput
from tttui.model.schema import POINT_MASS

if TYPE_CHECKING:
    from tttui.lab.providers.results import Matrix

LIMIT_S = 20.0

limit_option = click.option(
    "--limit",
    "limit_s",
    type=click.FloatRange(min=0.1, max=3600),
    default=LIMIT_S,
    metavar="S",
    help=f"seconds that a probe may take  [default {LIMIT_S:g}]",
)

max_age_option = click.option(
    "--max-age",
    metavar="AGE",
    default="7d",
    help="results older than this count as missing: 30min, 2h, 1d  [default 7d]",
)


@click.group("provider", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Providers: the engines of this machine, and endpoints for language models.

    Engines (numpy, torch-cpu, cuda:0 ...) are found by themselves; endpoints stand in
    ~/.config/tttui/providers.toml, without their keys.
    """
    if ctx.invoked_subcommand is None:
        from tttui.cli.output import result

        result(*ctx.get_help().splitlines())


@command.command("list")
@root_option
@json_option
def list_command(root: Path, as_json: bool) -> None:
    """List the providers, and whether they are healthy as far as they were tested."""
    from tttui.cli.output import elided, json_document, result, say, table, terminal_width
    from tttui.lab.providers.words import health_text

    matrix = _matrix(root)
    rows = [
        (name, one.kind, one.detail, health_text(matrix, name))
        for name, one in matrix.providers.items()
    ]
    if as_json:
        keys = ("name", "kind", "detail", "health")
        json_document([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        width = terminal_width()
        lines = table(("provider", "kind", "what it is", "health"), rows, right=set())
        result(*(line if width is None else elided(line, width) for line in lines))
    if matrix.problem:
        say(f"no endpoints: {matrix.problem}")


@command.command("add")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(("openai", "anthropic")),
    default="openai",
    help="its API; openai is for every compatible server  [default openai]",
)
@click.option("--base-url", default="", help="where it is  [default: the service of that kind]")
@click.option("--model", default="", help="the model to ask  [default: the first that it has]")
@click.option("--embedding-model", default="", help="the model for embeddings, where another")
@click.option("--key-env", default="", help="NAME of the environment variable with its key")
@click.option("--price-in", type=float, help="dollars for a million tokens that it reads")
@click.option("--price-out", type=float, help="dollars for a million tokens that it writes")
@click.option("--replace", is_flag=True, help="replace an endpoint of the same name")
def add_command(name: str, replace: bool, **values: Any) -> None:
    """Add an endpoint to providers.toml under NAME.

    Its key stays in an environment variable, of which only the name is written down.
    """
    from tttui.cli.output import result, say
    from tttui.lab.providers.configuration import Definition, add_definition

    path = _path()
    add_definition(path, Definition(name, **values), replace=replace)
    result(f"{name} is in {path}")
    say(f"try it: tttui provider test {name} --wait")


@command.command("remove")
@click.argument("name")
def remove_command(name: str) -> None:
    """Remove the endpoint NAME from providers.toml; what was measured of it stays."""
    from tttui.cli.output import result
    from tttui.lab.providers.configuration import remove_definition

    path = _path()
    remove_definition(path, name)
    result(f"{name} is no longer in {path}")


@click.command("test", cls=SectionedCommand)
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "everything", is_flag=True, help="all providers")
@click.option("--capability", "capabilities", multiple=True, help="only this; may be repeated")
@limit_option
@click.option("--repeat", type=click.IntRange(1, 10_000), help="repetitions of each probe")
@root_option
@job_options
def test_command(
    names: tuple[str, ...],
    everything: bool,
    capabilities: tuple[str, ...],
    limit_s: float,
    repeat: int | None,
    root: Path,
    job: JobOptions,
) -> int:
    """Find out what providers can do and how fast, by real work; prints the handle of the job.

    An endpoint is asked about 25 times for a few tokens, which may cost something. With --wait
    it ends with 1 where a provider is not healthy.
    """
    if not names and not everything:
        raise click.UsageError("name providers, or add --all")
    matrix = _matrix(root)
    if matrix.problem and everything:
        raise RefusedInput(matrix.problem)
    named = _named(names) if names else list(matrix.providers)
    parts = _parts(matrix, named, capabilities)

    from tttui.cli.matrixprint import print_results
    from tttui.lab.kinds.provider_test import settings_of

    completed = job.start(root, "provider_test", settings_of(parts, limit_s, repeat))
    if completed is None:
        return 0
    matrix = _matrix(root)
    print_results(completed, matrix, named, as_json=job.as_json)
    return 1 if any(matrix.health(name)[0] is False for name in named) else 0


command.add_command(test_command)


@test_command.checks
def _check_test(values: Mapping[str, Any]) -> Mapping[str, str]:
    if not values["names"] and not values["everything"]:
        return {"names": "name providers, or add --all"}
    if problems := wrong(values, names=lambda: _named(values["names"])):
        return problems
    matrix, capabilities = _matrix(values["root"]), values["capabilities"]
    named = _named(values["names"]) or list(matrix.providers)
    return wrong(values, capabilities=lambda: _parts(matrix, named, capabilities))


def _parts(matrix: "Matrix", named: Sequence[str], capabilities: Sequence[str]) -> list[str]:
    """The parts of a test, as `provider/capability`. Raises RefusedInput if there is none."""
    parts = [
        f"{name}/{capability}"
        for name in named
        for capability in matrix.providers[name].capabilities
        if not capabilities or capability in capabilities
    ]
    if not parts or (unknown := set(capabilities) - set(matrix.capabilities)):
        names = ", ".join(sorted(unknown) if parts else capabilities)
        raise RefusedInput(f"--capability {names}: there are {', '.join(matrix.capabilities)}")
    return parts


@command.command("matrix")
@click.option("--refresh", is_flag=True, help="first test missing or old results")
@max_age_option
@limit_option
@root_option
@json_option
@click.pass_context
def matrix_command(
    ctx: click.Context,
    /,
    refresh: bool,
    max_age: str,
    limit_s: float,
    root: Path,
    as_json: bool,
) -> None:
    """Show providers by capabilities: a tick with the median latency, a cross, a question mark.

    A ! marks what became 1.5 times slower than before, or fails now.
    """
    from tttui.cli.matrixprint import matrix_document, matrix_table
    from tttui.cli.output import json_document, result, say
    from tttui.lab.logs import age_of

    age_s = age_of(max_age, "--max-age")
    matrix = _matrix(root)
    if refresh:
        from tttui.lab.kinds.provider_test import settings_of
        from tttui.lab.providers.results import parts_to_test
        from tttui.lab.starting import start

        parts = parts_to_test(matrix, list(matrix.providers), age_s)
        if parts:
            settings = settings_of(parts, limit_s, None)
            job = start(root, "provider_test", settings, command=typed_words(ctx))
            wait_with_bar(job, quiet=as_json)
            matrix = _matrix(root)
    if as_json:
        json_document(matrix_document(matrix, age_s))
    else:
        result(*matrix_table(matrix, age_s))
    if matrix.problem:
        say(f"no endpoints: {matrix.problem}")


@command.command("find")
@click.option("--capability", required=True, help="what it has to be able to do")
@click.option("--max-p95", metavar="TIME", help="at most this latency in 95 of 100: 100ms, 2s")
@click.option("--min-throughput", type=float, metavar="X", help="at least so many units a second")
@max_age_option
@root_option
@json_option
def find_command(
    capability: str,
    max_p95: str | None,
    min_throughput: float | None,
    max_age: str,
    root: Path,
    as_json: bool,
) -> int:
    """List the providers that can do something fast enough, the best first; 1 where none can."""
    from tttui.cli.matrixprint import cell_document
    from tttui.cli.output import json_document, result, say, table
    from tttui.lab.logs import age_of
    from tttui.lab.providers.results import qualifying
    from tttui.lab.providers.words import latency_of, latency_text, throughput_text
    from tttui.model.ages import age_text

    matrix = _matrix(root)
    if capability not in matrix.capabilities:
        known = ", ".join(matrix.capabilities)
        raise RefusedInput(f"--capability {capability}: is unknown; choose from {known}")
    age_s = age_of(max_age, "--max-age")
    cells = [c for (_, name), c in matrix.cells.items() if name == capability]
    qualified = qualifying(
        cells,
        max_p95_s=None if max_p95 is None else latency_of(max_p95),
        min_throughput=min_throughput,
        max_age_s=age_s,
    )
    if as_json:
        json_document([cell_document(cell, age_s) for cell in qualified])
    elif qualified:
        rows = [
            (
                cell.provider,
                latency_text(m.median_s),
                latency_text(m.p95_s),
                throughput_text(m.throughput, m.unit),
                f"{100 * m.error_rate:.0f} %",
                age_text(m.time),
                m.what,
            )
            for cell in qualified
            if (m := cell.newest) is not None
        ]
        headers = ("provider", "median", "p95", "throughput", "errors", "age", "one repetition")
        result(*table(headers, rows, right={1, 2, 3, 4, 5}))
    if qualified:
        return 0
    missing = [cell.provider for cell in cells if cell.expired(age_s)]
    hint = f"; not tested lately: {', '.join(missing)} (`tttui provider test NAME`)"
    say(f"no provider qualifies for {capability}{hint if missing else ''}")
    return 1


@command.command("validate-training")
@click.argument("name")
@click.option("--task", "called", default=POINT_MASS, help=f"what to train  [default {POINT_MASS}]")
@click.option("--set", "values", multiple=True, metavar="KEY=VALUE", help="a setting of the task")
@root_option
@json_option
def validate_command(
    name: str, called: str, values: tuple[str, ...], root: Path, as_json: bool
) -> int:
    """Tell whether provider NAME can train a task here, check by check; 1 where it cannot."""
    from dataclasses import asdict

    from tttui.cli.output import json_document, result
    from tttui.lab.providers import providers_named
    from tttui.tasks.find import find_task

    task = find_task(called)
    checks = providers_named([name])[0].training_checks(task, _settings(task, values), root)
    if as_json:
        json_document([asdict(check) for check in checks])
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            remedy = "" if check.ok or not check.remedy else f"; {check.remedy}"
            result(
                f"{'ok' if check.ok else 'no':<2}  {check.name:<{width}}  {check.detail}{remedy}"
            )
    return 0 if all(check.ok for check in checks) else 1


def _matrix(root: Path) -> "Matrix":
    from tttui.lab.providers import find_providers
    from tttui.lab.providers.results import Results

    known, results = find_providers(), Results(root)
    results.refresh()
    return results.matrix(known.providers, known.problem)


def _named(names: Sequence[str]) -> list[str]:
    from tttui.lab.providers import providers_named

    return [provider.name for provider in providers_named(names)]


def _path() -> Path:
    from tttui.lab.providers.configuration import providers_path

    path = providers_path()
    if path is None:
        raise RefusedInput("there is no home directory for providers.toml; set XDG_CONFIG_HOME")
    return path


def _settings(task: Any, values: Sequence[str]) -> dict[str, Any]:
    """Settings from KEY=VALUE. Raises RefusedInput naming the key."""
    known, settings = task.session_settings(), dict[str, Any]()
    for text in values:
        key, equals, value = text.partition("=")
        name = key.strip().replace("-", "_")
        if not equals or name not in known:
            raise RefusedInput(f"--set {text!r}: write KEY=VALUE; keys are {', '.join(known)}")
        settings[name] = known[name].parsed(value)
    return settings

"""`tttui genome`: compositions of skills over one base."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.contenders import StreamOptions, announce, stream_options
from tttui.cli.jobs import JobOptions, job_options, refusals, typed_words
from tttui.cli.options import SectionedCommand, json_option, root_option
from tttui.cli.residency import activate_command, evict_command, run_command, status_command

if TYPE_CHECKING:
    from tttui.lab.genome.composing import Composition
    from tttui.lab.genome.effect import LayerChange
    from tttui.lab.genome.methods import Recipe
    from tttui.lab.registry import Version

METHODS = ("linear", "mean", "ties", "dare", "cat", "svd")

DENSITIES = {"ties": 0.2, "dare": 0.5}
"""Where nothing else is said; that of ties is its paper's."""

LIST = ("genome", "task", "method", "skills", "created", "tested")

WIDEST = 48
"""Characters of the names of skills in a table."""


@click.group("genome", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Compose skills over one base into one, test that, and see which are in memory."""
    if ctx.invoked_subcommand is None:
        from tttui.cli.output import result

        result(*ctx.get_help().splitlines())


@click.command("compose", cls=SectionedCommand)
@click.option(
    "--skills",
    required=True,
    metavar="A@v2:0.7,B:0.3",
    help="versions or personas with their weights  [default weight 1]",
)
@click.option(
    "--name", required=True, help="the skill that gets the composition as its next version"
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="linear",
    help="cat and svd are for adapters (LoRA) alone  [default linear]",
)
@click.option(
    "--density",
    type=float,
    help="share of each task vector that ties or dare keeps  [default 0.2 and 0.5]",
)
@click.option(
    "--seed", type=int, default=0, help="seed of the elements that dare drops  [default 0]"
)
@click.option(
    "--scale", type=float, default=1.0, help="multiplies the merged task vector  [default 1]"
)
@root_option
@json_option
@click.pass_context
def compose_command(
    ctx: click.Context,
    /,
    skills: str,
    name: str,
    method: str,
    density: float | None,
    seed: int,
    scale: float,
    root: Path,
    as_json: bool,
) -> None:
    """Merge skills over one base, and register what comes of it as a version.

    \b
    linear  base + sum of weight x (skill - base): task arithmetic
    mean    the same with the weights divided by their sum
    ties    keeps the largest changes, elects a sign, averages those that agree
    dare    drops changes by chance and enlarges the others, then as linear
    Adapters are merged by peft: cat keeps the sum of their products exactly (the ranks add up),
    svd its best approximation of the same rank, the others merge the two factors apart.
    """
    from tttui.cli.output import json_document, result, say
    from tttui.lab.genome.composing import compose, weighted

    recipe = recipe_of(method, density, seed, scale)
    made = compose(root, weighted(root, skills), recipe, name, command=typed_words(ctx))
    if as_json:
        json_document(document(root, made))
        return
    result(made.name)
    say(f"test it against its parents and the base: tttui genome test {made.name}")


command.add_command(compose_command)


@compose_command.checks
def _check_compose(values: Mapping[str, Any]) -> Mapping[str, str]:
    from tttui.lab.genome.composing import check, weighted
    from tttui.lab.registry.names import check_name

    recipe = recipe_of(*(values[name] for name in ("method", "density", "seed", "scale")))
    return refusals(
        skills=lambda: check(weighted(values["root"], values["skills"]), recipe),
        name=lambda: check_name(values["name"], "a skill"),
    )


@command.command("list")
@root_option
@json_option
def list_command(root: Path, as_json: bool) -> None:
    """List the compositions of the root."""
    from tttui.cli.output import json_document, result, say, table
    from tttui.lab.genome.composing import composition_of
    from tttui.lab.registry import versions
    from tttui.model.ages import age_text

    problems: list[str] = []
    compositions = [
        (version, composition)
        for version in versions(root, problems=problems)
        if (composition := composition_of(version)) is not None
    ]
    for problem in problems:
        say(problem)
    if as_json:
        json_document([document(root, version) for version, _ in compositions])
        return
    if not compositions:
        say(f"no compositions below {root}; `tttui genome compose` makes one")
        return
    rows = [
        (
            version.name,
            version.task,
            composition.method,
            _short(composition.skills),
            age_text(version.created_at) or "-",
            tested(root, version) or "no",
        )
        for version, composition in compositions
    ]
    result(*table(LIST, rows, right={4}))


@command.command("show")
@click.argument("genome")
@root_option
@json_option
def show_command(genome: str, root: Path, as_json: bool) -> None:
    """Show GENOME: its parents and how they were merged, how much it changes each layer, tests."""
    from tttui.cli.output import json_document, result, table
    from tttui.lab.genome.effect import changes
    from tttui.model.ages import ago_text
    from tttui.model.errors import TttuiError
    from tttui.runs.start import short

    version, composition = composed(root, genome)
    parents, missing = _there(root, composition)
    try:
        layers = changes(root, [*parents, version])
    except TttuiError as error:
        layers = []
        missing = [*missing, f"layers      cannot be compared: {error}"]
    if as_json:
        json_document({**document(root, version), "layers": [_layer(one) for one in layers]})
        return
    result(
        f"genome      {version.name}",
        f"task        {version.task}",
        f"base        {short(version.base_sha256)}",
        f"method      {composition.method}",
        f"created     {ago_text(version.created_at) or 'unknown'}",
        f"command     {version.command or 'unknown'}",
        *(
            f"parent      {one.version}, weight {one.weight:g}, sha256 {one.weights_sha256[:12]}"
            for one in composition.parents
        ),
        *missing,
    )
    if layers:
        names = [one.name for one in (*parents, version)]
        rows = [(one.name, *(_relative(one, name) for name in names)) for one in layers]
        right = set(range(1, len(names) + 1))
        result("", "how far each is from the base, as a share of the base's norm")
        result(*table(("layer", *names), rows, right=right))
    lines = _test_lines(root, version)
    result("", *(lines or [f"not tested yet; `tttui genome test {version.name}` does"]))


@command.command("test")
@click.argument("genome")
@root_option
@click.option(
    "--streams",
    type=int,
    help="held-out streams, fixed before the first is computed  [default 32, of documents 12]",
)
@stream_options
@job_options
def test_command(
    genome: str,
    root: Path,
    streams: int | None,
    options: StreamOptions,
    job: JobOptions,
) -> None:
    """Test GENOME against its parents and the base on the same held-out streams, as a job.

    All learn by the settings of the composition. What comes of it is kept beside the version: it
    says so where the composition loses to its best parent.
    """
    from tttui.cli.output import json_document, result
    from tttui.lab.genome.testing import contest_of
    from tttui.lab.jobs import results

    version, composition = composed(root, genome)
    contest = contest_of(
        root,
        version,
        composition,
        shared=options.shared(version.task),
        **options.chosen(version.task, streams),
    )
    announce(contest.streams_text(contest.check(root)))
    completed = job.start(root, "genome_test", {**contest.settings(), "words": job.words})
    if completed is None:
        return
    outcome = results(completed)
    if job.as_json:
        json_document(outcome)
    else:
        result(*outcome["sentences"])


for _one in (run_command, status_command, activate_command, evict_command):
    command.add_command(_one)


def recipe_of(method: str, density: float | None, seed: int, scale: float) -> "Recipe":
    """The recipe of a merge, from typed options."""
    from tttui.lab.genome.methods import Recipe

    if density is None:
        density = DENSITIES.get(method, 1.0)
    return Recipe(method, density, seed, scale)


def document(root: Path, version: "Version") -> Mapping[str, Any]:
    """A composition for `--json`."""
    from tttui.lab.registry import results_of

    return {
        "genome": version.name,
        "task": version.task,
        "base_sha256": version.base_sha256,
        "weights_sha256": version.weights_sha256,
        "composition": version.origin["composition"],
        "created_at_unix": version.created_at,
        "path": str(version.path),
        "results": results_of(root, version),
    }


def tested(root: Path, version: "Version") -> str:
    """The outcome of the newest test, in a word or two; '' without a test."""
    from tttui.lab.genome.testing import newest_test

    result = newest_test(root, version)
    return "" if result is None else str(result.get("outcome", ""))


def composed(root: Path, name: str) -> tuple["Version", "Composition"]:
    """The composition of that name. Raises RefusedInput."""
    from tttui.lab.genome.composing import composition_of
    from tttui.lab.registry import resolve
    from tttui.model.errors import RefusedInput

    version = resolve(root, name)
    composition = composition_of(version)
    if composition is None:
        raise RefusedInput(
            f"{version.name} is no composition; `tttui genome list` lists them, "
            f"`tttui model show {version.name}` shows it"
        )
    return version, composition


def _there(root: Path, composition: "Composition") -> tuple[list["Version"], list[str]]:
    """The parents with the weights that were merged, and a line for each missing one."""
    from tttui.lab.registry import resolve
    from tttui.model.errors import TttuiError

    parents, missing = [], []
    for part in composition.parents:
        try:
            parent = resolve(root, part.version)
        except TttuiError as error:
            missing.append(f"gone        {error}")
            continue
        if parent.weights_sha256 != part.weights_sha256:
            missing.append(
                f"gone        {parent.name} has other weights now than those merged here"
            )
        else:
            parents.append(parent)
    return parents, missing


def _test_lines(root: Path, version: "Version") -> list[str]:
    from tttui.lab.genome.testing import newest_test

    test = newest_test(root, version)
    if test is None:
        return []
    lines = test.get("sentences")
    return [str(line) for line in (lines if isinstance(lines, list) else ())]


def _layer(one: "LayerChange") -> Mapping[str, Any]:
    return {
        "layer": one.name,
        "shape": list(one.shape),
        "base_norm": one.base_norm,
        "norms": dict(one.norms),
        "conflicts": [{"pair": list(pair), "share": s} for pair, s in one.conflicts.items()],
    }


def _relative(one: "LayerChange", name: str) -> str:
    norm = one.norms.get(name)
    if norm is None:
        return "-"
    share = one.relative(norm)
    return f"norm {norm:.3g}" if share is None else f"{100 * share:.3g} %"


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."

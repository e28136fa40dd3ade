"""`tttui model`: skills with their versions, and personas that point to them."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import json_option, model_option, root_option, task_of_run_option

if TYPE_CHECKING:
    from tttui.lab.registry import Version

ELSEWHERE: Mapping[str, str] = {"test": "modeltest"}
"""Commands of the group that have a module of their own in `cli/`, by name."""

VERSIONS = ("version", "date", "from", "learned", "results", "tests", "in use as")

SKILLS = ("skill", "newest", "versions", "type", "task", "base", "date", "in use as")


class ModelGroup(click.Group):
    """Imports the commands of other modules on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in ELSEWHERE:
            command: click.Command = import_module(f"tttui.cli.{ELSEWHERE[cmd_name]}").command
            return command
        return super().get_command(ctx, cmd_name)


@click.group("model", cls=ModelGroup, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Keep weights as versions of skills, compare them, and put them to use under a persona.

    A version is called SKILL@v2, the newest SKILL alone, what a persona points to @NAME (of a
    domain: @NAME/DOMAIN).
    """
    if ctx.invoked_subcommand is None:
        from tttui.cli.output import result

        result(*ctx.get_help().splitlines())


@command.command("register")
@click.argument("run", metavar="RUN_OR_JOB")
@click.option("--skill", required=True, help="the skill that gets the weights as its next version")
@click.option(
    "--at",
    type=click.IntRange(min=0),
    metavar="STEP",
    help="the weights of a session at this step  [default: its last]",
)
@task_of_run_option
@model_option
@root_option
@json_option
@click.pass_context
def register(
    ctx: click.Context,
    /,
    run: str,
    skill: str,
    at: int | None,
    called: str | None,
    model: str | None,
    root: Path,
    as_json: bool,
) -> None:
    """Keep what a session or a job has learned as the next version of a skill, for good.

    With the weights stand the hash of their base, the task, the settings, and where they come
    from. A job that trains a skill registers it by itself.
    """
    from tttui.cli.jobs import typed_words
    from tttui.cli.output import json_document, result
    from tttui.cli.registry import about, job_of, session_of
    from tttui.lab.registry.taking import register_job, register_session
    from tttui.model.errors import RefusedInput

    job = job_of(root, run)
    if job is not None:
        if at is not None:
            raise RefusedInput(f"--at {at}: {run} is a job, whose result is registered")
        made = register_job(root, job, skill, command=typed_words(ctx))
    else:
        from tttui.runs.runner import session_runner
        from tttui.tasks.hf.known import name_model_of

        place = session_of(root, run)
        if model is not None:
            name_model_of(place.path, model)
        runner = session_runner(place, called)
        made = register_session(root, place, skill, runner, at=at, command=typed_words(ctx))
    if as_json:
        json_document(about(root, made))
    else:
        result(f"{made.name} holds the weights of {run}{_step(made)}; {made.path}")


@command.command("list")
@click.option("--task", help="only those of this task")
@click.option("--type", "kind", type=click.Choice(("skill", "base")), help="only those of a type")
@root_option
@json_option
def list_command(task: str | None, kind: str | None, root: Path, as_json: bool) -> None:
    """List the skills of the root, each with its newest version."""
    from tttui.cli.output import json_document, result, say, table
    from tttui.cli.registry import about, day, in_use, listed
    from tttui.lab.registry import personas

    read, problems = listed(root)
    newest: dict[str, list[Version]] = {}
    for version in read:
        if task in (None, version.task) and kind in (None, version.type):
            newest.setdefault(version.skill, []).append(version)
    if as_json:
        json_document([about(root, line[-1], versions=len(line)) for line in newest.values()])
    elif newest:
        used = personas(root)
        rows = [
            (
                name,
                f"v{line[-1].number}",
                str(len(line)),
                line[-1].type,
                line[-1].task,
                _short(line[-1].base_sha256),
                day(line[-1].created_at),
                in_use(used, *line),
            )
            for name, line in newest.items()
        ]
        result(*table(SKILLS, rows, right={2}))
    else:
        such = " such" if task or kind else ""
        say(f"no{such} skills below {root}; `tttui model register RUN --skill NAME` makes one")
    for problem in problems:
        say(problem)


@command.command("versions")
@click.argument("skill")
@root_option
@json_option
def versions_command(skill: str, root: Path, as_json: bool) -> None:
    """List the versions of SKILL."""
    from tttui.cli.output import json_document, result, say, table
    from tttui.cli.registry import about, day, figures, in_use, listed, tests
    from tttui.lab.registry import personas, resolve

    resolve(root, skill.partition("@")[0])  # refuses a name that there is not
    read, problems = listed(root, skill.partition("@")[0])
    if as_json:
        json_document([about(root, version) for version in read])
    else:
        used = personas(root)
        rows = [
            (
                version.name,
                day(version.created_at),
                str(version.origin.get("id", ""))[:24] or "-",
                _step(version).removeprefix(" at ") or "-",
                figures(version.results)[:40] or "-",
                tests(root, version) or "-",
                in_use(used, version),
            )
            for version in read
        ]
        result(*table(VERSIONS, rows, right=set()))
    for problem in problems:
        say(problem)


@command.command("show")
@click.argument("version")
@root_option
@json_option
def show(version: str, root: Path, as_json: bool) -> None:
    """Show all about a version, after checking that no byte of it was changed."""
    from tttui.cli.output import json_document, result
    from tttui.cli.registry import about, described
    from tttui.lab.registry import resolve

    resolved = resolve(root, version)
    resolved.check()
    if as_json:
        json_document(about(root, resolved, whole=True))
    else:
        result(*described(root, resolved))


@command.command("diff")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@root_option
@json_option
def diff(one: str, other: str, root: Path, as_json: bool) -> None:
    """Compare two versions: the weights by parameter, the settings, the results.

    The change of a parameter is the Frobenius norm of the difference, relative to that in A.
    """
    from tttui.cli.output import json_document, result
    from tttui.cli.registry import difference_document, difference_lines
    from tttui.lab.registry import resolve
    from tttui.lab.registry.difference import difference

    a, b = resolve(root, one), resolve(root, other)
    compared = difference(a, b)
    if as_json:
        json_document(difference_document(a, b, compared))
    else:
        result(*difference_lines(a, b, compared))


@command.command("deploy")
@click.argument("version")
@click.option("--persona", required=True, metavar="NAME", help="the persona that is moved")
@click.option("--domain", default="default", help="the domain in which  [default default]")
@click.option("--force", is_flag=True, help="deploy it even if it is worse or was never tested")
@root_option
@json_option
@click.pass_context
def deploy_command(
    ctx: click.Context,
    /,
    version: str,
    persona: str,
    domain: str,
    force: bool,
    root: Path,
    as_json: bool,
) -> None:
    """Point a persona to a version, from one moment to the next.

    A version that is worse than what is in use, or was never tested against it (`tttui model
    test`), is refused; with --force it is deployed, and the audit says so.
    """
    from tttui.cli.jobs import typed_words
    from tttui.lab.registry import deploy, resolve

    made = deploy(
        root, resolve(root, version), persona, domain=domain, force=force, command=typed_words(ctx)
    )
    _moved(made, as_json)


@command.command("rollback")
@click.option("--persona", required=True, metavar="NAME", help="the persona that is moved")
@click.option("--to", metavar="v1", help="the version to go back to  [default: the one before]")
@click.option("--domain", default="default", help="the domain in which  [default default]")
@root_option
@json_option
@click.pass_context
def rollback_command(
    ctx: click.Context, /, persona: str, to: str | None, domain: str, root: Path, as_json: bool
) -> None:
    """Point a persona to what it had in use before."""
    from tttui.cli.jobs import typed_words
    from tttui.lab.registry import rollback

    made = rollback(root, persona, domain=domain, to=to, command=typed_words(ctx))
    _moved(made, as_json)


@command.command("personas")
@root_option
@json_option
def personas_command(root: Path, as_json: bool) -> None:
    """List the personas, what each points to, and what it would roll back to."""
    from tttui.cli.output import json_document, result, say, table
    from tttui.cli.registry import day, persona_document, state_of
    from tttui.lab.registry import personas

    all_personas = personas(root)
    if as_json:
        json_document([persona_document(root, one) for one in all_personas])
    elif all_personas:
        headers = ("persona", "points to", "since", "before that", "moves", "state")
        rows = [
            (
                one.called,
                one.current.version,
                day(one.current.time),
                one.stack[-2].version if one.stack[1:] else "-",
                str(len(one.moves)),
                state_of(root, one),
            )
            for one in all_personas
        ]
        result(*table(headers, rows, right={4}))
    else:
        say(f"no personas below {root}; `tttui model deploy SKILL --persona NAME` makes one")


@command.command("rm")
@click.argument("version")
@root_option
@click.pass_context
def remove_command(ctx: click.Context, /, version: str, root: Path) -> None:
    """Take a version out of the registry; refused while something depends on it."""
    from tttui.cli.jobs import typed_words
    from tttui.cli.output import result
    from tttui.lab.registry import remove, resolve
    from tttui.lab.registry.names import is_version
    from tttui.model.errors import RefusedInput

    if not is_version(version):
        raise RefusedInput(f"{version}: name the one version to remove, such as walker@v1")
    resolved = resolve(root, version)
    result(f"{resolved.name} lies in {remove(root, resolved, command=typed_words(ctx))} now")


def _moved(persona: Any, as_json: bool) -> None:
    from tttui.cli.output import json_document, result

    use, before = persona.current, persona.moves[-2:-1]
    if as_json:
        json_document(
            {
                "persona": persona.called,
                "version": use.version,
                "before": before[0].version if before else None,
                "forced": use.forced or None,
            }
        )
        return
    was = f", before {before[0].version}" if before else ""
    forced = f" (forced: {use.forced})" if use.forced else ""
    result(f"{persona.called} points to {use.version} now{was}{forced}")


def _step(version: "Version") -> str:
    step = version.origin.get("step")
    return f" at step {step}" if isinstance(step, int) else ""


def _short(sha256: str) -> str:
    return sha256.rpartition(":")[2][:12]

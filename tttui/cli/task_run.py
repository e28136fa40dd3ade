"""`tttui run --task NAME`: a command whose options are the settings of that task."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import (
    SectionedCommand,
    json_option,
    read_toml,
    root_option,
    setting_option,
)
from tttui.model.adaptation import Adaptation, Conduct
from tttui.model.errors import RefusedInput
from tttui.model.setting import Setting, options

if TYPE_CHECKING:
    from tttui.tasks.base import Task

POINT_MASS = "pointmass"
"""The task that a run is of where none is named."""


class RunCommand(SectionedCommand):
    """`tttui run`, which gives way to the command of the task that is named."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        called = _named(args)
        if called in (None, POINT_MASS):
            return super().make_context(info_name, args, parent, **extra)
        from tttui.engine.threads import let_threads_sleep
        from tttui.tasks.find import find_task

        let_threads_sleep()
        command = task_command(called, find_task(called))
        return command.make_context(info_name, args, parent, **extra)


def task_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--task`, for commands on a task that may be somebody's own."""
    help = "what runs: pointmass, text, hf, package.module:Class or path/to/file.py:Class"
    return click.option("--task", help=help, expose_value=False)(command)


def task_command(called: str, task: "type[Task]") -> click.Command:
    """`tttui run` of a task, with one option a setting."""

    def run(**values: Any) -> int:
        return _run(called, task, **values)

    made: Callable[..., Any] = run
    for heading, spec in reversed(_specs(task)):
        made = setting_option(spec, heading)(made)
    for decorate in (
        json_option,
        click.option("--quiet", is_flag=True, help="no progress"),
        click.option("--detach", is_flag=True, help="run in the background and print its handle"),
        click.option("--paused", is_flag=True, help="begin paused, to be stepped from the app"),
        click.option(
            "--speed-limit", type=click.FloatRange(min=0, min_open=True), help="steps a second"
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            help="TOML file with settings; options win over it",
        ),
        root_option,
        click.option("--name", help="name of the session's directory  [default: from the task]"),
        task_option,
    ):
        made = decorate(made)
    return click.command("run", cls=SectionedCommand, help=_help(task))(made)


def _help(task: "type[Task]") -> str:
    told = (task.__doc__ or "").strip().splitlines()
    return f"Run a new session of the task {task.name} and print its verdict.\n\n" + (
        told[0] if told else ""
    )


def _specs(task: "type[Task]") -> list[tuple[str, Setting]]:
    """Headings and options, those of the task with the defaults that it has."""
    found = [("Task", one) for one in options(task.settings_type)]
    for one in options(Adaptation):
        own = replace(one, default=getattr(task.adaptation, one.name))
        found.append(("Update transaction", own))
    return found + [("Run", one) for one in options(Conduct)]


def _named(args: Sequence[str]) -> str | None:
    for i, word in enumerate(args):
        if word == "--task" and i + 1 < len(args):
            return args[i + 1]
        if word.startswith("--task="):
            return word.removeprefix("--task=")
    return None


def _run(
    called: str,
    task: "type[Task]",
    *,
    name: str | None,
    root: Path,
    config: Path | None,
    speed_limit: float | None,
    paused: bool,
    detach: bool,
    quiet: bool,
    as_json: bool,
    **values: Any,
) -> int:
    from tttui.cli.output import say
    from tttui.cli.running import execute, hand_over
    from tttui.runs.naming import free_directory, make_in, named_directory
    from tttui.runs.taskbuild import build_task_session
    from tttui.runs.taskrun import TaskRun
    from tttui.runs.tasksettings import TaskSettings
    from tttui.tasks.find import again

    given = {key: value for key, value in values.items() if value is not None}
    if config is None:
        settings = TaskSettings.chosen(task, given)
    else:
        try:
            settings = TaskSettings.chosen(task, read_toml(config) | given)
        except TypeError as error:
            raise RefusedInput(f"{config}: {error}") from error

    def directory() -> Path:
        if name is None:
            return free_directory(root, task.name)
        return named_directory(root, name)

    def make(path: Path) -> "tuple[Path, Task]":
        # A process in the background has no standard input: it begins with all that there is.
        return path, build_task_session(path, settings, whole=detach)

    path, made = make_in(name, directory, make)
    told = made.notes
    for line in told:
        say(line)
    words = ("--task", again(called))
    if detach:
        return hand_over(path, speed_limit=speed_limit, paused=paused, as_json=as_json, task=words)
    run = TaskRun.open(path, task=task, made=made)
    code = execute(
        run,
        run.goal,
        speed_limit=speed_limit,
        paused=paused,
        quiet=quiet,
        as_json=as_json,
        task=words,
    )
    for line in made.notes[len(told) :]:  # of a stream, when it has come
        say(line)
    return code

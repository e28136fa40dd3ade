"""`tttui run`: a new session, by a command whose options are the settings of its task."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from tttui.cli.options import (
    RunningOptions,
    SectionedCommand,
    from_option,
    group_options,
    root_option,
    running_options,
    typed_values,
    values_from,
)
from tttui.model.setting import Group
from tttui.tasks.base import AnyTask, Start
from tttui.tasks.pointmass.task import PointMass


class RunCommand(SectionedCommand):
    """`tttui run` of the point mass, which switches to the command of a named task."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        called = named_task(args) or _task_of_version(args)
        if called in (None, PointMass.name):
            return super().make_context(info_name, args, parent, **extra)
        from tttui.engine.threads import let_threads_sleep

        let_threads_sleep()
        return self.of_task(called).make_context(info_name, args, parent, **extra)

    def of_task(self, called: str) -> click.Command:
        """The same command with the options of another task. Raises RefusedInput."""
        from tttui.tasks.find import find_task

        return run_command(find_task(called), called)


def run_command(
    task: type[AnyTask], called: str, cls: type[SectionedCommand] = SectionedCommand
) -> click.Command:
    """`tttui run` of a task, with one option a setting."""

    def run(**values: Any) -> int:
        return _run(called, **values)

    own_start = Group.of("", task.start_type)
    ways = {one.name for one in Group.of("", Start).settings} - {"name"}
    made: Callable[..., Any] = run
    for decorate in (
        group_options(task.groups()),
        running_options,
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            help="TOML file with settings; options win over it",
        ),
        group_options([own_start], skip=ways),
        root_option,
        from_option,
        click.option(
            "--task",
            help="what runs: pointmass, text, hf, package.module:Class or path/to/file.py:Class",
            expose_value=False,
        ),
    ):
        made = decorate(made)
    doc_lines = (task.__doc__ or "").strip().splitlines()
    help = (
        f"Run a new session of the task {task.name} and print its verdict.\n\n"
        f"{doc_lines[0] if doc_lines else ''}\n\n"
        "Settings come from the defaults, then --preset, then --config, then the options. Those "
        "of another task are shown by `tttui run --task text --help`."
    )
    return click.command("run", cls=cls, help=help)(made)


def named_task(args: Sequence[str]) -> str | None:
    """The task that a command line names."""
    return option_in(args, "--task")


def _task_of_version(args: Sequence[str]) -> str | None:
    """The task of the version that a command line starts from, if it ships."""
    name = option_in(args, "--from")
    if name is None:
        return None
    from tttui.lab.registry import resolve
    from tttui.tasks.find import shipped

    task = resolve(Path(option_in(args, "--root") or "runs"), name).task
    return task if shipped(task) is not None else None


def option_in(args: Sequence[str], option: str) -> str | None:
    """The value of an option in an unparsed command line."""
    for i, word in enumerate(args):
        if word == option and i + 1 < len(args):
            return args[i + 1]
        if word.startswith(f"{option}="):
            return word.removeprefix(f"{option}=")
    return None


def _run(
    called: str,
    *,
    from_version: str | None,
    root: Path,
    config: Path | None,
    running: RunningOptions,
    **values: Any,
) -> int:
    from tttui.cli.running import carry_on
    from tttui.runs.runner import named_runner

    start = None
    if from_version is None:
        runner = named_runner(called)
        chosen = values_from(runner, values, config)
    else:
        from tttui.cli.output import say
        from tttui.lab.registry import start_from

        named = typed_values(values)
        runner, start = start_from(root, from_version, called, named)
        chosen = {**runner.upon(start.settings, values_from(runner, values, config))}
        say(f"starts from {start.called} ({start.origin['weights_sha256'][:12]})")
    ready = runner.new(root, chosen, detached=running.detach, start=start)
    return carry_on(ready, runner.words, running)


command = run_command(PointMass, PointMass.name, RunCommand)

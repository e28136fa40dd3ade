"""Starting a session, or training, from a version."""

from collections.abc import Collection
from pathlib import Path

from tttui.lab.registry.finding import resolve
from tttui.lab.registry.version import Version, base_path, folders_in
from tttui.model.errors import RefusedInput
from tttui.runs.runner import Runner, named_runner
from tttui.runs.start import StartWeights


def start_from(
    root: Path, name: str, called: str | None = None, explicit: Collection[str] = ()
) -> tuple[Runner, StartWeights]:
    """The weights of the version of this name, for `Runner.new` and `Runner.fork`.

    `called` is the task that the person named; without it that of the version is used, where it
    ships: a registry names no code. `explicit` names the settings that the person gave. Raises
    RefusedInput where there is no such version, or it is of another task, TttuiError where its
    weights were changed.
    """
    version = resolve(root, name)
    runner = runner_for(version, called)
    return runner, start_weights(root, version, runner, name, explicit)


def start_weights(
    root: Path, version: Version, runner: Runner, name: str = "", explicit: Collection[str] = ()
) -> StartWeights:
    """The weights of a version; `name` is what the person called it.

    Where the base of its task lies is found by its hash, of those that the person has named on
    this machine, unless that is among the `explicit` settings. Raises RefusedInput.
    """
    origin = {"version": version.name, "weights_sha256": version.weights_sha256}
    if name.startswith("@"):
        origin["persona"] = name
    settings = runner.carried(version.settings, version.task_settings)
    place = runner.task.base_setting
    if place and place not in explicit:
        try:
            settings[place] = runner.task.base_here(version.base_sha256)
        except RefusedInput:
            flag = f"--{place.replace('_', '-')}"
            raise RefusedInput(
                f"{version.name} stands on what was in {version.base_source}; a registry does not "
                f"choose files to load: if that is the one you mean, name it once with `tttui run "
                f"--from {version.name} {flag} {version.base_source}`"
            ) from None
    base = base_path(root, version.base_sha256)
    folders_in(base.parent, root)
    return StartWeights(
        tensors={} if version.type == "base" else version.tensors(),
        origin=origin,
        base_sha256=version.base_sha256,
        base_file=None if base.is_symlink() else base,
        settings=settings,
    )


def runner_for(version: Version, called: str | None = None) -> Runner:
    """The runner of the task of a version. Raises RefusedInput."""
    from tttui.tasks.find import shipped

    if called is None and shipped(version.task) is None:
        raise RefusedInput(
            f"{version.name} is of the task {version.task!r}, which does not ship with tttui; "
            "name it with --task package.module:Class or --task path/to/file.py:Class"
        )
    runner = named_runner(called or version.task)
    if runner.task.name != version.task:
        raise RefusedInput(
            f"--task {called}: {version.name} is of the task {version.task}; leave --task out"
        )
    return runner

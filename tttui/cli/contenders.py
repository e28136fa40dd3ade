"""Contenders and streams of a contest, from the command line."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from tttui.cli.options import assignments, did_you_mean, read_toml, set_option
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.schema import POINT_MASS

if TYPE_CHECKING:
    from tttui.lab.evaluation.contest import ContestEntry
    from tttui.tasks.base import AnyTask


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """The streams of a contest, from `stream_options`."""

    steps: int | None
    seed: int
    data: Path | None
    by: str
    assigned: tuple[str, ...]

    def shared(self, task_name: str) -> dict[str, Any]:
        """The settings that all contenders have. Raises RefusedInput naming the option."""
        return shared_settings(task_name, self.assigned, self.steps)

    def chosen(self, task_name: str, count: int | None) -> dict[str, Any]:
        """Number and seed of the streams, data, and deciding loss, for a `Contest`."""
        return {
            "streams": count if count is not None else default_streams(task_name),
            "seed": self.seed,
            "data": absolute_data(self.data),
            "by": self.by,
        }


def stream_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of streams, given to the command as one `options`.

    `--steps`, `--seed`, `--data`, `--by`, `--set`.
    """

    @wraps(function)
    def with_streams(
        *args: Any,
        steps: int | None,
        seed: int,
        data: Path | None,
        by: str,
        assigned: tuple[str, ...],
        **values: Any,
    ) -> Any:
        return function(*args, options=StreamOptions(steps, seed, data, by, assigned), **values)

    decorated: Callable[..., Any] = with_streams
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
                help="documents on which no contender was trained: a file or a directory  "
                "[default sources of Python's standard library]",
            ),
            click.option(
                "--by",
                type=click.Choice(("whole", "last")),
                default="whole",
                help="the loss that decides: of the whole stream or of its last 100 steps  "
                "[default whole]",
            ),
            set_option("a setting of all contenders, such as noise_std=0.01"),
        )
    ):
        decorated = option(decorated)
    return decorated


def names_in(text: str, flag: str) -> list[str]:
    """Split names at commas. Raises RefusedInput if one is empty."""
    names = [part.strip() for part in text.split(",")]
    if not all(names):
        raise RefusedInput(f"{flag} {text!r}: has an empty name; write it as A,B")
    return names


def skill_entries(
    root: Path, names: Sequence[str], called: str | None = None
) -> tuple[str, list["ContestEntry"]]:
    """The task of versions and the contenders that start with them; `base` learns as the first
    of them does. Raises RefusedInput."""
    from tttui.lab.evaluation.contest import BASE, ContestEntry
    from tttui.lab.registry import resolve
    from tttui.lab.registry.starting import runner_for
    from tttui.tasks.find import again

    versions = {name: resolve(root, name) for name in names if name != BASE}
    if not versions:
        raise RefusedInput("--skills: name at least one version of a skill beside the base")
    first = next(iter(versions.values()))
    runner_for(first, called)
    for version in versions.values():
        if version.task != first.task:
            raise RefusedInput(
                f"{version.name} is of the task {version.task}, {first.name} of {first.task}: "
                "losses of different tasks cannot be compared"
            )
    return again(called) if called else first.task, [
        ContestEntry(BASE, as_version=first.name)
        if name == BASE
        else ContestEntry(versions[name].name, version=versions[name].name)
        for name in names
    ]


def preset_entries(names: Sequence[str]) -> list["ContestEntry"]:
    from tttui.lab.evaluation.contest import ContestEntry
    from tttui.model.pointmass.settings import PRESETS

    for name in names:
        if name not in PRESETS:
            hint = did_you_mean(name, [*PRESETS]) or f"; choose from {', '.join(PRESETS)}"
            raise RefusedInput(f"--presets: there is no preset {name!r}{hint}")
    return [ContestEntry(name, {"preset": name}) for name in names]


def entries_in(path: Path, called: str | None) -> tuple[str, list["ContestEntry"], dict[str, Any]]:
    """Task, contenders and shared settings of a TOML file: a table for each contender, and above
    the tables `task` and what all have. Raises RefusedInput naming the file and the key."""
    from tttui.lab.evaluation.contest import ContestEntry
    from tttui.tasks.find import find_task

    content = read_toml(path)
    in_file = content.pop("task", None)
    task_name = called or in_file or POINT_MASS
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
        ContestEntry(name, _settings(task, table, f"{path}: [{name}]"))
        for name, table in tables.items()
    ]
    return task_name, entries, shared


def _settings(task: "type[AnyTask]", table: Mapping[str, Any], where: str) -> dict[str, Any]:
    known = {k: v for k, v in task.all_settings().items() if k in task.session_settings()}
    known |= {k: v for k, v in task.all_settings().items() if k in ("preset", "base")}
    settings = {}
    for name, value in table.items():
        if name not in known:
            raise RefusedInput(f"{where}: unknown setting {name!r}{did_you_mean(name, [*known])}")
        if name == "seed":
            raise RefusedInput(f"{where}: seed: belongs to the streams; --seed chooses them")
        try:
            settings[name] = known[name].adapted(value)
            known[name].check(settings[name])
        except SettingError as error:
            raise RefusedInput(f"{where}: {error}") from error
    return settings


def shared_settings(task_name: str, assigned: Sequence[str], steps: int | None) -> dict[str, Any]:
    """The shared settings. Raises RefusedInput naming the option."""
    from tttui.tasks.find import find_task

    known = dict(find_task(task_name).session_settings())
    for name in ("seed", "steps", "file"):
        known.pop(name, None)
    settings = assignments(assigned, known)
    return settings if steps is None else {**settings, "steps": steps}


def default_streams(task_name: str) -> int:
    from tttui.lab.evaluation.streams import usual_count
    from tttui.tasks.find import find_task

    return usual_count(find_task(task_name))


def absolute_data(data: Path | None) -> str:
    """The absolute path for a job, which runs in another directory; '' if none was given."""
    from tttui.model.here import absolute

    return "" if data is None else str(absolute(data))


def announce(what: str) -> None:
    """Print the streams of the contest."""
    from tttui.cli.output import say

    say(f"on {what}")


def prompt_settings(
    names: Sequence[str], prompts: Path | None, count: int | None
) -> dict[str, Any]:
    """The settings of a job that asks endpoints; empty where the providers are engines.

    Raises RefusedInput where they are of both kinds, or cannot be asked.
    """
    from tttui.lab.evaluation.prompts import PROMPTS, chosen, read_prompts
    from tttui.lab.providers import providers_named

    providers = providers_named(names)
    engines = [one.name for one in providers if one.kind == "engine"]
    if len(engines) == len(providers):
        return {}
    if engines:
        raise RefusedInput(
            f"{engines[0]}: is an engine and takes no prompts; compare engines with engines and "
            "endpoints with endpoints"
        )
    if len(providers) < 2:
        raise RefusedInput("--providers: name two or more, such as ollama,claude")
    known: Sequence[str] = PROMPTS
    if prompts is not None:
        try:
            known = read_prompts(prompts.read_text(encoding="utf-8"), str(prompts))
        except OSError as error:
            raise RefusedInput(f"{prompts}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            raise RefusedInput(f"{prompts}: is not text in UTF-8") from None
    questions = chosen(known, count, len(providers))
    return {"providers": [one.name for one in providers], "prompts": questions}


def refuse_stream_options(ctx: click.Context) -> None:
    """Raise RefusedInput for options of streams with endpoints, which read none."""
    for name in ("steps", "seed", "data", "by", "assigned", "called"):
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            flag = {"assigned": "set", "called": "task"}.get(name, name)
            raise RefusedInput(f"--{flag}: is not for endpoints, which are asked prompts")

"""Command line options made from the settings dataclasses, and settings made from options."""

import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.setting import Group, Setting
from tttui.tasks.base import Start

if TYPE_CHECKING:
    from tttui.runs.runner import Runner
    from tttui.tasks.base import AnyTask


OptionsCheck = Callable[[Mapping[str, Any]], Mapping[str, str]]


class SettingOption(click.Option):
    """An option with the heading of its group, and whether that group comes last."""

    def __init__(self, *args: Any, section: str = "", last: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section, self.last = section, last


class SectionedCommand(click.Command):
    """A command whose `--help` lists the settings under the headings of their groups, and which
    may check its options together while they are typed into a form."""

    check: "OptionsCheck | None" = None

    def checks(self, function: "OptionsCheck") -> "OptionsCheck":
        """Decorate the check of all options together. It returns problems by option name ('' for
        the command), or raises RefusedInput."""
        self.check = function
        return function

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"": []}
        for param in sorted(self.get_params(ctx), key=lambda one: getattr(one, "last", False)):
            record = param.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(param, "section", ""), []).append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading or "Options"):
                    formatter.write_dl(records)


def group_options(
    groups: Sequence[Group], *, skip: Collection[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a command with one option a setting, under the headings of their groups.

    An option that was not given is None, so that typed values can override presets and files. Of
    settings of one name the first counts.
    """
    options: dict[str, tuple[Setting, str]] = {}
    for group in groups:
        for one in group.settings:
            if one.name not in skip and one.varies:
                options.setdefault(one.name, (one, group.heading))

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for setting, heading in reversed(options.values()):
            command = setting_option(setting, heading)(command)
        return command

    return decorate


def typed_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only the values that were typed."""
    return {name: value for name, value in values.items() if value is not None}


def values_from(runner: "Runner", values: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """The values of a file and of the options, which win.

    Raises RefusedInput naming the file for invalid settings.
    """
    in_file = read_config(config, runner.task) if config is not None else {}
    try:
        if in_file:
            runner.choose(in_file)
    except RefusedInput as error:
        raise RefusedInput(f"{config}: {error}") from error
    return in_file | typed_values(values)


def read_config(path: Path, task: "type[AnyTask]") -> dict[str, Any]:
    """The settings of a task in a TOML file: flat, or in tables of any name.

    Raises RefusedInput naming the file, and the key where one is unknown.
    """
    flat: dict[str, Any] = {}
    for key, value in read_toml(path).items():
        flat |= value if isinstance(value, dict) else {key: value}
    groups = (Group.of("", task.start_type), *task.groups())
    known = {one.name: one for group in groups for one in group.settings}
    for key in flat:
        if key not in known:
            raise RefusedInput(f"{path}: unknown setting {key!r}{did_you_mean(key, [*known])}")
    try:
        return {key: _in_file(known[key], value) for key, value in flat.items()}
    except SettingError as error:
        raise RefusedInput(f"{path}: {error}") from error


def _in_file(setting: Setting, value: Any) -> Any:
    """A TOML value converted to the type of its setting; a list holds texts, as typed."""
    if setting.kind != "list":
        value = setting.adapted(value)
        setting.check(value)
        return value
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise SettingError(setting.name, f"write it as a list of texts like {setting.shape}")
    return setting.parsed(" ".join(items))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises RefusedInput naming the file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RefusedInput(f"{path}: is not valid TOML: {error}") from error


def did_you_mean(name: str, known: "set[str] | list[str]") -> str:
    """`; did you mean 'chunk'?`, or an empty text when nothing is close."""
    close = get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


class SettingType(click.ParamType[Any]):
    """A click type that parses a setting, with its messages."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.name = setting.shape or NAMES.get(setting.kind, setting.kind)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return f"[{'|'.join(self.setting.choices)}]" if self.setting.choices else None

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        return self.setting.parsed(value) if isinstance(value, str) else value


NAMES = {"count": "integer", "number": "float", "file": "path"}
"""What `--help` calls the values of a kind, where not by its name."""


def setting_option(
    setting: Setting, heading: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """One setting as an option under a heading; its value is None if not given."""
    is_list, is_switch = setting.kind == "list", setting.kind == "switch"
    default_text = described(setting)
    return click.option(
        f"{setting.flag}/--no-{setting.flag[2:]}" if is_switch else setting.flag,
        setting.name,
        type=None if is_switch else SettingType(setting),
        default=None,
        multiple=is_list,
        callback=_joined if is_list else None,
        help=f"{setting.help}  [{default_text}]" if default_text else setting.help,
        cls=SettingOption,
        section=heading,
    )


def described(setting: Setting) -> str:
    """Default, unit and range of a setting: `default 0.02; above 0`."""
    default = setting.text(setting.default) if setting.default not in (None, "", ()) else ""
    range = "" if setting.words_to_choose else setting.range
    return "; ".join(filter(None, (default and f"default {default}", setting.unit, range)))


def _joined(ctx: click.Context, param: click.Parameter, values: Any) -> Any:  # noqa: ARG001
    """The items of a list option that may be repeated, each with several items."""
    return tuple(sorted(one for items in values or () for one in items)) or None


def task_of_run_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--task`: a session itself does not choose which code of this machine is run."""
    help = "the task that RUN is of, where it does not ship with tttui"
    return click.option("--task", "called", help=help)(command)


@dataclass(frozen=True, slots=True)
class RunningOptions:
    """Options of running a session and of the output."""

    speed_limit: float | None = None
    """Steps a second."""
    paused: bool = False
    detach: bool = False
    """In the background."""
    quiet: bool = False
    as_json: bool = False


def running_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of running a session, given to the command as one `running`.

    `--speed-limit`, `--paused`, `--detach`, `--quiet`, `--json`.
    """

    @wraps(command)
    def with_running(
        *args: Any,
        speed_limit: float | None,
        paused: bool | None,
        detach: bool,
        quiet: bool,
        as_json: bool,
        **values: Any,
    ) -> Any:
        running = RunningOptions(speed_limit, bool(paused), detach, quiet, as_json)
        return command(*args, running=running, **values)

    decorated: Callable[..., Any] = with_running
    for decorate in (
        json_option,
        click.option("--quiet", is_flag=True, help="no progress"),
        click.option(
            "--detach",
            "--background",
            "detach",
            is_flag=True,
            help="run in the background and print its handle",
        ),
        group_options([Group.of("", Start)], skip=("name",)),
    ):
        decorated = decorate(decorated)
    return decorated


def model_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--model`: a session itself does not choose which files of this machine are loaded."""
    help = "directory of the model that RUN reads with, where its task needs one"
    return click.option("--model", metavar="DIR", help=help)(command)


def set_option(help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--set NAME=VALUE`, repeatable."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        return click.option("--set", "assigned", metavar="NAME=VALUE", multiple=True, help=help)(
            command
        )

    return decorate


class Parses(Protocol):
    """The interface of a parser of typed values: a setting, or a knob."""

    def parsed(self, text: str) -> Any: ...


def assignments(texts: Sequence[str], known: Mapping[str, Parses]) -> dict[str, Any]:
    """The values of `--set`, by name. Raises RefusedInput naming the option and the remedy."""
    assigned: dict[str, Any] = {}
    for text in texts:
        typed, equals, value = text.partition("=")
        name = typed.strip().replace("-", "_")
        if not equals or not name:
            raise RefusedInput(f"--set {text}: write it as NAME=VALUE, such as lr=0.005")
        if name not in known:
            hint = did_you_mean(name, list(known)) or f"; choose from {', '.join(known)}"
            raise RefusedInput(f"--set {text}: there is no setting {name!r} here{hint}")
        assigned[name] = known[name].parsed(value)
    return assigned


def from_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--from`, the version of a skill that a session starts from."""
    return click.option(
        "--from",
        "from_version",
        metavar="SKILL@v2|@PERSONA",
        help="start from the weights of this version, with its settings as defaults  "
        "[default: from the base]",
    )(command)


def root_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--root`, the directory that holds the runs."""
    return click.option(
        "--root",
        type=click.Path(path_type=Path, file_okay=True),
        default=Path("runs"),
        help="directory that holds the runs  [default ./runs]",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`, one document (or one object a line) on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="machine-readable output")(command)

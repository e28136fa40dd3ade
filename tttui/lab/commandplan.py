"""A command that is about to be started: what was typed for its options, checked, and its
command line. Everything is made from the command's own definition."""

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import cache
from pathlib import Path
from typing import Any

import click

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.here import absolute
from tttui.model.setting import Setting
from tttui.model.shell import command_line

UNSAID = ("root", "as_json", "quiet", "wait", "detach", "follow", "watch", "help")
"""Options that say where, and how a command reports, which a form decides itself."""

STARTS = ("launcher", "detach")
"""An option of these has what goes on when the command has ended."""

ON, OFF = "on", "off"

_DEFAULT = re.compile(r"\s*\[default[^\]]*\]")

_FLAG = re.compile(r"--([a-z][a-z-]*)")
"""The option that a message begins with."""

CommandWords = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """The result of a command: the handle of the job that it started, and its message."""

    job: str | None
    message: str
    """The message in one line, for a person."""
    output: tuple[str, ...] = ()
    """The text of a command that only prints."""


@dataclass(frozen=True, slots=True)
class CommandPlan:
    """A command to start; `typed` holds a text by option, empty ones are left to the default."""

    words_before: CommandWords
    """The command's own words: `("train", "start")`."""
    command: click.Command
    root: Path
    """The run root, for commands that take one."""
    typed: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(_params(self.command))

    @property
    def title(self) -> str:
        return " ".join(self.words_before)

    @property
    def about(self) -> str:
        """What the command does, in a sentence."""
        return self.command.get_short_help_str(300)

    def group(self, name: str) -> str:
        """The heading of a field; '' for those that come first."""
        return str(getattr(self._param(name), "section", ""))

    def choices(self, name: str) -> tuple[str, ...]:
        """The choices of a field with a fixed set of values."""
        param = self._param(name)
        if _is_switch(param):
            return (ON, OFF)
        if isinstance(param.type, click.Choice):
            return tuple(str(getattr(one, "value", one)) for one in param.type.choices)
        setting = _setting(param)
        return () if setting is None else setting.words_to_choose

    def help(self, name: str) -> str:
        """One sentence, with the range, for a field."""
        param, setting = self._param(name), _setting(self._param(name))
        if setting is not None:
            return "; ".join(filter(None, (setting.help, setting.range or setting.shape)))
        help = _DEFAULT.sub("", getattr(param, "help", None) or "")
        if isinstance(param, click.Argument) and not help:
            help = f"the {param.human_readable_name} of the command"
        more = "several, with blanks between them" if _takes_several(param) else ""
        return "; ".join(filter(None, (help, _range(param.type), more)))

    def defaults(self) -> dict[str, str]:
        """Default values as text, by field."""
        return {name: _default(param) for name, param in _params(self.command).items()}

    def with_typed(self, name: str, text: str) -> "CommandPlan":
        """The plan with another text in a field."""
        return replace(self, typed={**self.typed, name: text})

    def text(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    def problems(self) -> dict[str, str]:
        """Problems by field; empty if the command can be started."""
        wrong = dict[str, str]()
        with click.Context(self.command, info_name=self.title) as ctx:
            for name, param in _params(self.command).items():
                why = self._why_not(name, param, ctx)
                if why:
                    wrong[name] = why
        return wrong or self._contradictions()

    def arguments(self) -> list[str]:
        """What follows the command's own words, as a person would type it."""
        options, values = list[str](), list[str]()
        for name, param in _params(self.command).items():
            text = self.text(name)
            if not text:
                continue
            if _is_switch(param):
                options += _switched(param, text)
            elif isinstance(param, click.Argument):
                values += self._items(param, text)
            elif param.nargs == 1:
                for item in self._items(param, text):
                    options += [_flag(param), item]
            else:
                options += [_flag(param), *self._items(param, text)]
        if any(isinstance(param, click.Option) and param.name == "root" for param in self._all()):
            options += ["--root", str(absolute(self.root))]
        return [*options, *(["--"] if any(v.startswith("-") for v in values) else []), *values]

    def command_line(self) -> str:
        """The whole line, to be shown and copied."""
        return command_line("tttui", *self.words_before, *self._safe_arguments())

    def carry_out(self, on_output: Callable[[str], object]) -> CommandOutcome:
        """Run the command in a process and wait for its end (jobs return at once).

        Call it in a thread. `on_output` receives each line of progress. Raises TttuiError with the
        command's message.
        """
        from tttui.runs.launch import run_command

        how = {param.name for param in self._all()}
        starts = bool(how & set(STARTS))
        more = ["--json"] if starts and "as_json" in how else []
        more += ["--detach"] if "detach" in how else []
        output = run_command([*self.words_before, *more, *self.arguments()], on_output)
        answer: object = None
        with suppress(ValueError):
            answer = json.loads(output) if starts else None
        if isinstance(answer, dict):
            job, path = answer.get("job") or answer.get("sweep"), answer.get("path")
            if isinstance(job, str):
                return CommandOutcome(job, f"{self.title}: job {job[:8]} is {answer.get('state')}")
            if isinstance(answer.get("said"), str):
                return CommandOutcome(None, f"{self.title}: {answer['said']}")
            if path is not None:
                return CommandOutcome(None, f"{self.title}: {path}")
        lines = tuple(output.rstrip().splitlines())
        return CommandOutcome(None, f"{self.title}: {lines[0] if lines else 'done'}", lines)

    def _safe_arguments(self) -> list[str]:
        """The arguments up to an unclosed quotation mark."""
        try:
            return self.arguments()
        except ValueError:
            return []

    def _why_not(self, name: str, param: click.Parameter, ctx: click.Context) -> str:
        text = self.text(name)
        if not text:
            return "is needed" if param.required and not _default(param) else ""
        if _is_switch(param):
            return "" if text in (ON, OFF) else f"{text!r} is neither on nor off"
        try:
            items = self._items(param, text)
            if param.nargs in (1, -1):
                for item in items:
                    param.type(item, param, ctx)
        except click.ClickException as error:
            return error.message.rstrip(".")
        except SettingError as error:
            return str(error).removeprefix(f"{error.name}: ")
        except (RefusedInput, ValueError) as error:
            return str(error)
        return ""

    def _contradictions(self) -> dict[str, str]:
        """Problems of the values together, from click and from the command's own check."""
        try:
            with self.command.make_context(self.title, self.arguments()) as ctx:
                check = getattr(self.command, "check", None)
                problems: Mapping[str, str] = (check(ctx.params) if check is not None else {}) or {}
            return {self._field(name): why for name, why in problems.items()}
        except click.UsageError as error:
            param = getattr(error, "param", None)
            return {self._field(param and param.name): error.format_message().rstrip(".")}
        except SettingError as error:
            return {self._field(error.name): str(error).removeprefix(f"{error.name}: ")}
        except (RefusedInput, click.ClickException) as error:
            flag = _FLAG.match(str(error))
            return {self._field(flag and flag[1].replace("-", "_")): str(error)}

    def _field(self, name: str | None) -> str:
        """The field of a parameter of the command; the first one where it has none."""
        params = _params(self.command)
        return next((key for key, param in params.items() if param.name == name), [*params, ""][0])

    def _items(self, param: click.Parameter, text: str) -> list[str]:
        """The words of a field that takes several, else its text. Raises ValueError."""
        return shlex.split(text) if _takes_several(param) else [text]

    def _param(self, name: str) -> click.Parameter:
        return _params(self.command)[name]

    def _all(self) -> list[click.Parameter]:
        return self.command.params


@dataclass(frozen=True, slots=True)
class ShellCommands:
    """The shell commands, injected into the screens, which may not import `cli`."""

    definition: Callable[[Sequence[str]], click.Command]
    """The command of some words. Raises RefusedInput where there is none."""
    listing: Callable[[], Sequence[tuple[CommandWords, str]]]
    """The words of every command that can be started, with what it does in a line."""

    def plan(self, words: Sequence[str], root: Path, typed: Mapping[str, str]) -> CommandPlan:
        """A command to start, with texts for some of its fields. Raises RefusedInput."""
        return CommandPlan(tuple(words), self.definition(words), root, dict(typed))


@cache
def _params(command: click.Command) -> Mapping[str, click.Parameter]:
    """The fields by name: arguments first, then options under their headings."""
    shown = [
        param
        for param in command.params
        if param.name
        and param.name not in UNSAID
        and not param.is_eager
        and not getattr(param, "hidden", False)
        and not getattr(param, "hide_input", False)
    ]
    shown.sort(
        key=lambda param: (
            isinstance(param, click.Option),
            bool(_section(param)),
            getattr(param, "last", False),
        )
    )
    sections = list(dict.fromkeys(map(_section, shown)))
    return {
        _called(param): param
        for section in sections
        for param in shown
        if _section(param) == section
    }


def _called(param: click.Parameter) -> str:
    """The name of a field: an option as a person types it."""
    if isinstance(param, click.Option):
        return _flag(param).lstrip("-").replace("-", "_")
    return str(param.name)


def _section(param: click.Parameter) -> str:
    return str(getattr(param, "section", ""))


def _is_switch(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and bool(param.is_flag)


def _switched(param: click.Parameter, text: str) -> list[str]:
    if text == ON:
        return [_flag(param)]
    return [param.secondary_opts[0]] if text == OFF and param.secondary_opts else []


def _flag(param: click.Parameter) -> str:
    return next((one for one in param.opts if one.startswith("--")), param.opts[0])


def _takes_several(param: click.Parameter) -> bool:
    return param.nargs != 1 or bool(getattr(param, "multiple", False))


def _setting(param: click.Parameter) -> Setting | None:
    setting = getattr(param.type, "setting", None)
    return setting if isinstance(setting, Setting) else None


def _range(kind: click.ParamType[Any]) -> str:
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"{'above' if getattr(kind, 'min_open', False) else 'at least'} {low:g}"
    return "" if high is None else f"at most {high:g}"


def _default(param: click.Parameter) -> str:
    """The default value as text."""
    setting = _setting(param)
    if setting is not None:
        return setting.text(setting.default)
    value = param.default() if callable(param.default) else param.default
    if isinstance(value, bool):
        return (ON if value else OFF) if _is_switch(param) else str(value)
    if isinstance(value, (str, int, float, Path)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return OFF if _is_switch(param) and not param.secondary_opts else ""

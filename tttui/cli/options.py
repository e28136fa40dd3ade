"""Command line options made from the settings dataclasses, and settings made from options."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import Field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from tttui.model.errors import RefusedInput, SettingError
from tttui.model.settings import (
    OWNER,
    PRESETS,
    Model,
    Plasticity,
    Pretraining,
    Settings,
    World,
    options,
)

SECTIONS: dict[str, tuple[str, type]] = {
    "world": ("World", World),
    "model": ("Model", Model),
    "plasticity": ("Update transaction", Plasticity),
    "pretraining": ("Pretraining", Pretraining),
    "run": ("Run", Settings),
}
"""Group name -> its heading in `--help` and the dataclass whose fields are its options."""

SPECS: dict[str, Field[Any]] = {
    spec.name: spec for _, cls in SECTIONS.values() for spec in options(cls)
}


class SettingOption(click.Option):
    """An option that knows the heading it is listed under."""

    def __init__(self, *args: Any, section: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose `--help` lists the settings under the headings of their groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(param, "section", ""), []).append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading or "Options"):
                    formatter.write_dl(records)


def setting_options(
    *sections: str, skip: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a command with one option a setting of the named groups.

    An option that was not given arrives as None, so that presets and files can be told
    apart from what the person typed.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for section in reversed(sections):
            heading, cls = SECTIONS[section]
            for spec in reversed(list(options(cls))):
                if spec.name not in skip and _can_vary(spec):
                    command = setting_option(spec, heading)(command)
        return command

    return decorate


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only the settings among a command's parameters that the person gave."""
    found = {k: v for k, v in values.items() if k in OWNER and v is not None and v != ()}
    if "mu_schedule" in found:
        found["mu_schedule"] = tuple(sorted(found["mu_schedule"]))
    return found


def settings_from(
    values: Mapping[str, Any], *, config: Path | None = None, preset: str | None = None
) -> Settings:
    """Settings from defaults < preset < file < options, validated.

    Raises SettingError naming the setting, RefusedInput naming the file.
    """
    in_file = read_config(config) if config is not None else {}
    preset = preset or in_file.pop("preset", None)
    in_file.pop("preset", None)
    settings = Settings()
    if preset is not None:
        settings = settings.with_preset(preset)
    if in_file:
        try:
            settings = settings.updated(in_file).validate()
        except SettingError as error:
            raise RefusedInput(f"{config}: {error}") from error
    return settings.updated(given(values)).validate()


def read_config(path: Path) -> dict[str, Any]:
    """The settings in a TOML file: flat, or in tables named as the groups.

    Raises RefusedInput naming the file, and the key where one is unknown.
    """
    document = read_toml(path)
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict) and key in SECTIONS:
            flat.update(value)
        else:
            flat[key] = value
    known = {*OWNER, "preset"}
    for key in flat:
        if key not in known:
            raise RefusedInput(f"{path}: unknown setting {key!r}{did_you_mean(key, known)}")
    if "preset" in flat and flat["preset"] not in PRESETS:
        raise RefusedInput(
            f"{path}: preset {flat['preset']!r} is unknown; choose from {', '.join(PRESETS)}"
        )
    return {key: _converted(path, key, value) for key, value in flat.items()}


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds. Raises RefusedInput naming the file."""
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


def _can_vary(spec: Field[Any]) -> bool:
    low, high = spec.metadata["minimum"], spec.metadata["maximum"]
    return low is None or low != high


def setting_option(
    spec: Field[Any], heading: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """One setting as an option, listed under a heading."""
    flag = "--" + spec.name.replace("_", "-")
    help_text = f"{spec.metadata['help']}  [{describe(spec)}]"
    kind: Any
    if isinstance(spec.default, bool):
        flag, kind = f"{flag}/--no-{flag[2:]}", None
    elif spec.metadata["choices"]:
        kind = click.Choice(spec.metadata["choices"])
    elif isinstance(spec.default, int):
        kind = click.INT
    elif isinstance(spec.default, str):
        kind = click.STRING
    else:
        kind = click.FLOAT
    return click.option(
        flag, spec.name, type=kind, default=None, help=help_text, cls=SettingOption, section=heading
    )


def describe(spec: Field[Any]) -> str:
    """Default, unit and range of a setting: `default 0.02; above 0`."""
    m, parts = spec.metadata, list[str]()
    default = spec.default
    if isinstance(default, bool):
        parts.append(f"default {'on' if default else 'off'}")
    elif default is not None:
        parts.append(f"default {default:g}" if isinstance(default, float) else f"default {default}")
    if m["unit"]:
        parts.append(m["unit"])
    low, high = m["minimum"], m["maximum"]
    if low is not None and high is not None:
        parts.append(f"{low:g} to {high:g}")
    elif low is not None:
        parts.append(f"at least {low:g}")
    elif m["above"] is not None:
        parts.append(f"above {m['above']:g}")
    return "; ".join(parts)


def _converted(path: Path, key: str, value: Any) -> Any:
    """A TOML value as the settings hold it: whole numbers become floats where floats belong."""
    if key == "mu_schedule":
        return _schedule(path, value)
    spec = SPECS.get(key)
    wants_float = spec is not None and (
        isinstance(spec.default, float) or (spec.default is None and not spec.metadata["choices"])
    )
    return float(value) if wants_float and type(value) is int else value


def _schedule(path: Path, value: Any) -> tuple[tuple[int, float], ...]:
    entries = value if isinstance(value, list) else [value]
    try:
        return tuple(
            sorted(
                parse_schedule(e) if isinstance(e, str) else (int(e[0]), float(e[1]))
                for e in entries
            )
        )
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise RefusedInput(
            f"{path}: mu_schedule: write it as a list of texts like '0.3@200' (MU@STEP)"
        ) from error


def parse_schedule(text: str) -> tuple[int, float]:
    """`0.3@200` -> (200, 0.3). Raises ValueError where it is anything else."""
    mu, _, step = text.partition("@")
    return int(step), float(mu)


class MuAtStep(click.ParamType[tuple[int, float]]):
    """The type of `--mu-schedule`."""

    name = "MU@STEP"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, float]:
        if isinstance(value, tuple):
            return value
        try:
            return parse_schedule(str(value))
        except ValueError:
            self.fail(f"{value!r} is not MU@STEP, for example 0.3@200", param, ctx)


def mu_schedule_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--mu-schedule MU@STEP`, repeatable."""
    return click.option(
        "--mu-schedule",
        "mu_schedule",
        type=MuAtStep(),
        multiple=True,
        cls=SettingOption,
        section=SECTIONS["world"][0],
        help="change the hidden friction to MU at STEP; may be repeated",
    )(command)


def model_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--model`: a session itself does not choose which files of this machine are loaded."""
    help = "directory of the model that RUN reads with, where its task needs one"
    return click.option("--model", metavar="DIR", help=help)(command)


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

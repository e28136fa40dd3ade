"""providers.toml: the endpoints that a person uses.

# ~/.config/tttui/providers.toml
[ollama]
kind = "openai"
base_url = "http://localhost:11434/v1"
model = "qwen3:0.6b"

[claude]
kind = "anthropic"
model = "claude-haiku-4-5"
key_env = "ANTHROPIC_API_KEY"     # the name of the variable; the key itself never stands here
price_in = 1.0                    # dollars for a million tokens
price_out = 5.0
"""

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.mutex import locked
from tttui.artifacts.regular import LARGEST_OBJECT, read_bytes
from tttui.lab.providers.secrets import VARIABLE
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.here import user_directory

if TYPE_CHECKING:
    from tttui.lab.providers.endpoint import Endpoint

KINDS: Mapping[str, str] = {
    "openai": "tttui.lab.providers.openai_compatible:OpenAICompatible",
    "anthropic": "tttui.lab.providers.anthropic_messages:AnthropicMessages",
}
"""Kinds of endpoints, with what speaks to them."""

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.IGNORECASE)

RESERVED = re.compile(r"numpy|torch-cpu|cpu|cuda.*", re.IGNORECASE)
"""Names of engines."""

_HEAD = re.compile(r"\s*\[\s*(?:\"([^\"]+)\"|'([^']+)'|([\w.-]+))\s*\]")
"""The line that begins a table."""

SECRETS = ("key", "api_key", "apikey", "token", "password", "secret", "authorization")
"""Keys under which somebody might write the key itself."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One endpoint as the file has it."""

    name: str
    kind: str
    base_url: str = ""
    """Base URL; empty: the kind's default service."""
    model: str = ""
    """The default model."""
    embedding_model: str = ""
    """The model for embeddings, if it is another."""
    key_env: str = ""
    """The name of the environment variable that holds the key; empty: it needs none."""
    price_in: float | None = None
    """Dollars for a million tokens that are read."""
    price_out: float | None = None
    """Dollars for a million tokens that are written."""

    def checked(self, where: str) -> "Definition":
        """Return self, or raise RefusedInput that begins with `where` and names the key."""
        if not NAME.fullmatch(self.name):
            raise RefusedInput(f"{where}: a name is of letters, digits and - _ . only")
        if RESERVED.fullmatch(self.name):
            raise RefusedInput(f"{where}: this is the name of an engine; choose another")
        if self.kind not in KINDS:
            raise RefusedInput(
                f"{where}: kind: {self.kind!r} is none; choose from {', '.join(KINDS)} "
                "(openai is for every server that is compatible with it)"
            )
        _check_url(self.base_url, where)
        if self.key_env and not VARIABLE.fullmatch(self.key_env):
            raise RefusedInput(  # which may be a key, so it is not repeated
                f"{where}: key_env: is no name of an environment variable (capitals, digits, _); "
                "put the key into a variable and write that one's name here"
            )
        for key in ("price_in", "price_out"):
            price = getattr(self, key)
            if price is not None and not (math.isfinite(price) and price >= 0.0):
                raise RefusedInput(f"{where}: {key}: is no price in dollars for a million tokens")
        return self

    def asdict(self) -> dict[str, Any]:
        """The definition as the file stores it."""
        return {k: v for k, v in asdict(self).items() if k != "name" and v not in ("", None)}


def providers_path(env: Mapping[str, str] = os.environ) -> Path | None:
    """`$XDG_CONFIG_HOME/tttui/providers.toml`, by default below ~/.config; None without a home."""
    home = user_directory("XDG_CONFIG_HOME", ".config", env)
    return None if home is None else home / "tttui" / "providers.toml"


def read_definitions(path: Path | None) -> dict[str, Definition]:
    """The endpoints in a file; none where there is no file.

    Raises RefusedInput that names the file, the endpoint, the key and the remedy.
    """
    if path is None:
        return {}
    try:
        text = read_bytes(path.resolve(), LARGEST_OBJECT).decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedInput(f"{path}: cannot be read: {error}") from None
    import tomllib

    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RefusedInput(f"{path}: is no TOML: {error}; correct that line") from None
    definitions = {}
    for name, values in raw.items():
        if not isinstance(values, dict):
            raise RefusedInput(
                f"{path}: {name}: stands outside an endpoint; begin one with a line [NAME]"
            )
        definitions[name] = _definition(f"{path}: [{name}]", name, values)
    return definitions


def endpoint_of(definition: Definition) -> "Endpoint":
    """The provider of a definition."""
    module, _, name = KINDS[definition.kind].partition(":")
    made: Endpoint = getattr(import_module(module), name)(definition)
    return made


def add_definition(path: Path, definition: Definition, *, replace: bool = False) -> None:
    """Add an endpoint to the file, leaving the rest unchanged.

    Raises RefusedInput if the name is taken or the file is damaged.
    """
    definition.checked(definition.name)
    with _changing(path):
        known = read_definitions(path)
        if definition.name in known and not replace:
            raise RefusedInput(
                f"{definition.name}: there is an endpoint of this name in {path}; choose another, "
                f"or remove it first with `tttui provider remove {definition.name}`"
            )
        text = _without(_text(path), definition.name) if definition.name in known else _text(path)
        expected = {
            name: one.asdict() for name, one in (known | {definition.name: definition}).items()
        }
        lines = [f"[{_toml_key(definition.name)}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in definition.asdict().items()]
        before = text.rstrip() + "\n\n" if text.strip() else ""
        _write(path, before + "\n".join(lines) + "\n", expected)


def remove_definition(path: Path, name: str) -> None:
    """Remove an endpoint from the file. Raises RefusedInput if there is none of that name."""
    with _changing(path):
        known = read_definitions(path)
        if name not in known:
            there = f"there are {', '.join(known)}" if known else "it names no endpoint"
            raise RefusedInput(f"{name}: is no endpoint in {path}; {there}")
        del known[name]
        _write(path, _without(_text(path), name), {k: one.asdict() for k, one in known.items()})


def _definition(where: str, name: str, values: Mapping[str, Any]) -> Definition:
    kinds: Mapping[str, type] = {
        one: float if one.startswith("price") else str
        for one in Definition.__dataclass_fields__
        if one != "name"
    }
    fields: dict[str, Any] = {}
    for key, value in values.items():
        if key.lower() in SECRETS:
            raise RefusedInput(
                f"{where}: {key}: a key never stands in this file; put it into an environment "
                'variable and write key_env = "ITS_NAME"'
            )
        if key not in kinds:
            close = get_close_matches(key, kinds, 1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(kinds)}"
            raise RefusedInput(f"{where}: {key}: unknown key; {hint}")
        number = kinds[key] is float and isinstance(value, int) and not isinstance(value, bool)
        if not isinstance(value, kinds[key]) and not number:
            what = "a number" if kinds[key] is float else 'a text in "quotes"'
            raise RefusedInput(f"{where}: {key}: has to be {what}")
        fields[key] = float(value) if number else value
    if "kind" not in fields:
        raise RefusedInput(f'{where}: kind: is missing; write kind = "openai" or "anthropic"')
    return Definition(name, **fields).checked(where)


def _check_url(url: str, where: str) -> None:
    """Raise RefusedInput if a base URL is invalid or holds a secret."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or not url.isprintable():
        raise RefusedInput(
            f"{where}: base_url: is no URL such as http://localhost:11434/v1 or https://host/v1"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise RefusedInput(
            f"{where}: base_url: holds a password or a query; put the key into an environment "
            "variable and name that in key_env"
        )


def _text(path: Path) -> str:
    try:
        return read_bytes(path.resolve(), LARGEST_OBJECT).decode("utf-8-sig")
    except FileNotFoundError:
        return ""


@contextmanager
def _changing(path: Path) -> Iterator[None]:
    """Lock the file during a change, so that two commands do not overwrite each other."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.parent / "providers.lock"):
            yield
    except OSError as error:
        raise RefusedInput(f"{path.parent}: cannot be written: {error.strerror}") from error


def _write(path: Path, text: str, expected: Mapping[str, Any]) -> None:
    """Replace the file, which is to say `wanted`; the person may keep it elsewhere, by a link."""
    import tomllib

    try:
        right = tomllib.loads(text) == expected
    except tomllib.TOMLDecodeError:
        right = False
    if not right:
        raise RefusedInput(f"{path}: is written in a way that cannot be changed here; edit it")
    write_whole(path.resolve(), text.encode())


def _without(text: str, name: str) -> str:
    """The text without the table of this name; keeps comments before the next table."""
    rest, skipped, skipping = list[str](), list[str](), False
    for line in text.splitlines(keepends=True):
        if (head := _HEAD.match(line)) is not None:
            rest += skipped
            skipped = []
            skipping = next(filter(None, head.groups())) == name
        if not skipping:
            rest.append(line)
        elif head is None and line.lstrip().startswith(("#", "\n")):
            skipped.append(line)
        else:
            skipped = []
    return "".join(rest)


def _toml_key(name: str) -> str:
    return f'"{name}"' if "." in name else name


def _toml(value: str | float) -> str:
    # Basic strings of TOML are those of JSON, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

"""The preferences of a person, from a configuration file: theme, mouse, ASCII, keys.

# ~/.config/tttui/config.toml
theme = "light"
ascii = false
mouse = false
[keys]
step-forward = "right,ctrl+f"
step-back = "left,B"
"""

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.here import user_directory

KINDS: Mapping[str, type] = {"theme": str, "ascii": bool, "mouse": bool, "keys": dict}


@dataclass(frozen=True, slots=True)
class Preferences:
    """None: as the terminal and the defaults say."""

    theme: str | None = None
    ascii: bool | None = None
    mouse: bool = True
    keys: Mapping[str, str] = field(default_factory=dict[str, str])


def config_path(env: Mapping[str, str] = os.environ) -> Path | None:
    """`$XDG_CONFIG_HOME/tttui/config.toml`, by default below ~/.config; None without a home."""
    home = user_directory("XDG_CONFIG_HOME", ".config", env)
    return None if home is None else home / "tttui" / "config.toml"


def read_preferences(path: Path | None) -> Preferences:
    """The preferences in a file; the defaults where there is none.

    Raises RefusedInput that names the file and the key or line at fault.
    """
    if path is None:
        return Preferences()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Preferences()
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedInput(f"{path}: cannot be read: {error}") from error
    import tomllib

    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RefusedInput(f"{path}: {error}") from error
    for key, value in values.items():
        kind = KINDS.get(key)
        if kind is None:
            raise RefusedInput(f"{path}: {key}: unknown; known are {', '.join(KINDS)}")
        if not isinstance(value, kind):
            raise RefusedInput(f"{path}: {key}: {value!r} is not a {kind.__name__}")
    for name, keys in values.get("keys", {}).items():
        if not isinstance(keys, str) or not keys.strip():
            raise RefusedInput(f"{path}: keys.{name}: {keys!r} names no key")
    return Preferences(**values)

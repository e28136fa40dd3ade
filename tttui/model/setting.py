"""One setting: its name, sentence, unit, range and choices, and the one parser of its values.

A settings dataclass declares its fields by `option`; `options(cls)` gives them as `Setting`s, of
which everything else is made: the options of the command line (`cli.options`), the fields of the
launch form (`runs.plan`), what a key of meta.json or of a TOML file may hold, and what can be
turned in a what-if:

    lr = setting_of(Plasticity, "lr")
    lr.parsed("0.01")           # 0.01; a SettingError says what is wrong, in one line
    lr.check(-1.0)              # raises SettingError: lr: -1.0 is not above 0
    lr.why_not("abc")           # 'not a number'; '' where it is allowed, nothing is raised
    lr.kind, lr.range           # 'number', 'above 0'
    lr.minimum, lr.above, lr.maximum, lr.choices, lr.unit, lr.help, lr.default
    lr.text(0.01)               # '0.01', as a person reads it
    lr.words("0.01")            # ['--lr', '0.01'], as a person types it
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field, fields, replace
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from tttui.model.dataclass import dataclass
from tttui.model.errors import SettingError

Values = Mapping[str, Any]
"""Settings as a file holds them, by key."""

Kind = Literal["switch", "choice", "count", "number", "file", "text", "list"]
"""`count`: a whole number. `file`: the path of a file or directory. `list`: several texts, each
read by the setting's `item`."""

SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}

LONGEST_SHOWN = 40
"""Characters of a value in a message."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a settings dataclass with its description, unit, range and choices."""

    name: str
    kind: Kind
    default: Any
    help: str
    unit: str = ""
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    absent: str = ""
    """The meaning of an absent value (None, or an empty text): `random`."""
    shape: str = ""
    """How an item of a list is written: `MU@STEP`."""
    item: Callable[[str], Any] | None = None
    """Reads one item of a list; raises ValueError saying what is wrong, or SettingError."""

    @property
    def label(self) -> str:
        """`inner steps`"""
        return self.name.replace("_", " ")

    @property
    def flag(self) -> str:
        """`--inner-steps`"""
        return "--" + self.name.replace("_", "-")

    @property
    def varies(self) -> bool:
        """Whether more than one value is allowed."""
        return self.minimum is None or self.minimum != self.maximum

    @property
    def words_to_choose(self) -> tuple[str, ...]:
        """The few words that can be typed; empty where it is not one of a few."""
        return ("on", "off") if self.kind == "switch" else self.choices

    @property
    def range(self) -> str:
        """`above 0`, `0 to 1`, `at least 1`, `linear or nonlinear`, `on or off`; may be ''."""
        if self.words_to_choose:
            return " or ".join(self.words_to_choose)
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None:
            return f"at least {self.minimum:g}"
        return f"above {self.above:g}" if self.above is not None else ""

    def text(self, value: Any) -> str:
        """A value as a person reads it: `0.02`, `on`, `random`."""
        if value in (None, "", ()):
            return self.absent
        if isinstance(value, bool):
            return "on" if value else "off"
        return f"{value:g}" if isinstance(value, float) else str(value)

    def words(self, text: str) -> list[str]:
        """A value typed into a form, as words of a command line."""
        if not text:
            return []
        if self.kind == "switch":
            return [self.flag if SWITCH.get(text) else f"--no-{self.flag[2:]}"]
        if self.kind == "list":
            return [word for part in parts(text) for word in (self.flag, part)]
        return [self.flag, text]

    def parsed(self, text: str) -> Any:
        """Parse a typed value. Raises SettingError."""
        text = text.strip()
        if self.kind == "list":
            return self._items(text)
        value: Any = text
        if self.kind == "switch":
            value = SWITCH.get(text, text)
        elif self.kind in ("count", "number"):
            value = number(text)
        value = self.adapted(value)
        self.check(value)
        return value

    def adapted(self, value: Any) -> Any:
        """A value of JSON or TOML in the type that the setting has: 1 as 1.0, 32.0 as 32."""
        if self.kind == "number" and type(value) is int and abs(value) < 1e300:
            return float(value)
        if self.kind == "count" and isinstance(value, float) and value.is_integer():
            return int(value)
        return value

    def check(self, value: Any) -> None:
        """Raise SettingError where a value is outside what is allowed."""
        if value is None and self.default is None:
            return
        why = self.why_not(value)
        if why:
            reason = "a value is needed" if value is None else f"{shown(value)} is {why}"
            raise SettingError(self.name, reason)

    def why_not(self, value: Any) -> str:
        """Why `value` is not allowed: `not a number`; '' if it is.

        `value` may be any JSON value.
        """
        match self.kind:
            case "choice":
                return "" if value in self.choices else f"not one of {', '.join(self.choices)}"
            case "switch":
                return "" if isinstance(value, bool) else "neither true nor false"
            case "text" | "file":
                usable = isinstance(value, str) and (value != "" or self.default == "")
                return "" if usable else "not a text"
            case "list":
                return "" if isinstance(value, (list, tuple)) else "not a list"
        whole = self.kind == "count"
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            return f"not a {'whole number' if whole else 'number'}"
        if not math.isfinite(float_of(value)):
            return "not finite" if isinstance(value, float) else "too large"
        if self.minimum is not None and value < self.minimum:
            return f"below the smallest allowed value {self.minimum:g}"
        if self.above is not None and value <= self.above:
            return f"not above {self.above:g}"
        if self.maximum is not None and value > self.maximum:
            return f"above the largest allowed value {self.maximum:g}"
        return ""

    def _items(self, text: str) -> tuple[Any, ...]:
        assert self.item is not None
        items: list[Any] = []
        for part in parts(text):
            try:
                items.append(self.item(part))
            except ValueError as error:
                raise SettingError(self.name, str(error)) from None
        return tuple(sorted(items))


Known = Mapping[str, Setting]
"""The settings that there are, by key."""


def option(
    default: Any,
    help: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    absent: str = "",
    file: bool = False,
    shape: str = "",
    item: Callable[[str], Any] | None = None,
) -> Any:
    """A field of a settings dataclass, with its own sentence, unit and range.

    `minimum` and `maximum` are inclusive, `above` is an exclusive lower bound. `file`: the text
    is the path of a file or directory. `shape` and `item`: it is a list (see `Setting`).
    """
    kind: Kind = "list" if item else "choice" if choices else "file" if file else "text"
    made = Setting(
        "", kind, default, help, unit, minimum, above, maximum, choices, absent, shape, item
    )
    return field(default=default, metadata={"setting": made})


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that stand under one heading, of `--help` and of the launch form."""

    heading: str
    settings: tuple[Setting, ...]
    of_base: bool = False
    """Whether they belong to the base that sessions start from: a fork has those of its parent."""

    @classmethod
    def of(cls, heading: str, kind: type, like: Any = None, *, of_base: bool = False) -> "Group":
        """The settings of a dataclass; `like` is an instance that holds their defaults."""
        settings = options(kind)
        if like is not None:
            settings = tuple(replace(one, default=getattr(like, one.name)) for one in settings)
        return cls(heading, settings, of_base)


def options(group: object) -> tuple[Setting, ...]:
    """The settings of a dataclass (an instance or the class), in order."""
    return _options(group if isinstance(group, type) else type(group))


def setting_of(group: type, name: str) -> Setting:
    """The setting of a dataclass that has this name."""
    return next(one for one in options(group) if one.name == name)


@cache
def _options(cls: type) -> tuple[Setting, ...]:
    return tuple(_named(cls))


def _named(cls: type) -> Iterator[Setting]:
    try:
        types = get_type_hints(cls)
    except NameError:  # names that only a type checker sees: the defaults tell
        types = {}
    for one in fields(cls):
        made = one.metadata.get("setting")
        if made is not None:
            kind = made.kind if made.kind != "text" else _kind(types.get(one.name), made.default)
            yield replace(made, name=one.name, kind=kind)


def _kind(annotation: Any, default: Any) -> Kind:
    """What a field holds by its annotation, or by its default."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next((t for t in get_args(annotation) if t is not type(None)), None)
    value_type = annotation if annotation in (bool, int, float, str) else type(default)
    kinds: dict[Any, Kind] = {bool: "switch", int: "count", float: "number", str: "text"}
    return kinds.get(value_type, "number")


def parts(text: str) -> list[str]:
    """The items of a list that was typed, with blanks or commas between."""
    return text.replace(",", " ").split()


def number(text: str) -> int | float | str:
    """A number as it was typed, or the text where it is none."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def float_of(value: float) -> float:
    """A number as float: infinity for a whole number that is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def shown(value: Any) -> str:
    """A value of a file for a message, in one short line."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # too many digits, too deep
        text = f"a {type(value).__name__}"
    text = " ".join(text.split())  # arrays have several lines
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def checked_values(
    values: Values,
    known: Known,
    lead: str,
    wrong: list[str],
    *,
    unknown: bool = True,
) -> dict[str, Any]:
    """What a file holds at `lead`, without the values that are wrong (and, unless wanted, those of
    unknown keys); what is wrong is added to `wrong`, by key."""
    out: dict[str, Any] = {}
    if lead:
        wrong += misspelt(values, known, lead)
    for key, value in values.items():
        spec = known.get(key)
        if value is None or spec is None:
            if unknown:
                out[key] = value
            continue
        if isinstance(value, float) and spec.kind == "count":
            value = spec.adapted(value)  # 32.0: programs without whole numbers write them so
        why = spec.why_not(value)
        if why:
            wrong.append(f"{lead}{key} is {shown(value)}, {why}")
        else:
            out[key] = value
    return out


def misspelt(values: Values, known: Iterable[str], lead: str) -> Iterable[str]:
    """The keys that would be known if their letters had the right case."""
    names = set(known)
    for key in values:
        if key not in names and key.lower() in names and key.lower() not in values:
            yield f"{lead}{key} is not read: the key is {key.lower()}"


def is_step(value: Any) -> bool:
    """Whether a value of a file is a step: a whole number from 0 on, in 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63

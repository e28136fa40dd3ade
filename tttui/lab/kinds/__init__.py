"""The kinds of jobs there are: a module each, found by its name."""

from importlib import import_module
from pkgutil import iter_modules

from tttui.lab.kinds.base import JobKind
from tttui.model.errors import RefusedInput


def kind_names() -> list[str]:
    """The names of all kinds, without importing them."""
    return sorted(m.name for m in iter_modules(__path__) if m.name != "base")


def kind_of(name: str) -> JobKind:
    """The kind of this name. Raises RefusedInput where this version has none."""
    if name not in kind_names():
        raise RefusedInput(
            f"{name[:40]!r} is no kind of job in this version; known are {', '.join(kind_names())}"
        )
    kind: JobKind = import_module(f"tttui.lab.kinds.{name}").KIND
    return kind

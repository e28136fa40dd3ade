"""Names of weights in wrapped models: torch.compile, DataParallel and others."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

WRAPPERS = ("_orig_mod.", "module.")
"""What they put in front, in any order and number."""

Value = TypeVar("Value")


def unwrapped(name: str) -> str:
    """`module._orig_mod.W_u` -> `W_u`."""
    while name.startswith(WRAPPERS):
        for wrapper in WRAPPERS:
            name = name.removeprefix(wrapper)
    return name


def unwrapped_names(names: Iterable[str]) -> dict[str, str]:
    """The plain name of every weight -> the one that it has; a plain one goes first."""
    of_plain: dict[str, str] = {}
    for name in names:
        plain = unwrapped(name)
        if plain not in of_plain or name == plain:
            of_plain[plain] = name
    return of_plain


def unwrapped_state(state: Mapping[str, Value]) -> dict[str, Value]:
    """A state dict under plain names."""
    names = unwrapped_names(name for name in state if isinstance(name, str))
    return {plain: state[name] for plain, name in names.items()}

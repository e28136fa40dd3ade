"""Where something can be executed: engines of this machine, and endpoints for language models.

Each kind is one module with a `base.Provider`; nothing outside it asks which one it is.
"""

import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from tttui.lab.providers.base import KnownProviders, Provider
from tttui.lab.providers.configuration import endpoint_of, providers_path, read_definitions
from tttui.lab.providers.engines import engines
from tttui.model.errors import RefusedInput, TttuiError


def find_providers(path: Path | None = None) -> KnownProviders:
    """All providers by name, engines first; what is wrong with providers.toml is a problem.

    `path` is another file than the person's own.
    """
    found: dict[str, Provider] = {engine.name: engine for engine in engines()}
    try:
        definitions = read_definitions(path or providers_path())
    except TttuiError as error:
        return KnownProviders(found, str(error))
    found |= {name: endpoint_of(definition) for name, definition in definitions.items()}
    return KnownProviders(found)


def providers_named(names: Sequence[str], path: Path | None = None) -> list[Provider]:
    """The providers of these names. Raises RefusedInput for one that is not there."""
    found = find_providers(path)
    for name in names:
        if name not in found.providers:
            if found.problem:
                raise RefusedInput(found.problem)
            close = get_close_matches(name, found.providers, 1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise RefusedInput(
                f"{name[:40]!r} is no provider; {hint}there are {', '.join(found.providers)}; "
                "`tttui provider add` adds an endpoint"
            )
    return [found.providers[name] for name in dict.fromkeys(names)]


def keys_here(names: Iterable[str]) -> tuple[str, ...]:
    """The variables that are set here and hold the keys of these providers."""
    found = find_providers().providers
    used = {variable for name in names if name in found for variable in found[name].variables}
    return tuple(sorted(variable for variable in used if os.environ.get(variable)))

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
    providers: dict[str, Provider] = {engine.name: engine for engine in engines()}
    try:
        definitions = read_definitions(path or providers_path())
    except TttuiError as error:
        return KnownProviders(providers, str(error))
    providers |= {name: endpoint_of(definition) for name, definition in definitions.items()}
    return KnownProviders(providers)


def providers_named(names: Sequence[str], path: Path | None = None) -> list[Provider]:
    """The providers of these names. Raises RefusedInput for one that is not there."""
    known = find_providers(path)
    for name in names:
        if name not in known.providers:
            if known.problem:
                raise RefusedInput(known.problem)
            close = get_close_matches(name, known.providers, 1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise RefusedInput(
                f"{name[:40]!r} is no provider; {hint}there are {', '.join(known.providers)}; "
                "`tttui provider add` adds an endpoint"
            )
    return [known.providers[name] for name in dict.fromkeys(names)]


def keys_here(names: Iterable[str]) -> tuple[str, ...]:
    """The variables that are set here and hold the keys of these providers."""
    providers = find_providers().providers
    used = {
        variable for name in names if name in providers for variable in providers[name].variables
    }
    return tuple(sorted(variable for variable in used if os.environ.get(variable)))

"""Names of versions and personas: `walker`, `walker@v2`, `@helper`, `@helper/DOMAIN`."""

import re

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput

DEFAULT = "default"
"""The domain of a persona where none is said."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = re.compile(r"v([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Named:
    """A parsed name: a skill with or without a number, or a persona of a domain."""

    skill: str = ""
    number: int | None = None
    persona: str = ""
    domain: str = DEFAULT


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def check_name(text: str, what: str) -> str:
    """Return the name. Raises RefusedInput if it is invalid; `what` says what it names (`a
    skill`)."""
    if not is_name(text):
        raise RefusedInput(
            f"{text[:70]!r} is no name of {what}: up to 64 letters, digits and . _ - are allowed, "
            "the first a letter or digit"
        )
    return text


def version_number(text: str) -> int | None:
    """The number of `v3`; None for anything else."""
    match = _VERSION.fullmatch(text)
    return int(match[1]) if match else None


def named(text: str) -> Named:
    """Parse a typed name. Raises RefusedInput if it is invalid."""
    name, at, rest = text.strip().partition("@")
    if at and not name:
        persona, slash, domain = rest.partition("/")
        check_name(persona, "a persona")
        return Named(persona=persona, domain=check_name(domain, "a domain") if slash else DEFAULT)
    check_name(name, "a skill")
    if not at:
        return Named(skill=name)
    number = version_number(rest)
    if number is None:
        raise RefusedInput(f"{text[:70]!r}: write a version as {name}@v1, a persona as @NAME")
    return Named(skill=name, number=number)


def is_version(text: str) -> bool:
    """Whether this is the name of one version: `walker@v2`."""
    skill, _, number = text.partition("@")
    return is_name(skill) and version_number(number) is not None


def persona_name(text: str) -> str:
    """The name of a persona, with or without its @. Raises RefusedInput."""
    return check_name(text.removeprefix("@"), "a persona")


def called(persona: str, domain: str) -> str:
    """`@helper`, or `@helper/DOMAIN`."""
    return f"@{persona}" if domain == DEFAULT else f"@{persona}/{domain}"

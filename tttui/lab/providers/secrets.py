"""The key of an endpoint, which is sent to the endpoint and written nowhere."""

import base64
import json
import os
import re
from urllib.parse import quote

from tttui.lab.providers.base import Failure

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
"""How the name of an environment variable is written here. Lower case is refused: a key that
somebody puts in the place of a name is not taken for one."""

HIDDEN = "***"

LEAST = 4
"""Characters below which a key cannot be distinguished from other text."""

PIECE = 8
"""Characters of a key that are hidden wherever they stand together."""


class SecretKey:
    """The key in an environment variable; only `reveal` returns it."""

    __slots__ = ("_pieces", "_size", "_value")

    def __init__(self, value: str = "") -> None:
        self._value = value
        self._size = min(PIECE, len(value))
        self._pieces: frozenset[str] = frozenset()
        if len(value) >= LEAST:
            forms = {value, quote(value, safe=""), json.dumps(value)[1:-1], value[::-1]}
            forms.add(base64.b64encode(value.encode()).decode().rstrip("="))
            n = self._size
            self._pieces = frozenset(f[i : i + n] for f in forms for i in range(len(f) - n + 1))

    @classmethod
    def of(cls, variable: str) -> "SecretKey":
        """From the environment; an endpoint that names no variable needs none. Raises Failure."""
        if not variable:
            return cls()
        value = os.environ.get(variable, "").strip()
        if not value:
            raise Failure(
                f"the key is not set: put it into the environment variable {variable} "
                f"(`read -rs {variable}; export {variable}`)"
            )
        if not value.isascii() or not value.isprintable():
            raise Failure(f"the key in {variable} has characters that no header can carry")
        return cls(value)

    def reveal(self) -> str:
        """The key itself, for the client that sends it."""
        return self._value

    def hide(self, text: str) -> str:
        """The text without the key or a part of it, in any quoting."""
        n, pieces = self._size, self._pieces
        if not pieces or len(text) < n:
            return text
        parts, at, end = list[str](), 0, 0
        for i in range(len(text) - n + 1):
            if text[i : i + n] in pieces:
                if i >= end:
                    parts += (text[at:i], HIDDEN)
                at = end = i + n
        return "".join((*parts, text[at:]))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"SecretKey({HIDDEN if self._value else ''})"

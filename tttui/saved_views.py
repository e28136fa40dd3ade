"""The last view of each session, kept beside no session: looking writes nothing into one.

One JSON file, `$XDG_STATE_HOME/tttui/views.json` (by default below ~/.local/state). It is a
convenience: what cannot be read or written is forgotten without a word.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from tttui.artifacts.atomic import write_whole
from tttui.keys.command import TABS
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import resolved, user_directory
from tttui.model.start import StartView
from tttui.panes import refuse_unknown

MOST = 200
"""Sessions whose view is kept; the oldest are forgotten."""


def views_path() -> Path | None:
    """Where the views are kept; None for a user without a home."""
    home = user_directory("XDG_STATE_HOME", ".local/state", os.environ)
    return None if home is None else home / "tttui" / "views.json"


class Remembered:
    """Views by the session's path."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self, session: Path) -> StartView | None:
        """The last view of a session, or None."""
        kept = self._read().get(str(resolved(session)))
        if not isinstance(kept, dict):
            return None
        try:
            view = msgspec.convert({k: v for k, v in kept.items() if v != []}, StartView)
            if view.tab not in TABS:
                return None
            refuse_unknown(view)  # a region may have had another name when it was kept
        except (msgspec.ValidationError, RefusedInput):
            return None
        return view

    def keep(self, session: Path, view: StartView) -> None:
        """Make `view` the last one of a session."""
        import json

        views = self._read()
        key = str(resolved(session))
        views.pop(key, None)
        views[key] = msgspec.to_builtins(view)
        newest = dict(list(views.items())[-MOST:])
        with suppress(TttuiError):
            write_whole(self._path, json.dumps(newest, indent=1).encode(), parents=True)

    def _read(self) -> dict[str, Any]:
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return {}
        import json

        try:
            views = json.loads(text)
        except ValueError:
            return {}
        return views if isinstance(views, dict) else {}

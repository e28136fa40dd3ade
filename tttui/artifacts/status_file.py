"""Writing status.json: who writes the session, how far it is, and that it is still there."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import write_over, write_whole
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.processes import boottime, own_process
from tttui.model.errors import TttuiError


class StatusFile:
    """The status.json of a session that this process writes; every writing is a heartbeat."""

    def __init__(self, directory: Path, said: Mapping[str, Any] | None = None) -> None:
        self._path = directory / "status.json"
        self._said: dict[str, Any] = dict(said or {})
        self._beats = 0

    def write(self, *, last: bool = False, **fields: Any) -> None:
        """Replace the file: what was said before, these fields, this process, a heartbeat.

        The `last` words of a run are written over the older ones where there is no room beside
        them: on a full disk they say that it was full. Raises TttuiError.
        """
        self._said.update(fields)
        self._beats += 1
        beat = {
            "beat": self._beats,
            "heartbeat_at": time.time(),
            "heartbeat_boottime": boottime(),
        }
        content = json_bytes({**own_process(), **self._said, **beat})
        try:
            write_whole(self._path, content)
        except TttuiError:
            if not last:
                raise
            write_over(self._path, content)

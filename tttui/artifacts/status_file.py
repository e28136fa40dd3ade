"""Writing status.json: the writer of a session, its progress and its heartbeat."""

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

    def __init__(self, directory: Path, fields: Mapping[str, Any] | None = None) -> None:
        self._path = directory / "status.json"
        self._fields: dict[str, Any] = dict(fields or {})
        self._beats = 0

    def write(self, *, last: bool = False, **fields: Any) -> None:
        """Replace the file: earlier fields, these fields, this process, a heartbeat.

        With `last` a full disk is overwritten in place, so that the final status can say that it
        was full. Raises TttuiError.
        """
        self._fields.update(fields)
        self._beats += 1
        beat = {
            "beat": self._beats,
            "heartbeat_at": time.time(),
            "heartbeat_boottime": boottime(),
        }
        content = json_bytes({**own_process(), **self._fields, **beat})
        try:
            write_whole(self._path, content)
        except TttuiError:
            if not last:
                raise
            write_over(self._path, content)

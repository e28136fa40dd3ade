"""The runs of one session of a store."""

import os
import re
from pathlib import Path

from tttui.artifacts.regular import leads_out
from tttui.model.natural import natural


def runs_of(session: Path) -> tuple[str, ...]:
    """Names below `runs/` of a store's session, oldest first; empty where there are none.

    Folders that lead out of the session are among them, so that reading them says so.
    """
    if leads_out(session / "runs", session):
        return ()
    try:
        with os.scandir(session / "runs") as entries:
            folders = [e for e in entries if not e.name.startswith(".") and e.is_dir()]
    except OSError:
        return ()
    return tuple(entry.name for entry in sorted(folders, key=_age))


def _age(entry: os.DirEntry[str]) -> tuple[float, str]:
    """The Unix time in the name (`<session>_<time>_seed<n>`), else the folder's."""
    stamp = re.search(r"_(\d{9,11})(?:_|$)", entry.name)
    if stamp:
        return float(stamp[1]), natural(entry.name)
    try:
        return entry.stat().st_mtime, natural(entry.name)
    except OSError:
        return 0.0, natural(entry.name)

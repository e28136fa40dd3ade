"""`tttui audit`: the changes of the registry, their authors, and a check of the chain."""

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tttui.cli.options import json_option, root_option

MOST = 100_000
"""Changes that are printed, the newest."""

if TYPE_CHECKING:
    from tttui.lab.audit import AuditEntry

HEADERS = ("change", "date", "who", "what", "of", "before", "after", "command")


@click.command("audit")
@root_option
@click.option("--verify", "check", is_flag=True, help="check every line, version and persona")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="only the newest N changes")
@json_option
def command(root: Path, check: bool, last: int | None, as_json: bool) -> int:
    """Print every change of the registry, its personas and genomes, the newest last.

    Each line carries the hash of the one before. With --verify the first line that does not fit
    is named (exit code 1), lines cut off at the end are told from changed ones, and versions and
    personas are compared with what was recorded of them.
    """
    from tttui.cli.output import json_document, result, say, table
    from tttui.lab import audit

    if check:
        return _verify(root, as_json)
    entries = deque(audit.lines(root), maxlen=last or MOST)
    if as_json:
        for line in entries:
            json_document(dict(line.raw), indent=None)
    elif entries:
        result(*table(HEADERS, map(_row, entries), right={0}))
        for line in entries:
            if line.forced:
                say(f"change {line.n} was forced: {line.forced}")
    else:
        say(f"nothing was changed below {root} yet; `tttui model register` makes the first change")
    return 0


def _verify(root: Path, as_json: bool) -> int:
    from tttui.cli.output import json_document, result, say
    from tttui.lab.auditing import verify

    verified = verify(root)
    if as_json:
        json_document(
            {
                "fits": verified.fits,
                "lines": verified.lines,
                "sha256": verified.digest,
                "findings": [
                    {"trouble": one.trouble, "line": one.line, "text": one.text}
                    for one in verified.findings
                ],
                "notes": list(verified.notes),
            }
        )
    else:
        for note in verified.notes:
            say(note)
        if verified.fits:
            result(
                f"{verified.lines} changes fit together; the last has the sha256 {verified.digest}"
            )
        else:
            result(*(one.text for one in verified.findings))
    return 0 if verified.fits else 1


def _row(line: "AuditEntry") -> tuple[str, ...]:
    from tttui.cli.registry import day

    collection, _, action = line.action.partition(":")
    return (
        str(line.n),
        day(line.time),
        f"{line.user}@{line.host}"[:24],
        action.replace("_", " ") + (" (forced)" if line.forced else ""),
        line.subject[:40] or collection,
        _what(line.before),
        _what(line.after),
        line.command[:80],
    )


def _what(state: object) -> str:
    if not isinstance(state, dict) or not state:
        return "-"
    for key in ("version", "verdict", "from"):
        if isinstance(state.get(key), str):
            return str(state[key])[:24]
    return "-"

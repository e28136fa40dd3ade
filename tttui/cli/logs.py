"""`tttui logs`: the logs of all jobs and sessions as one."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tttui.cli.options import root_option

if TYPE_CHECKING:
    from tttui.lab.logs import LogEntry

LOOK_S, SHARE = 0.2, 9
"""Seconds between two looks at what was appended, and how much longer than a look takes."""

OWNER = 20
"""Characters of the column that says whose line it is."""


@click.command("logs")
@root_option
@click.option("--grep", metavar="RE", help="only lines in which this regular expression is found")
@click.option(
    "--level",
    type=click.Choice(("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), case_sensitive=False),
    help="only lines of this level and above",
)
@click.option("--since", metavar="AGE", help="only lines not older than this: 90s, 30min, 2h, 1d")
@click.option("--job", metavar="JOB", help="only the log of this job")
@click.option("--session", metavar="RUN", help="only the log of this session")
@click.option("--follow", "-f", is_flag=True, help="print new lines until ctrl+c")
def command(
    root: Path,
    grep: str | None,
    level: str | None,
    since: str | None,
    job: str | None,
    session: str | None,
    follow: bool,
) -> None:
    """Print the logs of all jobs and sessions below the root, in the order of time."""
    from tttui.cli.output import result, say
    from tttui.cli.places import find_run
    from tttui.lab.logs import LogFilter, Logs

    if job is not None and session is not None:
        raise click.UsageError("--job and --session: name one of them")
    passing = LogFilter.of(grep, level.upper() if level else None, since)
    logs = Logs(root, job=job, session=None if session is None else find_run(root, session).path)
    try:
        lines, left_out = logs.take(passing, unfinished=not follow)
        if left_out:
            say(f"{left_out} older lines are left out; --since or --grep narrow it down")
        if lines:
            result(*map(_line, lines))
        elif not follow:
            say(f"no log lines below {root}" + (" that match" if grep or level or since else ""))
        while follow:
            begin = time.monotonic()
            if lines := logs.take(passing)[0]:
                result(*map(_line, lines))
            time.sleep(max(LOOK_S, SHARE * (time.monotonic() - begin)))
    finally:
        if passing.grep is not None:
            passing.grep.close()


def _line(line: "LogEntry") -> str:
    owner = line.source.owner if line.source.is_session else line.source.owner[:8]
    shown = owner if len(owner) <= OWNER else owner[: OWNER - 3] + "..."
    return f"{line.time} {line.level:<7} {shown:<{OWNER}} {line.text}"

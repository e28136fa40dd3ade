"""`tttui whatif RUN --set NAME=VALUE`: RUN recomputed with other settings."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tttui.cli.options import assignments, json_option, root_option, set_option
from tttui.model.text import visible

if TYPE_CHECKING:
    from tttui.runs.whatif.luck import SeedsResult
    from tttui.runs.whatif.result import WhatIfResult
    from tttui.runs.whatif.sensitivity import SensitivityResult
    from tttui.runs.whatif.worker import WhatIfJob

R = TypeVar("R")

MOST_ROWS = 12
"""Settings in the table of --sensitivity; --json has all."""


@click.command("whatif")
@click.argument("run")
@root_option
@set_option("a setting and its value from step --at on, such as lr=0.005; may be repeated")
@click.option(
    "--at",
    type=click.IntRange(min=0),
    default=0,
    metavar="T",
    help="step from which on it holds  [default 0, the start]",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1, max=1000),
    metavar="N",
    help="also compare on N other seeds, to tell it from luck (text: on parts of the document)",
)
@click.option(
    "--sensitivity", is_flag=True, help="also turn every setting a step up and a step down"
)
@click.option(
    "--keep",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="make a session of it under --root, as `tttui fork --with-past` does",
)
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
def command(
    run: str,
    root: Path,
    assigned: tuple[str, ...],
    at: int,
    seeds: int | None,
    sensitivity: bool,
    keep: str | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Compute in memory what RUN would have become with other settings, and compare.

    It has RUN's base, seed and stream, and all that somebody changed while it ran, up to step T;
    from there on the settings of --set hold. Without --set it is RUN itself, bit for bit. Nothing
    is written, unless --keep makes a session of it.
    """
    from tttui.artifacts.reader import SessionReader
    from tttui.cli.output import json_document, result
    from tttui.cli.places import find_run
    from tttui.cli.signals import stop_requests
    from tttui.engine.threads import let_threads_sleep
    from tttui.model.errors import RefusedInput
    from tttui.runs.whatif.knobs import changes, knobs
    from tttui.runs.whatif.live import PastStates
    from tttui.runs.whatif.luck import Seeds
    from tttui.runs.whatif.replayable import can_replay
    from tttui.runs.whatif.result import WhatIfRequest
    from tttui.runs.whatif.sensitivity import Sensitivity
    from tttui.runs.whatif.whatif import WhatIf

    let_threads_sleep()
    data = SessionReader(find_run(root, run)).refresh()
    reason = can_replay(data)
    if reason is not None:
        raise RefusedInput(f"{data.place.path}: {reason}")
    all_knobs = knobs(data, at)
    changed = assignments(assigned, {knob.name: knob for knob in all_knobs})
    request, known = WhatIfRequest(data, at, changes(all_knobs, changed)), PastStates()
    shown = not quiet and sys.stderr.isatty()
    with ExitStack() as stack:
        stop = stack.enter_context(stop_requests())
        made = _carried_out(WhatIf(request, known), stop, shown)
        luck = turned = None
        if made is not None and made.state == "failed":
            raise RefusedInput(made.error)
        if made is not None and seeds is not None:
            luck = _carried_out(Seeds(request, seeds), stop, shown)
        if made is not None and sensitivity:
            turned = _carried_out(Sensitivity(request, known), stop, shown)
        if stop() or made is None:
            return 130
        for one in (luck, turned):
            if one is not None and one.state == "failed":
                raise RefusedInput(one.error)
        directory = _keep(made, root, keep or None, stop) if keep is not None else None
    if as_json:
        json_document(as_document(made, luck, turned, directory))
    else:
        result(*as_lines(made, luck, turned, directory))
    return 0


def _carried_out(job: "WhatIfJob[R]", stop: Callable[[], bool], shown: bool) -> R | None:
    """The last result of a job; None where it was stopped."""
    import shutil
    import time

    said_at, room, drawn = time.monotonic(), shutil.get_terminal_size().columns - 1, False
    while job.work():
        if stop():
            break
        if shown and time.monotonic() > said_at + 0.1:
            said_at = time.monotonic()
            line = visible(str(getattr(job.result(), "sentence", "")))[:room]
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
            drawn = True
    if drawn:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return None if stop() else job.result()


def _keep(made: "WhatIfResult", root: Path, name: str | None, stop: Callable[[], bool]) -> Path:
    """Run the session of a what-if, here and to its end."""
    from tttui.runs.drive import drive
    from tttui.runs.whatif.keep import hold_session

    session = hold_session(made, root, name)
    try:
        done = drive(session, session.goal, should_stop=stop)
    except BaseException as error:
        session.fail(error)
        raise
    session.close("completed" if done else "interrupted")
    return session.path


def as_document(
    made: "WhatIfResult",
    luck: "SeedsResult | None",
    turned: "SensitivityResult | None",
    directory: Path | None,
) -> dict[str, Any]:
    """The results for `--json`."""
    request = made.request
    document: dict[str, Any] = {
        "path": str(request.data.place.path),
        "at": request.at,
        "until": made.until,
        "changes": dict(request.changes),
        "sentence": made.sentence,
        "table": [
            {
                "name": line.name,
                "recorded": line.recorded if line.numbers[0] is None else line.numbers[0],
                "whatif": line.changed if line.numbers[1] is None else line.numbers[1],
                "difference": line.difference,
            }
            for line in made.lines
        ],
        "verdict": made.verdict.sentence,
        "notes": list(made.notes),
    }
    if luck is not None:
        document["seeds"] = {
            "sentence": luck.sentence,
            "pairs": luck.pairs,
            "recorded": luck.recorded,
            "whatif": luck.changed,
            "median_percent": luck.median,
            "interval_percent": luck.interval,
            "won": luck.won,
            "of": luck.done,
        }
    if turned is not None:
        document["sensitivity"] = [
            {"name": row.knob.name, "value": row.value, "turns": [
                {
                    "value": turn.value,
                    "loss": turn.loss,
                    "percent": turn.percent,
                    "refused": turn.refused,
                }
                for turn in row.turns
            ]}
            for row in turned.rows
        ]  # fmt: skip
    if directory is not None:
        document["kept"] = str(directory)
    return document


def as_lines(
    made: "WhatIfResult",
    luck: "SeedsResult | None",
    turned: "SensitivityResult | None",
    directory: Path | None,
) -> list[str]:
    """The sentence and the table, then further requested results."""
    from tttui.cli.output import table

    rows = [(line.name, line.recorded, line.changed, line.difference) for line in made.lines]
    lines = [made.sentence, f"  {made.changed_words}", ""]
    lines += table(("", "recorded", "what-if", ""), rows, right={1, 2})
    lines += ["", made.verdict.sentence, *made.notes]
    if luck is not None:
        lines += ["", luck.sentence]
    if turned is not None:
        lines += ["", turned.sentence, *_turns(turned)]
    if directory is not None:
        lines += ["", f"kept as {directory}"]
    return lines


def _turns(turned: "SensitivityResult") -> Sequence[str]:
    from tttui.cli.output import table

    rows = []
    for row in turned.rows[:MOST_ROWS]:
        differences = [f"{turn.text}: {turn.difference or turn.refused}" for turn in row.turns]
        rows.append(
            (row.knob.name, row.knob.text(row.value), *differences, *[""] * (2 - len(differences)))
        )
    left = len(turned.rows) - len(rows)
    more = [f"{left} more settings change less; --json has them"] if left > 0 else []
    return [*table(("setting", "is", "a step down", "a step up"), rows, right=set()), *more]

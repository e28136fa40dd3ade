"""`tttui export RUN --what WHAT`: the figures and tables of the app without the app."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from tttui.cli.open import StepRangeType
from tttui.cli.options import root_option
from tttui.export.request import (
    FORMATS,
    OF_SEVERAL,
    OF_TRANSACTIONS,
    TABLES_ONLY,
    THEMES,
    WHATS,
    Theme,
)


class ListingCommand(click.Command):
    """A command whose `--help` ends with what can be exported."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("What can be exported"):
            formatter.write_dl(list(WHATS.items()))


@click.command("export", cls=ListingCommand)
@click.argument("runs", metavar="RUN [RUN ...]", nargs=-1, required=True)
@root_option
@click.option(
    "--what", type=click.Choice(tuple(WHATS)), required=True, metavar="WHAT", help="see below"
)
@click.option("--format", "fmt", type=click.Choice(FORMATS), help="[default: from --out, else png]")
@click.option(
    "--out", type=click.Path(path_type=Path), help="file or directory  [default: exports/]"
)
@click.option("--t", type=click.IntRange(min=0), help="step of what is shown at one step")
@click.option("--window", type=StepRangeType(), help="visible range of steps")
@click.option("--log", is_flag=True, help="errors on a logarithmic scale")
@click.option(
    "--mu", type=click.FloatRange(0, 1), help="friction of the ghost  [default: twice the true]"
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    metavar="STATUS",
    help="only transactions that ended so: commit, loss_regression ...; may be repeated",
)
@click.option(
    "--query",
    metavar="TEXT",
    default="",
    help="only transactions that pass, in the language of the app: 'grad>10 t:200-400'",
)
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME",
    help="for weights of any model: which parameter; may be repeated  [default: the first three]",
)
@click.option(
    "--theme", type=click.Choice(THEMES), default=THEMES[0], show_default=True, help="of a figure"
)
@click.option("--run", "which", help="which run of a store's session  [default: the newest]")
def command(
    runs: tuple[str, ...],
    root: Path,
    what: str,
    fmt: str | None,
    out: Path | None,
    t: int | None,
    window: tuple[int, int] | None,
    log: bool,
    mu: float | None,
    statuses: tuple[str, ...],
    query: str,
    parameters: tuple[str, ...],
    theme: Theme,
    which: str | None,
) -> None:
    """Write a figure (PNG, SVG, PDF) or a table (CSV) of RUN and print its path.

    A comparison, the transfer matrix and the table of sessions take several RUNs, everything
    else one.
    """
    from tttui.artifacts.documentfile import DocumentFiles
    from tttui.artifacts.reader import SessionReader
    from tttui.artifacts.summary import read_summary
    from tttui.cli.output import result
    from tttui.cli.places import find_run
    from tttui.export.files import default_directory, export, is_directory, owner
    from tttui.export.request import ExportRequest
    from tttui.model.compare import compare
    from tttui.model.errors import RefusedInput, TttuiError
    from tttui.model.here import home_directory, working_directory
    from tttui.model.query import TRANSACTION_WORDS, parse

    if what in OF_SEVERAL and len(runs) < 2:
        raise RefusedInput(f"--what {what}: name two or more sessions")
    if mu is not None and what != "ghost":
        raise RefusedInput(f"--mu {mu:g}: belongs to --what ghost, not to {what}")
    if (statuses or query) and what not in OF_TRANSACTIONS:
        option = "--status" if statuses else "--query"
        known = ", ".join(sorted(OF_TRANSACTIONS))
        raise RefusedInput(f"{option}: only --what {known} can be narrowed, not {what}")
    passing = parse(query, TRANSACTION_WORDS)
    if what not in (*OF_SEVERAL, "sessions") and len(runs) > 1:
        raise RefusedInput(f"--what {what}: takes one session, not {len(runs)}")
    places = [find_run(root, run) for run in runs]
    if which is not None and which not in places[0].runs:
        known = ", ".join(places[0].runs) or "none"
        raise RefusedInput(f"{places[0].path} has no run {which!r}; its runs are: {known}")
    if fmt is None:
        default = "csv" if what in TABLES_ONLY else "png"
        suffix = "" if out is None or is_directory(out) else out.suffix.removeprefix(".")
        fmt = suffix or default
    if out is not None and not is_directory(out) and out.suffix != f".{fmt}":
        raise RefusedInput(f"--out {out}: its name does not end in .{fmt}, as --format says")
    target = out or default_directory(places, working_directory(), home_directory())
    held_by = owner(target, places)
    if held_by is not None:
        raise RefusedInput(
            f"--out {target}: lies in {held_by}, where only the session itself writes"
        )
    readers = [SessionReader(place, which if len(places) == 1 else None) for place in places]
    data = [reader.refresh() for reader in readers]
    compared = None
    if what in OF_SEVERAL:
        compared = compare(data, [reader.trajectory() for reader in readers])
    if what == "transfer" and compared is not None:
        from tttui.tasks.pointmass.transfer import with_transfer

        compared = with_transfer(compared)
    trajectory = readers[0].trajectory() if what not in OF_SEVERAL else None
    summaries = tuple(map(read_summary, places)) if what == "sessions" else ()
    document = None
    if what == "text":
        reading = DocumentFiles(places[0].path).refresh(data[0].meta)
        if reading.document is None:
            raise TttuiError(f"{places[0].path}: {'; '.join(reading.problems)}")
        document = reading.document
    request = ExportRequest(
        what,
        data[0],
        trajectory,
        t,
        window,
        log,
        compared,
        summaries,
        statuses=whole_names(statuses, data[0].transactions.statuses) if statuses else None,
        query=passing,
        document=document,
        ghost_mu=mu,
        series=readers[0].series() if what == "series" else None,
        parameters=parameters,
        theme=theme,
    )
    result(str(export(request, fmt, target)))


def whole_names(names: Iterable[str], known: Sequence[str]) -> frozenset[str]:
    """Full names of statuses: `grad_norm` is `rollback_grad_norm`, if that exists."""
    return frozenset(f"rollback_{name}" if f"rollback_{name}" in known else name for name in names)

"""`tttui fsck [RUN ...]`: integrity of session files."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli.options import json_option, root_option
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, SessionHeld, TttuiError

if TYPE_CHECKING:
    from tttui.artifacts.check import Report
    from tttui.artifacts.findings import Finding
    from tttui.model.session import Place


@dataclass(frozen=True, slots=True)
class Checked:
    """The reports of one session, or of other files of a root, before and after a repair."""

    path: Path
    before: "Sequence[Finding]"
    after: "Sequence[Finding]"
    notes: Sequence[str] = ()

    @property
    def repaired(self) -> "list[Finding]":
        return [finding for finding in self.before if finding not in self.after]

    @property
    def damaged(self) -> bool:
        """Whether damage remains; leftovers of killed processes do no harm."""
        return any(finding.kind != "leftover" for finding in self.after)


@click.command("fsck")
@click.argument("runs", nargs=-1, metavar="[RUN ...]")
@root_option
@click.option(
    "--repair",
    is_flag=True,
    help="repair what can be repaired without guessing; never a session that is being written",
)
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
def command(runs: tuple[str, ...], root: Path, repair: bool, quiet: bool, as_json: bool) -> int:
    """Check the files of each RUN (a name, a session or a directory of many; default: the root).

    By their checksums, and where there are none by their structure; nothing is replayed. One
    line a finding: the file, where in it, and what helps. Exits with 1 where something is
    damaged. Sessions of other programs are checked and never written.
    """
    from tttui.cli.output import json_document, result, say

    places, roots = _places(runs, root)
    checked = [*_roots(roots, repair), *_sessions(places, repair, quiet)]
    if as_json:
        json_document(_document(checked, len(places)))
    else:
        for line in _lines(checked):
            result(line)
        for note, count in _notes(checked).items():
            say(f"{count} {'session' if count == 1 else 'sessions'}: {note}")
        result(_summary(checked, len(places)))
    return 1 if any(one.damaged for one in checked) else 0


def _places(runs: Sequence[str], root: Path) -> "tuple[list[Place], list[Path]]":
    """The named sessions, and the named directories of sessions."""
    from tttui.artifacts.discover import scan
    from tttui.cli.output import say
    from tttui.cli.places import find_run

    places: list[Place] = []
    whole: list[Path] = [] if runs else [root]
    if not runs and not root.is_dir():
        raise RefusedInput(f"--root {root} is not a directory; name the one that holds the runs")
    for run in runs:
        folder = next((path for path in (Path(run), root / run) if path.is_dir()), None)
        below = scan([folder]).places if folder is not None else []
        if folder is None or not below:
            places.append(find_run(root, run))
            continue
        places += below
        if all(place.path != folder for place in below):
            whole.append(folder)
    if whole:
        found_below = scan(whole)
        places += found_below.places
        for problem in found_below.problems:
            say(f"{problem.path}: {problem.reason}")
    unique = {place.path.resolve(): place for place in places}
    holders = {place.path.parent for place in unique.values() if place.layout == "native"}
    return list(unique.values()), sorted({*whole, *holders} if whole else set())


def _roots(roots: Iterable[Path], repair: bool) -> Iterable[Checked]:
    from tttui.artifacts.check import check_root
    from tttui.artifacts.making import remove_abandoned

    for root in roots:
        before = check_root(root)
        if repair:
            remove_abandoned(root)
        yield Checked(root, before, check_root(root) if repair else before)


def _sessions(places: "Sequence[Place]", repair: bool, quiet: bool) -> Iterable[Checked]:
    from tttui.artifacts.check import check_session

    shown = not quiet and sys.stderr.isatty()
    for i, place in enumerate(places, 1):
        if shown:
            text = f"\r\033[Kchecking {i} of {len(places)}: {place.name}"
            print(text, end="", file=sys.stderr, flush=True)
        report = check_session(place)
        after, notes = _repaired(report) if repair else (report, report.notes)
        yield Checked(place.path, report.findings, after.findings, notes)
    if shown:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _repaired(report: "Report") -> "tuple[Report, Sequence[str]]":
    from tttui.runs.repair import repair

    try:
        return repair(report), report.notes
    except SessionHeld as error:
        return report, (*report.notes, f"not repaired: {error}")
    except TttuiError as error:
        return report, (*report.notes, f"not repaired: {error}")


def _lines(checked: Iterable[Checked]) -> Iterable[str]:
    for one in checked:
        for finding in one.repaired:
            yield f"repaired  {finding.path}: {finding.place or 'all of it'}: {finding.reason}"
        for finding in one.after:
            yield f"{finding.kind:<8}  {finding}"


def _notes(checked: Iterable[Checked]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in checked:
        for note in one.notes:
            counts[note] = counts.get(note, 0) + 1
    return counts


def _summary(checked: Sequence[Checked], sessions: int) -> str:
    left = sum(len(one.after) for one in checked)
    repaired = sum(len(one.repaired) for one in checked)
    head = f"{sessions} {'session' if sessions == 1 else 'sessions'} checked"
    done = f", {repaired} repaired" if repaired else ""
    findings = f"{left} {'finding' if left == 1 else 'findings'}{' left' if repaired else ''}"
    return f"{head}{done}: {findings if left else 'nothing is damaged'}"


def _document(checked: Sequence[Checked], sessions: int) -> dict[str, Any]:
    """The whole check for `--json`."""

    def entry(finding: "Finding", repaired: bool) -> dict[str, Any]:
        return {**asdict(finding), "repaired": repaired}

    return {
        "sessions": sessions,
        "damaged": any(one.damaged for one in checked),
        "checked": [
            {
                "path": str(one.path),
                "notes": list(one.notes),
                "findings": [
                    *(entry(f, True) for f in one.repaired),
                    *(entry(f, False) for f in one.after),
                ],
            }
            for one in checked
        ],
    }

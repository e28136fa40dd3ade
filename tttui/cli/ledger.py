"""`tttui ledger RUN`: whether every step was scored before the weights learned from it."""

from pathlib import Path

import click

from tttui.cli.options import json_option, root_option

EXIT_CODES = {"clean": 0, "violated": 1, "unknown": 3}


@click.command("ledger")
@click.argument("run")
@root_option
@json_option
def command(run: str, root: Path, as_json: bool) -> int:
    """Say whether any score of RUN was made by weights that had already learned from the step.

    It rests on what the files say: which weights made each score, by a hash of their content, and
    what each update was trained on. Exits with 0 where every score provably came first, with 1
    where one did not (the first is named), with 3 where it cannot be told of all.
    """
    from tttui.artifacts.ledger import read_records
    from tttui.cli.output import json_document, result, say
    from tttui.cli.places import find_run
    from tttui.model.ledger import as_json as ledger_json
    from tttui.model.ledger import judge

    place = find_run(root, run)
    records, problems = read_records(place)
    ledger = judge(records)
    if as_json:
        complaints = [{"path": p.path, "reason": p.reason} for p in problems if not p.missing]
        json_document({"path": place.path, **ledger_json(ledger), "problems": complaints})
        return EXIT_CODES[ledger.answer]
    result(f"{place.path}: {ledger.sentence}")
    for note in ledger.notes:
        result(f"  {note}")
    for problem in problems:
        if not problem.missing:
            say(f"{problem.path}: {problem.reason}")
    return EXIT_CODES[ledger.answer]

"""`tttui verify RUN`: replay a session and compare."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from tttui.cli.options import json_option, model_option, root_option, task_of_run_option


@click.command("verify")
@click.argument("run")
@root_option
@task_of_run_option
@model_option
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
def command(
    run: str, root: Path, called: str | None, model: str | None, quiet: bool, as_json: bool
) -> int:
    """Replay RUN from its base, seed, settings and interventions; compare every file.

    Exits with 1 where a file differs. Of a session that another program wrote it checks what
    can be checked, and says what cannot.
    """
    from tttui.cli.output import json_document, result
    from tttui.cli.places import find_run
    from tttui.engine.threads import let_threads_sleep
    from tttui.model.text import visible
    from tttui.runs.runner import session_runner
    from tttui.tasks.hf.known import name_model_of

    place = find_run(root, run)
    if model is not None:
        name_model_of(place.path, model)
    shown = quiet or not sys.stderr.isatty()

    def progress(t: int, last: int) -> None:
        progress_text = f"replaying {visible(place.name)}: step {t} of {last}"
        print(f"\r{progress_text}", end="", file=sys.stderr, flush=True)

    let_threads_sleep()
    checks = session_runner(place, called).verify(place, None if shown else progress)
    if not shown:
        print("\r\033[K", end="", file=sys.stderr)
    differs = [check for check in checks if check.agrees is False]
    if as_json:
        json_document(
            {
                "path": str(place.path),
                "agrees": not differs,
                "checks": [asdict(check) for check in checks],
            }
        )
    else:
        words = {True: "agrees ", False: "DIFFERS", None: "not checked"}
        width = max(len(check.file) for check in checks)
        for check in checks:
            result(f"{words[check.agrees]:<11}  {check.file:<{width}}  {check.detail}")
        result(
            f"{place.path}: {len(differs)} of {len(checks)} checks failed"
            if differs
            else f"{place.path}: agrees with its replay"
            if place.layout == "native"
            else f"{place.path}: its files agree with each other"
        )
    return 1 if differs else 0

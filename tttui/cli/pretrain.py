"""`tttui pretrain`: only the base."""

from pathlib import Path
from typing import Any

import click

from tttui.cli.options import (
    SectionedCommand,
    json_option,
    root_option,
    setting_options,
    settings_from,
)


@click.command("pretrain", cls=SectionedCommand)
@root_option
@click.option(
    "--config", type=click.Path(path_type=Path), help="TOML file with settings; options win over it"
)
@click.option("--force", is_flag=True, help="train again even where a base fits")
@click.option("--quiet", is_flag=True, help="no progress")
@json_option
@setting_options("pretraining", "model", "world", skip=("mu", "noise_std"))
def command(
    root: Path, config: Path | None, force: bool, quiet: bool, as_json: bool, **values: Any
) -> None:
    """Train the base of these settings, unless there is one, and print where it is."""
    settings = settings_from(values, config=config)

    from tttui.cli.output import json_document, result
    from tttui.cli.progress import pretraining_bar
    from tttui.runs.base import LOSS_FILE, find_base, train_base

    base = None if force else find_base(root, settings)
    trained = base is None
    if base is None:
        with pretraining_bar(settings.pretraining.pretrain_steps, quiet=quiet) as progress:
            base = train_base(root, settings, progress)
    curve = base.source.parent / LOSS_FILE
    if as_json:
        json_document(
            {
                "base": base.source,
                "sha256": base.sha256,
                "trained": trained,
                "loss_curve": str(curve) if curve.is_file() else None,
                "cfg": dict(base.cfg),
            }
        )
        return
    result(f"{base.source} {'trained now' if trained else 'fits these settings already'}")
    result(f"sha256 {base.sha256}")
    if curve.is_file():
        result(f"loss curve {curve}")

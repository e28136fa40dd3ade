"""`tttui train`: training bases and skills on data, as jobs."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tttui.cli import job as jobs
from tttui.cli.jobs import JobOptions, job_options, wrong
from tttui.cli.options import (
    SectionedCommand,
    group_options,
    json_option,
    root_option,
    typed_values,
)
from tttui.cli.run import named_task
from tttui.model.errors import RefusedInput
from tttui.model.setting import Group, options
from tttui.model.training import TrainSettings
from tttui.tasks.base import AnyTask
from tttui.tasks.find import find_task
from tttui.tasks.pointmass.task import PointMass

if TYPE_CHECKING:
    from tttui.lab.training.estimate import Cost
    from tttui.runs.training import TaskTraining

OF_BASE = ("steps", "lr", "batch", "seed")
"""Settings of a training that a base of the point mass has as `pretrain_...`."""

KINDS = ("train", "pretrain")
"""Kinds of jobs that train."""


@click.group("train")
def command() -> None:
    """Train bases and skills on data; follow, cancel and resume such jobs."""


class StartCommand(SectionedCommand):
    """`tttui train start` of the point mass."""

    def of_task(self, called: str) -> click.Command:
        """The same command with the options of another task. Raises RefusedInput."""
        return start_command(find_task(called))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        called = named_task(args)
        if called in (None, PointMass.name):
            return super().make_context(info_name, args, parent, **extra)
        return self.of_task(str(called)).make_context(info_name, args, parent, **extra)


def start_command(
    task: type[AnyTask], cls: type[SectionedCommand] = SectionedCommand
) -> click.Command:
    """`tttui train start` of a task, with one option a setting."""
    from tttui.runs.training import training_of

    how = training_of(task)

    def start(**values: Any) -> None:
        _start(task, how, **values)

    made: Callable[..., Any] = start
    files = (
        click.option(
            "--data",
            default="",
            help="training data: a text file, a directory of them, or JSON lines with a "
            "text or messages each",
        ),
        click.option(
            "--include",
            default="",
            metavar="PATTERNS",
            help="names of the files in a directory, with commas between, such as '*.py,*.md'",
        ),
    )
    worlds = (
        click.option(
            "--mu",
            "data",
            default="",
            help="frictions of the worlds: 0.15, a range 0.1:0.2, those of the sessions of some "
            "seeds (seeds:0:64), several with commas between",
        ),
    )
    decorators: tuple[Callable[[Any], Any], ...] = (
        group_options(how.groups(), skip=("mu", "noise_std")),
        group_options([Group.of("Training", TrainSettings, how.defaults)], skip=how.skip),
        job_options,
        click.option(
            "--dry-run",
            is_flag=True,
            help="take three steps and estimate the cost of the whole training",
        ),
        click.option(
            "--provider",
            metavar="P",
            help="what computes: numpy, torch-cpu, cuda:0  [default what the task needs]",
        ),
        click.option(
            "--from",
            "begin",
            default="",
            metavar="BASE|SKILL|@PERSONA",
            help="start weights: a skill, a version such as walker@v2, a persona, the file "
            "of a base  [default the base]",
        ),
        *reversed(files if how.takes_files else worlds),
        click.option("--skill", help="the skill that gets the weights as a version"),
        root_option,
        click.option(
            "--task", "called", default=task.name, help="what is trained: pointmass, text, hf"
        ),
    )
    for decorate in decorators:
        made = decorate(made)
    without = ""
    if not how.takes_files:
        without = "; without --skill the base is trained"
    elif how.base_name:
        without = f"; without --skill a model from random weights, {how.base_name}"
    help = (
        f"Train the task {task.name}, and print the handle of the job.\n\nThe plastic parameters "
        "are trained over their base, and the best weights by validation become a version of the "
        f"skill{without}. The options of another task are shown by `tttui train start --task text "
        "--help`."
    )
    command = click.command("start", cls=cls, help=help)(made)
    command.checks(lambda params: _wrong(how, params))
    return command


def _wrong(how: "TaskTraining", params: Mapping[str, Any]) -> Mapping[str, str]:
    """Problems of the options together, by name. Raises SettingError; called at every key of the
    form."""
    settings = {one.name for one in options(TrainSettings)}
    settings |= {one.name for group in how.groups() for one in group.settings}
    problems = wrong(
        params,
        begin=lambda: _begin(params["root"], params["begin"]),
        provider=lambda: _device(params["provider"], how),
    )
    if problems:
        return problems
    _, own = _split(how, typed_values({k: v for k, v in params.items() if k in settings}))
    trains = params.get("skill") or how.takes_files
    why = how.why_not(params.get("data") or "", own) if trains else ""
    return {"data": why} if why else {}


def _start(
    task: type[AnyTask],
    how: "TaskTraining",
    *,
    called: str,  # noqa: ARG001
    root: Path,
    skill: str | None,
    data: str,
    begin: str,
    provider: str | None,
    dry_run: bool,
    job: JobOptions,
    include: str = "",
    **values: Any,
) -> None:
    from tttui.cli.output import json_document
    from tttui.lab.jobs import results
    from tttui.lab.kinds import train

    training, own = _split(how, typed_values(values))
    if skill is None and not how.takes_files:
        refused = {"--mu": data, "--from": begin, "--dry-run": dry_run}
        _start_base(root, own, typed_values(values), job, refused)
        return
    name = skill or how.base_name
    if not name:
        raise RefusedInput(
            f"--skill: name the skill; the base of the task {task.name} is not trained here"
        )
    from tttui.lab.registry import refuse_other_line
    from tttui.lab.registry.names import check_name

    check_name(name, "a skill")
    version, base = _begin(root, begin)
    settings: Mapping[str, Any] = {
        "task": task.name,
        "skill": name,
        "from_nothing": skill is None,
        "values": own,
        "training": training,
        "data": str(Path(data).absolute()) if data and how.takes_files else data,
        "include": include,
        "start": version,
        "base": base,
        "device": _device(provider, how),
        "seed": training["seed"],
    }
    request = train.request_of(root, settings)
    refuse_other_line(root, name, task.name, how.check(request))
    if dry_run:
        _print_cost(train.dry_run(how, request), as_json=job.as_json)
        return
    completed = job.start(root, "train", settings)
    if completed is None:
        return
    if job.as_json:
        json_document(results(completed))
    else:
        _print_results(results(completed))


def _split(how: "TaskTraining", values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """All settings of the training, and the given settings of the task."""
    known = {one.name for one in options(TrainSettings)}
    chosen = {name: value for name, value in values.items() if name in known}
    files = {one.name for group in how.groups() for one in group.settings if one.kind == "file"}
    own = {
        name: str(Path(value).absolute()) if name in files else value
        for name, value in values.items()
        if name not in known
    }
    return asdict(how.defaults.updated(chosen).validate()), own


def _start_base(
    root: Path,
    own: Mapping[str, Any],
    values: Mapping[str, Any],
    job: JobOptions,
    refused: Mapping[str, Any],
) -> None:
    """Train the base of the point mass, as `tttui pretrain` does."""
    from tttui.cli.pretrain import train_base
    from tttui.model.pointmass.settings import Settings
    from tttui.tasks.pointmass.pretraining import EPOCH

    for option, value in refused.items():
        if value:
            raise RefusedInput(f"{option}: needs --skill NAME; without it the base is trained")
    named = {f"pretrain_{name}": values[name] for name in OF_BASE if name in values}
    if "epochs" in values:
        named["pretrain_steps"] = values["epochs"] * EPOCH
    settings = Settings().updated({**own, **named}).validate()
    train_base(root, settings, job)


def _begin(root: Path, name: str) -> tuple[str, str]:
    """The full name of the version to begin with, and the file of a base; either may be ''."""
    if not name:
        return "", ""
    from tttui.lab.registry import resolve

    path = Path(name)
    if not name.startswith("@") and (path.suffix == ".pt" or "/" in name):
        return "", str(path.absolute())
    return resolve(root, name).name, ""


def _device(name: str | None, how: "TaskTraining") -> str:
    """The device of a provider. Raises RefusedInput if it cannot train the task."""
    if name is None:
        return "cpu"
    from tttui.lab.providers import providers_named
    from tttui.lab.providers.engines import Engine

    try:
        provider = providers_named([name])[0]
    except RefusedInput as error:
        raise RefusedInput(f"--provider: {error}") from error
    if not isinstance(provider, Engine):
        raise RefusedInput(
            f"--provider {name}: is an endpoint, and training there is not offered; choose an "
            "engine of this machine"
        )
    if provider.modules != how.takes_files:
        own = "torch (torch-cpu, cuda:0)" if how.takes_files else "numpy"
        raise RefusedInput(f"--provider {name}: the task {how.task.name} is trained by {own}")
    return provider.device


def _print_cost(cost: "Cost", *, as_json: bool) -> None:
    from tttui.cli.output import json_document, result

    if as_json:
        json_document(cost.asdict())
    else:
        result(*cost_lines(cost.asdict()), "cost    nothing: it is computed on this machine")


def cost_lines(cost: Mapping[str, Any]) -> list[str]:
    """`time    3 min` and so on."""
    from tttui.model.ages import duration_text

    lines = [
        f"time    {duration_text(cost['seconds'])}",
        f"memory  {cost['memory_bytes'] / 1e6:,.0f} MB",
        f"disk    {cost['disk_bytes'] / 1e6:,.1f} MB",
    ]
    if "device_memory_bytes" in cost:
        lines.insert(2, f"GPU     {cost['device_memory_bytes'] / 1e6:,.0f} MB")
    return lines


def _print_results(outcome: Mapping[str, Any]) -> None:
    from tttui.cli.output import result

    before, after = outcome.get("validation_loss_before"), outcome.get("validation_loss")
    result(f"{outcome.get('version')}: validation loss {_short(before)} -> {_short(after)}")
    before, after = outcome.get("train_loss_before"), outcome.get("train_loss")
    result(f"training loss {_short(before)} -> {_short(after)}")
    for name in ("estimate", "actual"):
        if isinstance(cost := outcome.get(name), Mapping) and cost:
            result(f"{name:<9} " + ", ".join(" ".join(x.split()) for x in cost_lines(cost)))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else "unknown"


@command.command("list")
@root_option
@click.option("--status", "state", type=click.Choice(jobs.STATES), help="only those in this state")
@json_option
def list_command(root: Path, state: str | None, as_json: bool) -> None:
    """List the training jobs of the root, the newest first."""
    from tttui.cli.joblist import print_jobs

    print_jobs(root, state, None, among=KINDS, starting="tttui train start", as_json=as_json)


@command.command("checkpoint")
@click.argument("job")
@root_option
@click.option("--name", help="of the checkpoint  [default step-N]")
def checkpoint_command(job: str, root: Path, name: str | None) -> None:
    """Have JOB save a checkpoint now, and print its name; `train resume --checkpoint` takes it."""
    from tttui.cli.output import result
    from tttui.lab.jobs import find_job
    from tttui.lab.steering import checkpoint

    result(checkpoint(find_job(root, job), name=name))


command.add_command(start_command(PointMass, StartCommand))
for _made, _name in (
    (jobs.show, "status"),
    (jobs.watch, "watch"),
    (jobs.results_command, "results"),
    (jobs.logs, "logs"),
    (jobs.cancel_command, "cancel"),
    (jobs.resume_command, "resume"),
    (jobs.remove_command, "rm"),
):
    command.add_command(_made, _name)

"""Training of a skill on data: its best weights by validation become a version of it."""

from collections.abc import Mapping
from typing import Any

from tttui.lab.context import Context
from tttui.lab.earlier import earlier_results
from tttui.lab.kinds.base import JobKind, Needs
from tttui.lab.training.estimate import Cost, probe
from tttui.lab.training.loop import Loop, TrainingPlan, named_epochs
from tttui.model.training import TrainSettings
from tttui.runs.training import Begin, PreparedTraining, TaskTraining, TrainingRequest, training_of
from tttui.tasks.find import find_task


class Train(JobKind):
    """Trains the plastic parameters of a task over its base.

    Its settings: `task`, `skill`, `values` (of the task), `training`, `data`, `include`, `start`
    (the name of a version, or empty), `base` (a file, or empty), `device`, `from_nothing` (a
    base is trained, from random weights).
    """

    name = "train"
    collection = "training_jobs"
    command = ("train", "start")
    saves = True
    only_once = ""

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        on_gpu = str(settings.get("device", "cpu")).startswith("cuda")
        return Needs(cores=int(settings["training"].get("threads", 1)), gpus=int(on_gpu))

    def run(self, context: Context) -> None:
        from tttui.lab.registry import refuse_other_line

        context.doing("takes in the data")
        request = request_of(context.root, context.settings)
        ready = training_of(find_task(context.settings["task"])).ready(request)
        settings = context.settings
        refuse_other_line(context.root, settings["skill"], settings["task"], ready.base_sha256)
        context.log.info("%s", ready.about_data)
        for note in ready.notes:
            context.log.warning("%s", note)
        loop = Loop(context, ready.trainer, plan_of(ready, request.training), ready.data_sha256)
        loop.run()
        version = _registered(context, ready, loop)
        context.results({**loop.results(ended=True), "version": version})


def plan_of(ready: PreparedTraining, training: TrainSettings) -> TrainingPlan:
    return TrainingPlan(training.validations(ready.trainer.steps), training.patience)


def request_of(root: Any, settings: Mapping[str, Any]) -> TrainingRequest:
    """The training request in the settings of a job. Raises RefusedInput if its version is gone."""
    start, begin = settings.get("start"), None
    if start:
        from tttui.lab.registry import resolve

        version = resolve(root, start)
        begin = Begin(version.name, version.base_sha256, version.tensors())
    return TrainingRequest(
        root=root,
        values=settings["values"],
        training=TrainSettings(**settings["training"]).validate(),
        data=settings.get("data", ""),
        include=settings.get("include", ""),
        begin=begin,
        base=settings.get("base", ""),
        device=settings.get("device", "cpu"),
        from_nothing=settings.get("from_nothing") is True,
    )


def _registered(context: Context, ready: PreparedTraining, loop: Loop) -> str:
    """Register the version unless a killed process has done so; returns its name.

    A job that went on from an earlier checkpoint after it was complete makes another version.
    """
    from tttui.lab.registry import BaseRef, register, versions

    settings, skill = context.settings, context.settings["skill"]
    again = len(earlier_results(context.directory))
    for version in versions(context.root, skill):
        made = version.origin.get("id"), version.origin.get("again", 0)
        if made == (context.handle, again):
            return version.name
    context.doing(f"registers {skill}")
    parents = [settings["start"]] if settings.get("start") else []
    results = loop.results(ended=True)
    fixed = () if settings.get("from_nothing") else ready.fixed
    return register(
        context.root,
        skill,
        {name: W for name, W in loop.weights.items() if name not in fixed},
        task=settings["task"],
        task_settings=ready.task_settings,
        settings=ready.settings,
        base=BaseRef(ready.base_sha256, ready.base_source, ready.base_content),
        origin={
            "kind": "job",
            "id": context.handle,
            "path": str(context.directory),
            "step": results["best_step"],
            "seed": settings["seed"],
            "data": ready.data_sha256,
            "about_data": ready.about_data,
            "training": settings["training"],
            "parents": parents,
            **({"again": again} if again else {}),
        },
        results={k: v for k, v in results.items() if k.endswith(("loss", "loss_before"))},
        command=context.command,
    ).name


def dry_run(how: TaskTraining, request: TrainingRequest) -> Cost:
    """Take three real steps and estimate the cost of the whole training; keeps nothing."""
    ready = how.ready(request)
    steps = ready.trainer.steps
    named = named_epochs(steps, ready.trainer.steps_an_epoch)[0]
    return probe(ready.trainer, request.training.validations(steps), named)


KIND = Train()

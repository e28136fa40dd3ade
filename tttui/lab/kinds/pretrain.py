"""Pretraining of a base: losses, learning rate and gradient norm by step; exact resume."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.series_csv import SeriesFile
from tttui.lab.context import Context
from tttui.lab.job import METRICS, RESULTS
from tttui.lab.kinds.base import JobKind
from tttui.lab.training.loop import Loop, TrainingPlan
from tttui.model.errors import TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass.pretraining import Training
from tttui.tasks.pointmass.runs.base import (
    LOSS_HEADER,
    Base,
    cache_path,
    find_base,
    keep_base,
    loss_row,
    make_room,
)
from tttui.tasks.pointmass.runs.turn import Turn

LOOK_S = 0.1
"""Seconds between two looks whether another process has trained the same base."""


class Pretrain(JobKind):
    """Trains the base of some settings and keeps it in the cache of the run root.

    Its settings: `settings` (flat options), `force` (train though a base fits).
    """

    name = "pretrain"
    collection = "training_jobs"
    command = ("pretrain",)
    saves = True
    only_once = "its settings alone decide what a base is; `tttui pretrain --force` trains it anew"

    def run(self, context: Context) -> None:
        settings = Settings().updated(dict(context.settings["settings"])).validate()
        force = bool(context.settings.get("force"))
        base = base_in_turn(context, settings, lambda: _train(context, settings), force=force)
        earlier: Mapping[str, Any] = {"final_loss": None}
        with suppress(TttuiError, OSError):
            earlier = read_object(context.directory / RESULTS)
        steps = settings.pretraining.pretrain_steps
        about = {"base": str(base.source), "sha256": base.sha256, "cfg": dict(base.cfg)}
        context.results({**earlier, **about, "steps": steps})


def base_in_turn(
    context: Context, settings: Settings, train: Callable[[], Base], *, force: bool = False
) -> Base:
    """The base of these settings: an existing one, or one that this or another process trains
    now."""
    make_room(context.root, settings)
    turn = Turn(cache_path(context.root, settings).parent, context.handle)
    try:
        while True:
            acquired = turn.take()
            base = None if force else find_base(context.root, settings)
            if base is not None:
                context.log.info("%s fits these settings already", base.source)
                return base
            if acquired:
                return train()
            context.safe_point()
            context.doing(f"waits for {turn.whose()[:36] or 'another process'}, which trains it")
            time.sleep(LOOK_S)
    finally:
        turn.give()


def _train(context: Context, settings: Settings) -> Base:
    training = Training(settings)
    loop = Loop(context, training, plan_of(training))
    loop.run()
    context.flush()
    table = SeriesFile(context.directory / METRICS).refresh()
    assert table is not None
    steps, losses = table.of("loss")
    context.results({**loop.results(ended=True), "final_loss": float(losses[-1])})
    rows = (loss_row(int(t), float(loss)) for t, loss in zip(steps, losses, strict=True))
    return keep_base(context.root, settings, training.weights(), [LOSS_HEADER, *rows])


def plan_of(training: Training) -> TrainingPlan:
    """The training plan of a base: it takes the last weights, and never changes the learning
    rate."""
    every = max(1, training.steps // 20)
    return TrainingPlan(validate_every=every, rollbacks=0, takes_best=False)


def settings_of(settings: Settings, *, force: bool) -> Mapping[str, Any]:
    """The settings of the job that trains a base."""
    return {"settings": settings.flat(), "force": force, "seed": settings.pretraining.pretrain_seed}


KIND = Pretrain()

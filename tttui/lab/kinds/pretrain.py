"""Pretraining of a base: losses, learning rate and gradient norm by step; exact resume."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from tttui.lab.context import Context
from tttui.lab.kinds.base import Kind
from tttui.model.settings import Settings
from tttui.runs.base import (
    LOSS_HEADER,
    Base,
    cache_path,
    find_base,
    keep_base,
    loss_row,
    make_room,
)
from tttui.runs.turn import Turn
from tttui.tasks.pointmass.pretraining import Training

SAVE_S = 5.0
"""Seconds between two checkpoints: what a killed process loses."""

NAMED = 10
"""Checkpoints that keep a name, evenly over the steps."""

POINTS = 5000
"""Rows of metrics, evenly over the steps."""

LOOK_S = 0.1
"""Seconds between two looks whether another process has trained the same base."""


class Pretrain(Kind):
    """Trains the base of some settings and keeps it in the cache of the run root.

    Its settings: `settings` (flat options), `force` (train though a base fits).
    """

    name = "pretrain"
    collection = "training_jobs"
    command = ("pretrain",)

    def run(self, context: Context) -> None:
        settings = Settings().updated(dict(context.settings["settings"])).validate()
        force = bool(context.settings.get("force"))
        base = base_in_turn(context, settings, lambda: _train(context, settings), force=force)
        context.results(
            {
                "base": str(base.source),
                "sha256": base.sha256,
                "steps": settings.pretraining.pretrain_steps,
                "final_loss": context.last_metrics.get("loss"),
                "cfg": dict(base.cfg),
            }
        )


def base_in_turn(
    context: Context, settings: Settings, train: Callable[[], Base], *, force: bool = False
) -> Base:
    """The base of these settings: the one that fits, or one that is trained now, or meanwhile by
    another process."""
    make_room(context.root, settings)
    turn = Turn(cache_path(context.root, settings).parent, context.handle)
    try:
        while True:
            held = turn.take()
            base = None if force else find_base(context.root, settings)
            if base is not None:
                context.log.info("%s fits these settings already", base.source)
                return base
            if held:
                return train()
            context.safe_point()
            context.doing(f"waits for {turn.whose()[:36] or 'another process'}, which trains it")
            time.sleep(LOOK_S)
    finally:
        turn.give()


def _train(context: Context, settings: Settings) -> Base:
    training = Training(settings)
    losses: list[list[float]] = []
    if context.state is not None:
        training.load(context.state["training"])
        losses = context.state["losses"]
    steps = settings.pretraining.pretrain_steps
    every, named = -(-steps // POINTS), max(1, steps // NAMED)

    def save(name: str | None = None) -> None:
        state = {"training": training.state(), "losses": losses}
        context.save(state, step=training.step, name=name)

    save_at = time.monotonic() + SAVE_S
    while not training.done:
        if context.asked_to_end:
            save()
        context.safe_point()
        loss = training.advance()
        step = training.step
        if step % every == 0 or training.done:
            losses.append([step, loss])
            context.metrics(step, loss=loss, lr=training.lr, grad_norm=training.gradient_norm)
        context.progress(step, steps, f"step {step} of {steps}, loss {loss:.3g}")
        if step % named == 0 and not training.done:
            save(f"step-{step}")
        elif time.monotonic() >= save_at:
            save()
            save_at = time.monotonic() + SAVE_S
    table = b"".join([LOSS_HEADER, *(loss_row(int(step), loss) for step, loss in losses)])
    return keep_base(context.root, settings, training.weights, table)


def settings_of(settings: Settings, *, force: bool) -> Mapping[str, Any]:
    """The settings of a job that trains the base of these."""
    return {"settings": settings.flat(), "force": force, "seed": settings.pretraining.pretrain_seed}


KIND = Pretrain()

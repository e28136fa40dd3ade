"""Computing the members of a sweep: the point mass side by side, other tasks one by one."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tttui.lab.evaluation.contender import OnProgress, StreamOutcome, evaluate
from tttui.model.pointmass.settings import Settings

if TYPE_CHECKING:
    from tttui.lab.context import Context
    from tttui.lab.sweeps.plan import SweepPlan
    from tttui.tasks.pointmass.runs.base import Base

MemberStream = tuple[int, int]
"""A member and a stream, by their places in the plan."""

ResultRow = dict[str, Any]


def compute(
    plan: "SweepPlan", pairs: Sequence[MemberStream], root: Path, on_progress: OnProgress
) -> list[ResultRow]:
    """The outcomes of some members on some streams, computed side by side; a row a pair.

    Raises RefusedInput where one cannot be computed.
    """
    if plan.is_point_mass:
        return _side_by_side(plan, pairs, root, on_progress)
    rows = []
    for i, (member, stream) in enumerate(pairs):

        def inner(done: int, total: int, i: int = i) -> None:
            on_progress(i * total + done, len(pairs) * total)

        (outcome,) = evaluate(plan.contender(member, root), [plan.stream_of(member, stream)], inner)
        rows.append(_row(member, stream, outcome))
    return rows


def shape_of(settings: Settings) -> Settings:
    """A key that settings of the point mass share if one batch can compute them."""
    from tttui.tasks.pointmass.engine.many import EACH

    p = settings.plasticity
    alike = {name: 1.0 for name in EACH if getattr(p, name) != 0}
    return replace(settings, seed=0, plasticity=replace(p, **alike))  # type: ignore[arg-type]


def missing_bases(plan: "SweepPlan", root: Path, members: Iterable[int]) -> list[Settings]:
    """The settings of bases that members need and that are not trained yet, each base once."""
    if not plan.is_point_mass or plan.fixed.get("base") or "base" in plan.names:
        return []
    from tttui.tasks.pointmass.runs.base import cache_path, find_base

    needed: dict[Path, Settings] = {}
    for member in members:
        settings = plan.runner.choose(plan.values_of(member))
        needed.setdefault(cache_path(root, settings), settings)
    return [settings for settings in needed.values() if find_base(root, settings) is None]


def train_bases(context: "Context", plan: "SweepPlan", names: Sequence[str]) -> None:
    """Train the bases that members of some batches need and that are not trained yet."""
    from tttui.lab.kinds.pretrain import base_in_turn

    members = sorted({member for name in names for member, _ in plan.batches[name]})
    for settings in missing_bases(plan, context.root, members):
        base_in_turn(context, settings, partial(_trained, context, settings))


def _trained(context: "Context", settings: Settings) -> "Base":
    from tttui.tasks.pointmass.runs.base import train_base

    steps = settings.pretraining.pretrain_steps

    def on_step(step: int, loss: float) -> None:
        context.safe_point()
        context.doing(f"trains a base that no member has: step {step} of {steps}, loss {loss:.3g}")

    return train_base(context.root, settings, on_step)


def _side_by_side(
    plan: "SweepPlan", pairs: Sequence[MemberStream], root: Path, on_progress: OnProgress
) -> list[ResultRow]:
    import numpy as np

    from tttui.engine.device import check_device
    from tttui.lab.evaluation.worlds import base_of, outcomes_of
    from tttui.tasks.pointmass.engine.many import EACH, SessionBlock, worlds

    streams = sorted({stream for _, stream in pairs})
    member = pairs[0][0]
    chosen = {m: plan.runner.choose(_met(plan, m, streams[0])) for m in {m for m, _ in pairs}}
    settings = chosen[member]
    check_device(settings.device)
    base = base_of(plan.contender(member, root), settings)
    seeds = [plan.stream_of(member, stream).values["seed"] for stream in streams]
    z, a, _ = worlds(settings, seeds)
    at = [streams.index(stream) for _, stream in pairs]
    own = {
        name: np.array([getattr(chosen[m].plasticity, name) for m, _ in pairs])
        for name in EACH
        if len({getattr(one.plasticity, name) for one in chosen.values()}) > 1
    }
    began = time.perf_counter()
    block = SessionBlock(settings, base, z[at], a[at], each=own)
    while block.advance():
        on_progress(block.t, settings.steps)
    outcomes = outcomes_of(block, time.perf_counter() - began)
    return [_row(m, stream, one) for (m, stream), one in zip(pairs, outcomes, strict=True)]


def _met(plan: "SweepPlan", member: int, stream: int) -> Mapping[str, Any]:
    return {**plan.values_of(member), **plan.stream_of(member, stream).settings}


def _row(member: int, stream: int, outcome: StreamOutcome) -> ResultRow:
    numbers = {
        "whole": outcome.whole,
        "last": outcome.last,
        "frozen_whole": outcome.frozen_whole,
        "frozen_last": outcome.frozen_last,
    }
    return {
        "member": member,
        "stream": stream,
        **{name: float(f"{value:.10g}") for name, value in numbers.items()},
        "seconds": outcome.seconds,
        "commits": outcome.commits,
        "rollbacks": outcome.rollbacks,
    }

"""Making the plan of a sweep: from what a person typed, or from a sweep whose best is tested."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tttui.lab.evaluation.streams import DecidingLoss, HeldOutStream
from tttui.lab.sweeps.plan import (
    MOST_MEMBERS,
    MOST_PAIRS,
    MOST_STEPS,
    SweepMember,
    SweepPlan,
    known_settings,
)
from tttui.lab.sweeps.space import TRIES, Axis, drawn, grid, size_of
from tttui.model.errors import RefusedInput
from tttui.model.setting import Setting

if TYPE_CHECKING:
    from tttui.runs.runner import Runner


SEEDS, DOCUMENTS = 16, 8
"""Held-out streams where nothing else is said: worlds, and documents, which take longer."""


def planned(
    called: str,
    fixed: Mapping[str, Any],
    axes: Sequence[Axis],
    *,
    draws: int | None = None,
    streams: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    data: Path | None = None,
    by: DecidingLoss = "whole",
) -> SweepPlan:
    """Plan a sweep of the task named `called`: every combination of the axes, or a random sample.

    Raises RefusedInput with the remedy.
    """
    from tttui.engine.device import check_device_name
    from tttui.lab.evaluation.streams import held_out, reads_documents, streams_text
    from tttui.runs.runner import named_runner
    from tttui.tasks.find import again, shipped

    called = called if shipped(called) is not None else again(called)
    runner = named_runner(called)
    reads = reads_documents(runner.task)
    count = streams or (DOCUMENTS if reads else SEEDS)
    refuse_absurd(draws or size_of(axes) or 0, count, steps or (128 if reads else 600))
    shared = fixed if steps is None else {**fixed, "steps": steps}
    chosen = tuple(held_out(runner.task, shared, count, seed, data=data))
    if draws is None:
        members = members_of(runner, fixed, list(grid(axes)))
    else:
        members = random_members(runner, fixed, axes, draws, seed)
    for device in {
        str(v["device"]) for v in (fixed, *(m.values for m in members)) if "device" in v
    }:
        check_device_name(device)
    return SweepPlan(
        called,
        members,
        chosen,
        tuple(axis.name for axis in axes),
        fixed,
        steps,
        by,
        seed=seed,
        data="" if data is None else str(data),
        streams_text=streams_text(chosen, data),
    )


def members_of(
    runner: "Runner", fixed: Mapping[str, Any], tried: Sequence[Mapping[str, Any]]
) -> tuple[SweepMember, ...]:
    """The members of a sweep: the default settings first, each once.

    Raises RefusedInput naming the first that is not allowed.
    """
    known = known_settings(runner.task)
    default = runner.flat(fixed)
    names = list(dict.fromkeys(name for values in tried for name in values))
    members = {
        _key(default): SweepMember("default", {n: default[n] for n in names if n in default})
    }
    for values in tried:
        name = name_of(values, known)
        try:
            flat = runner.flat({**fixed, **values})
        except RefusedInput as error:
            raise RefusedInput(f"{name}: {error}") from error
        members.setdefault(_key(flat), SweepMember(name, values))
    return tuple(members.values())


def random_members(
    runner: "Runner", fixed: Mapping[str, Any], axes: Sequence[Axis], count: int, seed: int
) -> tuple[SweepMember, ...]:
    """The members of a random search, as many as asked for where there are so many that are
    allowed, and the default settings. Raises RefusedInput where none is."""
    tried: list[Mapping[str, Any]] = []
    wrong, why = 0, ""
    for values in drawn(axes, seed):
        try:
            runner.flat({**fixed, **values})
        except RefusedInput as error:
            wrong, why = wrong + 1, f"{name_of(values, known_settings(runner.task))}: {error}"
            if wrong > TRIES * (1 + len(tried)):
                break
            continue
        tried.append(values)
        if len(tried) == count:
            break
    if not tried:
        raise RefusedInput(f"no member that was drawn is allowed; {why}")
    return members_of(runner, fixed, tried)


def confirming(plan: SweepPlan, best: int, handle: str, fresh: int) -> SweepPlan:
    """A sweep of the default and the best of another one, on streams that it did not use.

    Raises RefusedInput where the default is the best, or there are not so many streams.
    """
    from tttui.lab.evaluation.streams import held_out, streams_text

    if best == 0:
        raise RefusedInput("the default is the best of what was tried; there is nothing to confirm")
    shared = plan.fixed if plan.steps is None else {**plan.fixed, "steps": plan.steps}
    data = Path(plan.data) if plan.data else None
    used = {_where(one) for one in plan.streams}
    streams = tuple(
        one
        for one in held_out(plan.runner.task, shared, fresh + len(used), plan.seed + 1, data=data)
        if _where(one) not in used
    )[:fresh]
    if len(streams) < fresh:
        raise RefusedInput(f"there are only {len(streams)} streams left; take --fresh fewer")
    return replace(
        plan,
        members=(plan.members[0], plan.members[best]),
        streams=streams,
        seed=plan.seed + 1,
        part=0,
        parts=1,
        confirms=handle,
        streams_text=streams_text(streams, data),
    )


def _where(stream: HeldOutStream) -> tuple[Any, ...]:
    return tuple(stream.values.get(name) for name in ("seed", "file", "begin"))


def name_of(values: Mapping[str, Any], known: Mapping[str, Setting]) -> str:
    """`lr 0.01, chunk 16`"""
    return ", ".join(f"{name} {known[name].text(value)}" for name, value in values.items())


def refuse_absurd(members: int, streams: int, steps: int) -> None:
    """Raise RefusedInput with the remedy for a sweep far too large to compute."""
    if members > MOST_MEMBERS:
        raise RefusedInput(
            f"{members} members are more than {MOST_MEMBERS}: name fewer values, or let "
            "--random 100 choose some of them"
        )
    if members * streams * streams > MOST_PAIRS:
        raise RefusedInput(
            f"{members} members on {streams} streams: their intervals take too long to work out; "
            f"take --seeds {int((MOST_PAIRS / members) ** 0.5)} or fewer"
        )
    if members * streams * steps > MOST_STEPS:
        raise RefusedInput(
            f"{members} members x {streams} streams x {steps} steps are more than {MOST_STEPS:g} "
            "steps: take fewer --seeds or --steps, or let --random 100 choose members"
        )


def _key(flat: Mapping[str, Any]) -> str:
    return repr(sorted(flat.items()))

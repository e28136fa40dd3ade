"""A sweep: one task under many settings on the same held-out streams, batch by batch."""

from collections.abc import Mapping
from typing import Any

from tttui.lab.context import Context
from tttui.lab.kinds.base import JobKind, Needs
from tttui.lab.sweeps.plan import SweepPlan


class Sweep(JobKind):
    """Its settings are those of a `SweepPlan`; jobs that share a sweep have a part each."""

    name = "sweep"
    collection = "sweeps"
    command = ("sweep", "start")

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(gpus=0 if SweepPlan.of(settings).on_cpu else 1)

    def run(self, context: Context) -> None:
        from tttui.lab.sweeps.computing import compute, train_bases
        from tttui.lab.sweeps.outcome import SweepOutcome

        plan = SweepPlan.of(context.settings)
        names = plan.own_batches
        train_bases(context, plan, [name for name in names if name not in context.parts])
        for name in context.remaining(names):
            finished = len(context.parts)

            def on_progress(
                done: int, total: int, finished: int = finished, name: str = name
            ) -> None:
                context.safe_point()
                context.progress(finished + done / total, len(names), name)

            context.finish_part(name, compute(plan, plan.batches[name], context.root, on_progress))
        outcome = SweepOutcome.of(plan, [context.parts])
        context.results(outcome.document())
        if outcome.complete:
            context.event("ranked", verdict=outcome.verdict, members=len(plan.members))
            context.log.info("%s", outcome.verdict)


KIND = Sweep()

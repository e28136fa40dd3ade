"""A benchmark: several contenders on the same held-out streams, ranked by significant
differences."""

from collections.abc import Mapping
from typing import Any

from tttui.lab.context import Context
from tttui.lab.evaluation.contest import Contest, hold
from tttui.lab.evaluation.history import keep, keep_answers
from tttui.lab.evaluation.prompts import answers
from tttui.lab.kinds.base import JobKind, Needs
from tttui.lab.providers import keys_here


class Benchmark(JobKind):
    """Its settings are those of a `Contest`, or `providers` and the `prompts` to ask them."""

    name = "benchmark"
    collection = "benchmarks"
    command = ("bench", "run")

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        if "prompts" in settings:
            return Needs(env=keys_here(settings["providers"]))
        return Needs(gpus=0 if Contest.of(settings).on_cpu else 1)

    def run(self, context: Context) -> None:
        if "prompts" in context.settings:
            _ask(context)
            return
        contest = Contest.of(context.settings)
        result = hold(context, contest, timed=True)
        context.results(result)
        keep(context, contest, result, kind=self.name)
        context.event("ranked", verdict=result["verdict"], streams=result["streams"])
        context.log.info("%s", result["verdict"])


def _ask(context: Context) -> None:
    """Ask endpoints."""
    result = answers(context, context.settings["providers"], context.settings["prompts"])
    context.results(result)
    keep_answers(context, result)
    context.event("ranked", verdict=result["verdict"], prompts=len(result["prompts"]))
    context.log.info("%s", result["verdict"])


KIND = Benchmark()

"""A benchmark: several contenders on the same held-out streams, ranked by what is beyond chance."""

from tttui.lab.context import Context
from tttui.lab.evaluation.contest import Contest, hold
from tttui.lab.evaluation.history import keep
from tttui.lab.kinds.base import Kind


class Benchmark(Kind):
    """Its settings are those of a `Contest`."""

    name = "benchmark"
    collection = "benchmarks"
    command = ("bench", "run")

    def run(self, context: Context) -> None:
        contest = Contest.of(context.settings)
        found = hold(context, contest, timed=True)
        context.results(found)
        keep(context, contest, found, kind=self.name)
        context.event("ranked", verdict=found["verdict"], streams=found["streams"])
        context.log.info("%s", found["verdict"])


KIND = Benchmark()

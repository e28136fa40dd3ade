"""A test of a composition against its parents and the base, on the same held-out streams."""

from tttui.lab.context import Context
from tttui.lab.evaluation.contest import hold
from tttui.lab.evaluation.history import keep
from tttui.lab.genome.testing import RESULT, GenomeContest, judged
from tttui.lab.kinds.base import JobKind
from tttui.lab.registry import record_result, resolve


class GenomeTest(JobKind):
    """Its settings are those of a `GenomeContest`; and `words`, the command line."""

    name = "genome_test"
    collection = "test_executions"
    command = ("genome", "test")

    def run(self, context: Context) -> None:
        contest = GenomeContest.of(context.settings)
        contested = hold(context, contest, timed=False)
        verdict = judged(contested, contest.by)
        context.results({**contested, **verdict})
        version = resolve(context.root, contest.entries[0].version)
        words = context.settings["words"]
        for name in context.remaining(
            [f"record {p['b']}" for p in contested["pairs"]] + ["record"]
        ):
            if name == "record":
                record_result(
                    context.root, version, RESULT, {**verdict, "job": context.handle}, command=words
                )
                keep(context, contest, contested, kind=self.name)
            else:
                pair = next(one for one in contested["pairs"] if f"record {one['b']}" == name)
                result = {
                    "baseline": pair["b"],
                    "verdict": pair["outcome"],
                    "sentence": pair["verdict"],
                    "streams": contested["streams"],
                    "by": contest.by,
                    "job": context.handle,
                }
                record_result(context.root, version, "test", result, command=words)
            context.finish_part(name, True)
        context.event("verdict", version=version.name, verdict=verdict["outcome"])
        context.log.info("%s", verdict["verdict"])


KIND = GenomeTest()

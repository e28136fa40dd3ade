"""An A/B test of a version against another one or the base, on the same held-out streams."""

from collections.abc import Mapping
from typing import Any

from tttui.lab.context import Context
from tttui.lab.evaluation.contest import BASE, Contest, ContestEntry, hold
from tttui.lab.evaluation.history import keep
from tttui.lab.evaluation.streams import DecidingLoss
from tttui.lab.kinds.base import JobKind, Needs


class ABTest(JobKind):
    """Its settings are those of a `Contest` of two: the version first, then what it is tested
    against; and `words`, the command line."""

    name = "abtest"
    collection = "test_executions"
    command = ("model", "test")

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        return Needs(gpus=0 if Contest.of(settings).on_cpu else 1)

    def run(self, context: Context) -> None:
        from tttui.lab.registry import record_result, resolve, results_of

        contest = Contest.of(context.settings)
        version, baseline = contest.entries
        result = hold(context, contest, timed=False)
        compared = result["pairs"][0]
        result |= {"version": version.name, "baseline": baseline.name}
        result["verdict"] = compared["verdict"]
        context.results(result)
        tested = resolve(context.root, version.name)
        known = [one["result"].get("job") for one in results_of(context.root, tested)]
        if context.handle not in known:  # else before it was killed
            record_result(
                context.root,
                tested,
                "test",
                {
                    "baseline": baseline.name,
                    "verdict": compared["outcome"],
                    "sentence": compared["verdict"],
                    "difference": compared["difference"],
                    "low": compared["low"],
                    "high": compared["high"],
                    "unit": compared["unit"],
                    "wins": compared["wins"],
                    "streams": result["streams"],
                    "streams_key": result["streams_key"],
                    "streams_are": result["streams_are"],
                    "by": contest.by,
                    "seed": contest.seed,
                    "job": context.handle,
                },
                command=context.settings["words"],
            )
        keep(context, contest, result, kind=self.name)
        context.event("verdict", version=version.name, verdict=compared["outcome"])
        context.log.info("%s", compared["verdict"])


def settings_of(
    task: str,
    version: str,
    baseline: str,
    *,
    shared: dict[str, Any],
    streams: int,
    seed: int,
    data: str,
    by: DecidingLoss,
    words: list[str],
) -> tuple[Contest, dict[str, Any]]:
    """The contest of a version (`A@v2`) and a baseline (another one, or `base`), and the settings
    of its job. The base learns by the settings of the version that is tested."""
    against = ContestEntry(BASE, as_version=version)
    if baseline != BASE:
        against = ContestEntry(baseline, version=baseline)
    contest = Contest(
        task, (ContestEntry(version, version=version), against), shared, streams, seed, data, by
    )
    return contest, {**contest.settings(), "words": words}


KIND = ABTest()

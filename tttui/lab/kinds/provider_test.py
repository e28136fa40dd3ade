"""Tests of providers: every capability is a part, so a killed test resumes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tttui.lab.context import Context
from tttui.lab.kinds.base import JobKind, Needs
from tttui.lab.providers import find_providers, keys_here, providers_named
from tttui.lab.providers.measuring import Prober
from tttui.lab.providers.results import Results


class ProviderTest(JobKind):
    """Measures capabilities of providers, and keeps the results for the matrix.

    Its settings: `parts` (`<provider>/<capability>`), `limit_s` (of a probe), `repeat` (or null).
    """

    name = "provider_test"
    collection = "test_executions"
    command = ("provider", "test")

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        providers = find_providers().providers
        names = {part.partition("/")[0] for part in settings["parts"]}
        used = {one.gpu for name in names if (one := providers.get(name)) is not None}
        return Needs(gpus=len(used - {None}), env=keys_here(names))

    def run(self, context: Context) -> None:
        probers = dict[str, Prober]()
        try:
            self._measure(context, probers)
        finally:
            for prober in probers.values():
                prober.close()

    def _measure(self, context: Context, probers: dict[str, Prober]) -> None:
        settings, results = context.settings, Results(context.root)
        done = [m for m in context.parts.values() if isinstance(m, dict)]
        for part in context.remaining(settings["parts"]):
            name, _, capability = part.partition("/")
            if name not in probers:
                probers[name] = Prober(
                    providers_named([name])[0],
                    settings["limit_s"],
                    settings.get("repeat"),
                    context.safe_point,
                )
            measured = probers[name].measure(capability)
            results.add(measured)
            document = asdict(measured)
            context.finish_part(part, document)
            done.append(document)
            reason = f": {measured.reason}" if measured.reason else ""
            context.log.info("%s %s%s", part, measured.status, reason)
            context.results(summary(done))
        context.results(summary(done))


def settings_of(parts: Sequence[str], limit_s: float, repeat: int | None) -> Mapping[str, Any]:
    """The settings of a job that measures these parts."""
    return {"parts": list(parts), "limit_s": limit_s, "repeat": repeat}


def summary(done: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """results.json: every measurement, and how many there are of each status."""
    counts = dict[str, int]()
    for one in done:
        counts[str(one["status"])] = counts.get(str(one["status"]), 0) + 1
    return {**counts, "measurements": list(done)}


KIND = ProviderTest()

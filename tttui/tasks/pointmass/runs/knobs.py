"""The settings of a session of the point mass as knobs of a what-if."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tttui.model.dataclass import dataclass
from tttui.model.pointmass.configuration import settings_in
from tttui.model.pointmass.settings import LIVE_SETTINGS, PRESETS, Plasticity, Settings, World
from tttui.model.session import SessionData
from tttui.model.setting import Setting, option, options
from tttui.runs.whatif.knobs import NO_KNOBS, Turnable
from tttui.tasks.pointmass.runs.branch import OF_THE_BASE, expanded


@dataclass(frozen=True, slots=True)
class _Own:
    preset: str = option("", f"a named set of settings: {', '.join(PRESETS)}")


class PointMassTurnable(Turnable):
    """What can be turned of the sessions of the point mass."""

    first = (
        "preset",
        "lr",
        "chunk",
        "inner_steps",
        "buffer_len",
        "rollback_tol",
        "grad_norm_max",
        "state_norm_max",
        "probation",
        "mu",
        "noise_std",
        "env_mode",
    )
    live = (*LIVE_SETTINGS, "mu", "preset")
    fixed = (*OF_THE_BASE, *NO_KNOBS, "mu_min", "mu_max", "mu_schedule")

    def specs(self) -> Iterator[Setting]:
        for group in (_Own, World, Plasticity, Settings):
            yield from options(group)

    def values_at(self, data: SessionData, at: int) -> dict[str, Any]:
        values, mu = _settings_at(data, at).flat(), data.truth_at(at)
        return {**values, "mu": values["mu"] if mu is None else mu, "preset": ""}

    def refuse(self, data: SessionData, at: int, changed: Mapping[str, Any]) -> None:
        _settings_at(data, at).updated(changed).validate()

    def expanded(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return expanded(settings)

    def choices(self, spec: Setting, data: SessionData) -> Sequence[Any]:
        return ("", *PRESETS) if spec.name == "preset" else super().choices(spec, data)


def _settings_at(data: SessionData, at: int) -> Settings:
    settings = settings_in(data.meta.configuration)
    known = {spec.name for group in (World, Plasticity) for spec in options(group)}
    for t, values in data.settings_changes:
        if t < at or t == 0:
            settings = settings.updated({k: v for k, v in values.items() if k in known})
    return settings

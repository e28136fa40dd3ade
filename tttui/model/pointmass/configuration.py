"""The checked settings of a meta.json; never raises, whatever the values.

All users of world, model or update settings take them from here: views with defaults for wrong
values, the engine only if nothing is wrong.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tttui.model.pointmass.settings import PRESETS, Model, Plasticity, Pretraining, Settings, World
from tttui.model.schema import Configuration
from tttui.model.setting import Known, Values, checked_values, is_step, misspelt, options, shown


def _known(group: type) -> Known:
    """The settings of a group whose values stand in files as they are, by name."""
    return {one.name: one for one in options(group) if one.kind != "list"}


WORLD, MODEL, PLASTICITY = _known(World), _known(Model), _known(Plasticity)
PRETRAINING, RUN = _known(Pretraining), _known(Settings)

GROUPS: Mapping[str, Known] = {
    "env_cfg": WORLD,
    "model_cfg": {**MODEL, "dt": WORLD["dt"]},
    "plasticity_cfg": PLASTICITY,
    "pretraining_cfg": {**PRETRAINING, "decay_init": MODEL["decay_init"]},
    "run_cfg": RUN,
}
"""Keys of meta.json that hold settings -> the options in them."""

CHANGEABLE: Known = {**PLASTICITY, **WORLD}
"""Options that can change while a session runs."""


def configuration_of(meta: Values) -> Configuration:
    """The settings in the keys of a meta.json.

    Unknown keys are ignored. Absent keys of a native file (of an older version) have their
    defaults; those of a foreign one have the preset `plain` and `equal` decays.
    """
    wrong = [*misspelt(meta, {*GROUPS, *WORLD, *RUN}, "")]
    recorded = {"": checked_values(meta, {**WORLD, **RUN}, "", wrong, unknown=False)}
    for name, known in GROUPS.items():
        recorded[name] = _group(meta, name, known, wrong)
    planned = _mu_changes(_of(meta, "run_cfg").get("mu_schedule"), "run_cfg.mu_schedule", wrong)
    settings = _settings(recorded, planned)
    settings = replace(
        settings,
        world=_in_order(settings.world, "mu_min", "mu_max", "env_cfg", wrong),
        plasticity=_in_order(
            settings.plasticity, "min_buffer", "buffer_len", "plasticity_cfg", wrong
        ),
    )
    return Configuration(
        settings,
        max(settings.plasticity.chunk, 1),
        recorded,
        _mu_changes(meta.get("mu_schedule"), "mu_schedule", wrong),
        _settings_changes(meta.get("settings_changes"), wrong),
        tuple(wrong),
    )


def settings_in(configuration: Configuration) -> Settings:
    """All settings of a session; what is absent or wrong has its default, or what the predecessor
    did. Those of another task are the defaults."""
    return configuration.settings if isinstance(configuration.settings, Settings) else Settings()


def changed_options(values: Values, name: str) -> tuple[dict[str, Any], list[str]]:
    """The valid changed options (at `name` in a file), and the defects of the others."""
    wrong: list[str] = []
    return checked_values(values, CHANGEABLE, f"{name}.", wrong, unknown=False), wrong


def checked_options(values: object, name: str) -> tuple[dict[str, Any], list[str]]:
    """The valid options at `name` in a base, and the defects of the others."""
    if not isinstance(values, Mapping):
        return {}, [] if values is None else [f"{name} is {shown(values)}, not an object of keys"]
    wrong: list[str] = []
    named = {key: value for key, value in values.items() if isinstance(key, str)}
    return checked_values(named, {**MODEL, **PRETRAINING, **WORLD}, f"{name}.", wrong), wrong


def _settings(
    recorded: Mapping[str, Values], mu_schedule: tuple[tuple[int, float], ...]
) -> Settings:
    plasticity_cfg, env_cfg = recorded["plasticity_cfg"], recorded["env_cfg"]
    model_cfg, pretraining_cfg = recorded["model_cfg"], recorded["pretraining_cfg"]
    native = "inner_steps" in plasticity_cfg
    plasticity = Plasticity() if native else PRESETS["plain"]
    plasticity = replace(plasticity, **_only(plasticity_cfg, PLASTICITY))
    if not native:
        # The predecessor updates as soon as its buffer is full.
        plasticity = replace(plasticity, min_buffer=plasticity.buffer_len)
    known = (cfg["dt"] for cfg in (env_cfg, model_cfg) if cfg.get("dt") is not None)
    dt = next(known, WORLD["dt"].default)
    own = recorded[""]
    model = {**_only(model_cfg, MODEL), "dt": dt}
    model["decay_init"] = pretraining_cfg.get("decay_init") or ("spread" if native else "equal")
    return Settings(
        world=World(**{**_only(env_cfg, WORLD), **_only(own, WORLD), "dt": dt}),
        model=Model(**model),
        plasticity=plasticity,
        pretraining=Pretraining(**_only(pretraining_cfg, PRETRAINING)),
        mu_schedule=mu_schedule,
        **{**_only(recorded["run_cfg"], RUN), **_only(own, RUN)},
    )


def _of(meta: Values, key: str) -> Values:
    value = meta.get(key)
    return value if isinstance(value, Mapping) else {}


def _group(meta: Values, name: str, known: Known, wrong: list[str]) -> dict[str, Any]:
    value = meta.get(name)
    if value is not None and not isinstance(value, Mapping):
        wrong.append(f"{name} is {shown(value)}, not an object of keys")
    return checked_values(_of(meta, name), known, f"{name}.", wrong)


def _only(values: Values, known: Known) -> dict[str, Any]:
    """The values that are options and not null."""
    return {name: values[name] for name in known if values.get(name) is not None}


def _in_order(group: Any, lower: str, upper: str, lead: str, wrong: list[str]) -> Any:
    """The group, with the defaults of two options where the first is above the second."""
    low, high = getattr(group, lower), getattr(group, upper)
    if low <= high:
        return group
    wrong.append(f"{lead}.{lower} is {low}, above {upper} {high}")
    default = type(group)()
    return replace(group, **{name: getattr(default, name) for name in (lower, upper)})


def _mu_changes(schedule: Any, name: str, wrong: list[str]) -> tuple[tuple[int, float], ...]:
    if schedule is not None and not isinstance(schedule, list):
        wrong.append(f"{name} is {shown(schedule)}, not a list")
    changes: list[tuple[int, float]] = []
    for i, pair in enumerate(schedule if isinstance(schedule, list) else []):
        match pair:
            case [int(t), float(mu) | int(mu)] if is_step(t) and not WORLD["mu"].why_not(mu):
                changes.append((t, float(mu)))
            case _:
                wrong.append(f"{name}[{i}] is {shown(pair)}, not a step and a friction")
    return tuple(sorted(changes, key=lambda change: change[0]))


def _settings_changes(changes: Any, wrong: list[str]) -> tuple[tuple[int, Values], ...]:
    if changes is not None and not isinstance(changes, list):
        wrong.append(f"settings_changes is {shown(changes)}, not a list")
    recorded = []
    for i, change in enumerate(changes if isinstance(changes, list) else []):
        name = f"settings_changes[{i}]"
        if not isinstance(change, Mapping) or not is_step(change.get("t")):
            wrong.append(f"{name} is {shown(change)}, not a change at a step")
            continue
        values, why = changed_options({k: v for k, v in change.items() if k != "t"}, name)
        wrong += why
        recorded.append((change["t"], values))
    return tuple(recorded)

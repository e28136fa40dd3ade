"""The settings that a meta.json records, checked: whatever its values are, nothing is raised.

Everything that needs the world, the model or the updates of a session takes them from here: the
views with defaults in the place of what is wrong, the engine only where nothing is wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from tttui.model.dataclass import dataclass
from tttui.model.setting import Setting, options, shown
from tttui.model.settings import PRESETS, Model, Plasticity, Pretraining, Settings, World

Values = Mapping[str, Any]

Known = Mapping[str, Setting]


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


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a session was set to."""

    settings: Settings = field(default_factory=Settings)
    """All settings; what is absent or wrong has its default, or what the predecessor did."""
    recorded: Mapping[str, Values] = field(default_factory=dict[str, Values])
    """By group (`env_cfg` ...) what is recorded, without the values that are wrong. Keys that are
    no option are there as they stand in the file. '' are the options of the top level."""
    mu_changes: tuple[tuple[int, float], ...] = ()
    """Steps from which on another friction holds, as recorded in `mu_schedule`."""
    settings_changes: tuple[tuple[int, Values], ...] = ()
    """Steps and the options that changed there, as recorded in `settings_changes`."""
    wrong: tuple[str, ...] = ()
    """What is wrong, by key: `env_cfg.dt is 'abc', not a number`."""


def configuration_of(meta: Values) -> Configuration:
    """The settings in the keys of a meta.json.

    Unknown keys are ignored. What a native file lacks (an older version) has its default; what
    a foreign one lacks is what the predecessor did: the preset `plain` and `equal` decays.
    """
    wrong = [*misspelt(meta, {*GROUPS, *WORLD, *RUN}, "")]
    recorded = {"": _checked(meta, {**WORLD, **RUN}, "", wrong, unknown=False)}
    for name, known in GROUPS.items():
        recorded[name] = _group(meta, name, known, wrong)
    planned = _mu_changes(_of(meta, "run_cfg").get("mu_schedule"), "run_cfg.mu_schedule", wrong)
    settings = _settings(recorded, planned)
    return Configuration(
        replace(
            settings,
            world=_in_order(settings.world, "mu_min", "mu_max", "env_cfg", wrong),
            plasticity=_in_order(
                settings.plasticity, "min_buffer", "buffer_len", "plasticity_cfg", wrong
            ),
        ),
        recorded,
        _mu_changes(meta.get("mu_schedule"), "mu_schedule", wrong),
        _settings_changes(meta.get("settings_changes"), wrong),
        tuple(wrong),
    )


def of_other_task(meta: Values) -> Configuration:
    """What a session of another task than the point mass records: its keys are its own."""
    wrong: list[str] = []
    own = {key: RUN[key] for key in ("seed", "device")}
    recorded: dict[str, Values] = {"": _checked(meta, own, "", wrong, unknown=False)}
    for name in GROUPS:
        value = meta.get(name)
        if value is not None and not isinstance(value, Mapping):
            wrong.append(f"{name} is {shown(value)}, not an object of keys")
        recorded[name] = dict(_of(meta, name))
    plasticity, chunk = Plasticity(), recorded["plasticity_cfg"].get("chunk")
    if isinstance(chunk, int) and not PLASTICITY["chunk"].why_not(chunk):
        plasticity = replace(plasticity, chunk=chunk)
    return Configuration(
        replace(Settings(), plasticity=plasticity, **_only(recorded[""], own)),
        recorded,
        wrong=tuple(wrong),
    )


def changed_options(values: Values, name: str) -> tuple[dict[str, Any], list[str]]:
    """Options that somebody changed (at `name` in a file), and what is wrong with the others."""
    wrong: list[str] = []
    return _checked(values, CHANGEABLE, f"{name}.", wrong, unknown=False), wrong


def checked_options(values: object, name: str) -> tuple[dict[str, Any], list[str]]:
    """What stands at `name` in a base, without wrong values, and what is wrong with them."""
    if not isinstance(values, Mapping):
        return {}, [] if values is None else [f"{name} is {shown(values)}, not an object of keys"]
    wrong: list[str] = []
    named = {key: value for key, value in values.items() if isinstance(key, str)}
    return _checked(named, {**MODEL, **PRETRAINING, **WORLD}, f"{name}.", wrong), wrong


def misspelt(values: Values, known: Iterable[str], lead: str) -> Iterable[str]:
    """The keys that would be known if their letters had the right case."""
    names = set(known)
    for key in values:
        if key not in names and key.lower() in names and key.lower() not in values:
            yield f"{lead}{key} is not read: the key is {key.lower()}"


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
    return _checked(_of(meta, name), known, f"{name}.", wrong)


def _checked(
    values: Values,
    known: Known,
    lead: str,
    wrong: list[str],
    *,
    unknown: bool = True,
) -> dict[str, Any]:
    """The values without those that are wrong (and, unless wanted, those of unknown keys)."""
    out: dict[str, Any] = {}
    if lead:
        wrong += misspelt(values, known, lead)
    for key, value in values.items():
        spec = known.get(key)
        if value is None or spec is None:
            if unknown:
                out[key] = value
            continue
        if isinstance(value, float) and spec.kind == "count":
            value = spec.adapted(value)  # 32.0: programs without whole numbers write them so
        why = spec.why_not(value)
        if why:
            wrong.append(f"{lead}{key} is {shown(value)}, {why}")
        else:
            out[key] = value
    return out


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
    found: list[tuple[int, float]] = []
    for i, pair in enumerate(schedule if isinstance(schedule, list) else []):
        match pair:
            case [int(t), float(mu) | int(mu)] if is_step(t) and not WORLD["mu"].why_not(mu):
                found.append((t, float(mu)))
            case _:
                wrong.append(f"{name}[{i}] is {shown(pair)}, not a step and a friction")
    return tuple(sorted(found, key=lambda change: change[0]))


def _settings_changes(changes: Any, wrong: list[str]) -> tuple[tuple[int, Values], ...]:
    if changes is not None and not isinstance(changes, list):
        wrong.append(f"settings_changes is {shown(changes)}, not a list")
    found = []
    for i, change in enumerate(changes if isinstance(changes, list) else []):
        name = f"settings_changes[{i}]"
        if not isinstance(change, Mapping) or not is_step(change.get("t")):
            wrong.append(f"{name} is {shown(change)}, not a change at a step")
            continue
        values, why = changed_options({k: v for k, v in change.items() if k != "t"}, name)
        wrong += why
        found.append((change["t"], values))
    return tuple(found)


def is_step(value: Any) -> bool:
    """Whether a value of a file is a step: a whole number from 0 on, in 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63

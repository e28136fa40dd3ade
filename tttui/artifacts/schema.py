"""The keys of meta.json that describe a session -> Schema; never raises."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tttui.artifacts.jsonfile import whole
from tttui.model.lora import fit, named_pairs
from tttui.model.schema import POINT_MASS, Loss, ModelModule, Pair, Schema, TaskIdentity, TensorSpec
from tttui.model.setting import shown

LONGEST_NAME = 400
"""Characters of a name; one of a deep model has some 80."""

MOST_AXES = 16
MOST_ELEMENTS = 1 << 48
"""Elements of a tensor; more is no size but damage."""

MOST_TENSORS = 50_000
"""Parameters, and modules, that are read; models of 10^12 parameters have some thousands."""

MOST_WRONG = 5
"""Wrong entries of a list that are named; of the others the first ones are enough."""


def parse_schema(raw: Mapping[str, Any]) -> tuple[Schema, list[str]]:
    """The schema, with defaults for absent or wrong keys, and the problems."""
    wrong: list[str] = []
    task = _task(raw.get("task"), wrong)
    plastic = tuple(_tensors(raw.get("plastic"), "plastic", wrong))
    declared = {pair.a.name: pair for pair in _pairs(raw.get("pairs"), plastic, wrong)}
    named = {pair.a.name: pair for pair in named_pairs(plastic, task.settings)}
    schema = Schema(
        task=task,
        loss=_loss(raw.get("loss"), wrong),
        plastic=plastic,
        pairs=tuple({**named, **declared}.values()),
        kept=_names(raw.get("kept"), "kept", wrong),
        recorder=_object(raw.get("recorder"), "recorder", wrong),
        model=() if task.name == POINT_MASS else tuple(_parts(raw.get("model"), wrong)),
        units=_units(raw.get("series"), wrong),
    )
    return schema, wrong


def _task(value: Any, wrong: list[str]) -> TaskIdentity:
    if value is None:
        return TaskIdentity()
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping):
        wrong.append(f"task is {shown(value)}, not an object of keys")
        return TaskIdentity()
    name = _name(value.get("name"))
    if name is None:
        wrong.append(f"task.name is {shown(value.get('name'))}, not a name")
        return TaskIdentity("unknown")
    version = value.get("version")
    text = version if isinstance(version, str) else "" if version is None else str(shown(version))
    settings = _object(value.get("settings"), "task.settings", wrong) or {}
    return TaskIdentity(name, text[:LONGEST_NAME], settings)


def _loss(value: Any, wrong: list[str]) -> Loss:
    if value is None:
        return Loss()
    if not isinstance(value, Mapping):
        wrong.append(f"loss is {shown(value)}, not an object of keys")
        return Loss("loss")
    fields: dict[str, Any] = {"name": "loss"}
    for key in ("name", "unit"):
        text = value.get(key)
        if isinstance(text, str) and len(text) <= LONGEST_NAME:
            if text or key == "unit":
                fields[key] = text
        elif text is not None:
            wrong.append(f"loss.{key} is {shown(text)}, not a name")
    lower = value.get("lower_is_better")
    if isinstance(lower, bool):
        fields["lower_is_better"] = lower
    elif lower is not None:
        wrong.append(f"loss.lower_is_better is {shown(lower)}, not true or false")
    return Loss(**fields)


def _tensors(value: Any, lead: str, wrong: list[str]) -> Iterator[TensorSpec]:
    """The tensors in a list, each name once; the first few wrong ones are named."""
    reported, seen = 0, set[str]()
    for i, item in enumerate(_list(value, lead, wrong)):
        spec = tensor_spec(item)
        if not isinstance(spec, str) and spec.name in seen:
            spec = f"repeats {shown(spec.name)}"
        if isinstance(spec, str):
            reported += 1
            if reported <= MOST_WRONG:
                wrong.append(f"{lead}[{i}] {spec}")
            continue
        seen.add(spec.name)
        yield spec


def _pairs(value: Any, plastic: Sequence[TensorSpec], wrong: list[str]) -> Iterator[Pair]:
    """The declared pairs of low-rank adapters."""
    known = {spec.name: spec for spec in plastic}
    reported, names = 0, set(known)
    for i, item in enumerate(_list(value, "pairs", wrong)):
        entry = item if isinstance(item, Mapping) else {}
        a, b = (known.get(entry[k]) if isinstance(entry.get(k), str) else None for k in "ab")
        name, scale = _name(entry.get("name")), entry.get("scale", 1.0)
        number = isinstance(scale, int | float) and not isinstance(scale, bool)
        if name is None or name in names or a is None or b is None or not number or not fit(a, b):
            reported += 1
            if reported <= MOST_WRONG:
                wrong.append(f"pairs[{i}] is {shown(item)}, not a name with a, b and a scale")
            continue
        names.add(name)
        yield Pair(name, a, b, float(scale))


def tensor_spec(item: Any) -> TensorSpec | str:
    """A tensor's specification from a file, or why it is invalid."""
    if not isinstance(item, Mapping):
        return f"is {shown(item)}, not an object of keys"
    name = _name(item.get("name"))
    if name is None:
        return f"has {shown(item.get('name'))} for its name"
    shape = axes(item.get("shape"))
    if shape is None:
        return f"has the shape {shown(item.get('shape'))}, which is none"
    dtype = item.get("dtype")
    return TensorSpec(name, shape, dtype[:40] if isinstance(dtype, str) else "")


def axes(value: Any) -> tuple[int, ...] | None:
    """A shape in a file; None where it is none, or beyond all tensors."""
    if not isinstance(value, list) or len(value) > MOST_AXES:
        return None
    shape = [whole(n) for n in value]
    known = tuple(n for n in shape if n is not None and 0 <= n <= MOST_ELEMENTS)
    if len(known) < len(shape) or math.prod(known) > MOST_ELEMENTS:
        return None
    return known


def _parts(value: Any, wrong: list[str]) -> Iterator[ModelModule]:
    reported, seen = 0, set[str]()
    for i, item in enumerate(_list(value, "model", wrong)):
        path = item.get("path") if isinstance(item, Mapping) else None
        if not isinstance(path, str) or len(path) > LONGEST_NAME or path in seen:
            reported += 1
            if reported <= MOST_WRONG:
                wrong.append(f"model[{i}] is {shown(item)}, not a module with a path of its own")
            continue
        seen.add(path)
        kind = item.get("type")
        own = item.get("parameters")
        lead = f"model[{i}].parameters"
        plastic = {
            entry.get("name")
            for entry in (own if isinstance(own, list) else ())
            if isinstance(entry, Mapping)
            and isinstance(entry.get("name"), str)
            and entry.get("plastic") is True
        }
        specs = tuple((s, s.name in plastic) for s in _tensors(own, lead, wrong))
        yield ModelModule(path, kind[:LONGEST_NAME] if isinstance(kind, str) else "", specs)


def _units(value: Any, wrong: list[str]) -> dict[str, str]:
    units: dict[str, str] = {}
    for item in _list(value, "series", wrong):
        if isinstance(item, Mapping):
            name, unit = _name(item.get("name")), item.get("unit")
            if name is not None and isinstance(unit, str):
                units[name] = unit[:40]
    return units


def _names(value: Any, lead: str, wrong: list[str]) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = [_name(item) for item in _list(value, lead, wrong)]
    if None in names:
        wrong.append(f"{lead}[{names.index(None)}] is no name")
    return tuple(name for name in names if name is not None)


def _list(value: Any, lead: str, wrong: list[str]) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        wrong.append(f"{lead} is {shown(value)}, not a list")
        return []
    if len(value) > MOST_TENSORS:
        wrong.append(f"{lead} has {len(value)} entries; only the first {MOST_TENSORS} are shown")
    return value[:MOST_TENSORS]


def _object(value: Any, lead: str, wrong: list[str]) -> Mapping[str, Any] | None:
    if value is None or isinstance(value, Mapping):
        return value
    wrong.append(f"{lead} is {shown(value)}, not an object of keys")
    return None


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME else None

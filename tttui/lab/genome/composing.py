"""Composing a genome: a new version of a skill out of several over the same base."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tttui.artifacts.eventlog import events_below
from tttui.artifacts.jsonfile import number, whole
from tttui.artifacts.tensorwriter import Stored
from tttui.lab.genome.layers import BaseValues, Layer, SkillWeights, all_layers
from tttui.lab.genome.methods import METHODS, MergePart, Recipe, merge
from tttui.lab.registry import BaseRef, Version, register, resolve
from tttui.lab.registry.names import check_name
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.schema import Pair

if TYPE_CHECKING:  # the task imports peft when it merges
    from tttui.tasks.hf.merging import Factors

KIND = "genome"
"""Of a version's origin."""

ADAPTER_METHODS = ("cat", "svd")
"""Methods of peft that only adapters have."""

COMPOSED = "data:genomes:composed"

MOST_SKILLS = 64

PATTERNS = ("plastic", "targets")
"""Settings that are patterns of parameters or layers, with commas between."""

_WEIGHTED = re.compile(r"(?P<name>.+?)(?::(?P<weight>[^:]*))?")


@dataclass(frozen=True, slots=True)
class Weighted:
    """A skill and its weight in a composition."""

    version: Version
    weight: float = 1.0

    @property
    def text(self) -> str:
        """As `--skills` has it: `A@v2:0.7`."""
        return f"{self.version.name}:{self.weight:g}"


def weighted(root: Path, text: str) -> list[Weighted]:
    """The skills that `--skills A@v2:0.7,B,@helper:0.3` names; the default weight is 1.

    Raises RefusedInput naming what is wrong.
    """
    skills: list[Weighted] = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        match = _WEIGHTED.fullmatch(part)
        assert match is not None
        weight = 1.0
        if (typed := match["weight"]) is not None:
            try:
                weight = float(typed)
            except ValueError:
                raise RefusedInput(
                    f"--skills {part}: {typed!r} is no weight; write NAME:WEIGHT, such as A@v2:0.7"
                ) from None
        skills.append(Weighted(resolve(root, match["name"]), weight))
    if len(skills) > MOST_SKILLS:
        raise RefusedInput(f"--skills: {len(skills)} are more than {MOST_SKILLS}")
    names = [one.version.name for one in skills]
    for name in names:
        if names.count(name) > 1:
            raise RefusedInput(f"--skills: {name} is named twice; give it one weight")
    return skills


def check(parts: Sequence[Weighted], recipe: Recipe) -> None:
    """Raise RefusedInput where these skills cannot be composed like this."""
    if recipe.method in ADAPTER_METHODS:
        Recipe(scale=recipe.scale).check([part.weight for part in parts])
    else:
        recipe.check([part.weight for part in parts])
    first = parts[0].version
    for other in (part.version for part in parts[1:]):
        if other.task != first.task:
            raise RefusedInput(
                f"{first.name} is of the task {first.task}, {other.name} of {other.task}; only "
                "skills of one task over one base can be composed"
            )
        if other.base_sha256 != first.base_sha256:
            raise RefusedInput(
                f"{first.name} stands on the base {_short(first.base_sha256)}, {other.name} on "
                f"{_short(other.base_sha256)}; only skills over one base can be composed"
            )
    for version in (part.version for part in parts):
        if version.type != "skill":
            raise RefusedInput(f"{version.name} is a base; compose skills over it")


def compose(
    root: Path,
    parts: Sequence[Weighted],
    recipe: Recipe,
    name: str,
    *,
    command: Sequence[str],
) -> Version:
    """Register the merge of some skills as the next version of the skill `name`.

    The order of the skills makes no difference. Raises RefusedInput where they cannot be
    composed; nothing is registered then.
    """
    check_name(name, "a skill")
    check(parts, recipe)
    with ExitStack() as stack:
        skills = {
            p.version.name: stack.enter_context(closing(SkillWeights(p.version))) for p in parts
        }
        tensors, adapters = merged(root, parts, recipe, skills)
    versions = [part.version for part in parts]
    task_settings = shared([version.task_settings for version in versions]) | adapters
    settings = shared([version.settings for version in versions])
    made = register(
        root,
        name,
        tensors,
        task=versions[0].task,
        task_settings=task_settings,
        settings=settings,
        base=BaseRef(versions[0].base_sha256, versions[0].base_source),
        origin=lineage(parts, recipe),
        command=command,
    )
    with suppress(TttuiError, OSError):
        events_below(root).append(
            COMPOSED,
            id=made.name,
            method=recipe.method,
            parents=[part.text for part in parts],
        )
    return made


def lineage(parts: Sequence[Weighted], recipe: Recipe) -> dict[str, Any]:
    """The origin of a composition: parents with hashes and weights, and how they were merged."""
    return {
        "kind": KIND,
        "id": ",".join(part.text for part in parts),
        "parents": [part.version.name for part in parts],
        "seed": recipe.seed,
        "composition": {
            **asdict(recipe),
            "parts": [
                {
                    "version": part.version.name,
                    "weight": part.weight,
                    "weights_sha256": part.version.weights_sha256,
                    "content": part.version.content,
                }
                for part in parts
            ],
        },
    }


def merged(
    root: Path, parts: Sequence[Weighted], recipe: Recipe, skills: Mapping[str, SkillWeights]
) -> tuple[dict[str, Stored], dict[str, Any]]:
    """The tensors of a composition, and the settings of its adapters, if any.

    `skills` are the open weights of the parts by version name. Raises RefusedInput naming the
    layer.
    """
    base = BaseValues(root, parts[0].version)
    tensors: dict[str, Stored] = {}
    pairs = dict[Pair, "Factors"]()
    for layer in all_layers(skills.values()).values():
        if layer.pair is not None:
            pairs[layer.pair] = merged_adapter(layer, parts, recipe, skills)
        elif recipe.method in ADAPTER_METHODS:
            raise RefusedInput(
                f"--method {recipe.method}: {layer.name} is no pair of an adapter; "
                f"{', '.join(METHODS)} merge it"
            )
        else:
            tensors[layer.name] = _parameter(layer, parts, recipe, skills, base)
    rank = max((len(made.a) for made in pairs.values()), default=0)
    for pair, made in pairs.items():  # all of one rank, as a session has them
        more = rank - len(made.a)
        tensors[pair.a.name] = Stored.of(np.pad(made.a, ((0, more), (0, 0))))
        tensors[pair.b.name] = Stored.of(np.pad(made.b, ((0, 0), (0, more))))
    scales = {made.scale for made in pairs.values()}
    return tensors, {"rank": rank, "alpha": rank * max(scales)} if pairs else {}


def merged_layer(
    layer: Layer,
    parts: Sequence[Weighted],
    recipe: Recipe,
    skills: Mapping[str, SkillWeights],
    base: BaseValues,
) -> Floats:
    """The values of one parameter after the merge."""
    holders = [skills[p.version.name] for p in parts if layer.name in skills[p.version.name].layers]
    known = base.read(layer.name, layer.shape)
    dtype = np.result_type(*(skill.read(layer.name).dtype for skill in holders))
    known = known.astype(dtype, copy=False)

    def part(one: Weighted) -> MergePart:
        version, skill = one.version, skills[one.version.name]
        has = layer.name in skill.layers
        read = (lambda: skill.read(layer.name)) if has else (lambda: known)
        return MergePart(version.name, version.content, one.weight, read)

    return merge(known, [part(one) for one in parts], recipe, layer.name)


def _parameter(
    layer: Layer,
    parts: Sequence[Weighted],
    recipe: Recipe,
    skills: Mapping[str, SkillWeights],
    base: BaseValues,
) -> Stored:
    values = merged_layer(layer, parts, recipe, skills, base)
    dtypes = {s.dtype(layer.name) for s in skills.values() if layer.name in s.layers}
    if dtypes == {"bfloat16"}:
        return Stored.narrowed(_rounded(values), "bfloat16")
    return Stored.of(values)


def _rounded(values: Floats) -> Floats:
    """Round float32 values to the nearest bfloat16 value, ties to even."""
    bits = values.astype(np.float32).view(np.uint32)
    rounded = bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))
    return (rounded & np.uint32(0xFFFF0000)).view(np.float32)


def merged_adapter(
    layer: Layer, parts: Sequence[Weighted], recipe: Recipe, skills: Mapping[str, SkillWeights]
) -> "Factors":
    """The pair of one layer, merged by peft; a skill without it adds nothing."""
    from tttui.tasks.hf.merging import Factors, merge_adapters

    assert layer.pair is not None
    factors, weights = [], []
    for one in sorted(parts, key=lambda one: (one.version.content, one.weight)):
        skill = skills[one.version.name]
        if layer.name in skill.layers:
            factors.append(Factors(*skill.factors(skill.layers[layer.name])))
        else:
            a, b = layer.pair.a, layer.pair.b
            zeros = (np.zeros(a.matrix, np.float32), np.zeros(b.matrix, np.float32))
            factors.append(Factors(*zeros, layer.pair.scale))
        weights.append(one.weight * (1.0 if recipe.method == "mean" else recipe.scale))
    try:
        made = merge_adapters(
            factors,
            weights,
            recipe.method,
            scale=scale_of(skills.values()),
            density=recipe.density,
            seed=recipe.seed,
        )
    except RefusedInput as error:
        raise RefusedInput(f"{layer.name}: {error}") from error
    return replace(made, b=np.float32(recipe.scale) * made.b) if recipe.method == "mean" else made


def scale_of(skills: Iterable[SkillWeights]) -> float:
    """The scale of a composition's adapter products: the largest of its parts."""
    pairs = (layer.pair for skill in skills for layer in skill.layers.values())
    return max(pair.scale for pair in pairs if pair is not None)


def shared(settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings on which all versions agree; settings that list parameters are united."""
    first, *others = settings
    values = {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }
    for name in PATTERNS:
        texts = [str(one[name]) for one in settings if name in one]
        if name not in values and len(texts) == len(settings):
            values[name] = ",".join(dict.fromkeys(p for text in texts for p in text.split(",")))
    return values


def _short(sha256: str) -> str:
    return sha256.rpartition(":")[2][:12]


@dataclass(frozen=True, slots=True)
class MergedParent:
    """One of the versions that were merged."""

    version: str
    weight: float
    weights_sha256: str


@dataclass(frozen=True, slots=True)
class Composition:
    """How a version was composed."""

    recipe: Recipe
    parents: tuple[MergedParent, ...]

    @property
    def method(self) -> str:
        """`ties, density 0.2`"""
        recipe, words = self.recipe, [self.recipe.method]
        if recipe.method in ("ties", "dare"):
            words.append(f"density {recipe.density:g}")
        if recipe.method == "dare":
            words.append(f"seed {recipe.seed}")
        if recipe.scale != 1.0:
            words.append(f"scale {recipe.scale:g}")
        return ", ".join(words)

    @property
    def skills(self) -> str:
        """`0.7 A@v2 + 0.3 B@v1`"""
        return " + ".join(f"{parent.weight:g} {parent.version}" for parent in self.parents)


def composition_of(version: Version) -> Composition | None:
    """How a version was composed; None if it is no composition or does not say."""
    document = version.origin.get("composition")
    if version.origin.get("kind") != KIND or not isinstance(document, Mapping):
        return None
    density, scale = number(document.get("density")), number(document.get("scale"))
    seed, parts = whole(document.get("seed")), document.get("parts")
    parents = [_parent(part) for part in (parts if isinstance(parts, list) else ())]
    if density is None or scale is None or seed is None or not parents or None in parents:
        return None
    recipe = Recipe(str(document.get("method")), density, seed, scale)
    return Composition(recipe, tuple(one for one in parents if one is not None))


def _parent(document: Any) -> MergedParent | None:
    if not isinstance(document, Mapping):
        return None
    weight = number(document.get("weight"))
    texts = document.get("version"), document.get("weights_sha256")
    if weight is None or not all(isinstance(text, str) for text in texts):
        return None
    return MergedParent(str(texts[0]), weight, str(texts[1]))

"""What a merge does and where its skills are, in words."""

from collections.abc import Mapping, Sequence

from tttui.draw.prose import Prose
from tttui.lab.genome.effect import LayerChange
from tttui.lab.genome.methods import Recipe
from tttui.model.ages import size_text
from tttui.panes.lab.genome.graph import percent
from tttui.panes.lab.models.rows import origin_of
from tttui.store.lab.genome import Genome, GenomeSelection, SkillOnBase
from tttui.widgets.page import Content

USUAL = {"ties": 0.2, "dare": 0.5}
"""Densities of the methods that have one."""


def how(recipe: Recipe) -> str:
    """`ties 0.2`"""
    return f"{recipe.method} {recipe.density:g}" if recipe.method in USUAL else recipe.method


def title(selection: GenomeSelection) -> str:
    """`1 A@v1 + 0.5 B@v1 by linear`"""
    if not selection.weights:
        return "No skill is chosen: space takes one into a merge"
    skills = " + ".join(f"{weight:g} {name}" for name, weight in selection.weights)
    return f"{skills} by {how(selection.recipe)}"


def effect(
    genome: Genome, selection: GenomeSelection, skill: SkillOnBase | None, layer: int, command: str
) -> Content:
    """The command, what happens to a layer and to signs, the skill under the cursor, processes."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        if genome.refused:
            prose.say(f"! {genome.refused}", palette.warn)
        if command:
            prose.say(command, palette.accent)
        if genome.layers:
            _say_layer(prose, genome, selection, skill, genome.layers[layer])
        if signs := _mean_conflicts(genome.layers):
            conflicts = ", ".join(f"{a} and {b} {100 * s:.0f} %" for (a, b), s in signs.items())
            prose.say(f"Opposite signs: {conflicts} of what both change (by chance 50 %)")
        if skill is not None:
            prose.say(_about(skill))
        for holder in genome.holders:
            c = holder.counters
            prose.say(
                f"Job {holder.job.short} holds {size_text(holder.used)} of "
                f"{size_text(holder.budget)}: {c['hits']} hits, {c['loads']} loads, "
                f"{c['evictions']} evictions, {c['thrashes']} thrashes"
            )
        if genome.left_out:
            more = f"{genome.left_out} older versions over this base are not shown"
            prose.say(more, palette.muted)
        for problem in genome.problems:
            prose.say(f"! {problem}", palette.warn)
        if genome.todo:
            prose.say("working out more ...", palette.muted)
        others = [one for one in genome.skills if one is not skill]
        if others:
            prose.head("The other skills")
        for one in others:
            prose.say(_about(one), palette.muted)

    return write


def _say_layer(
    prose: Prose,
    genome: Genome,
    selection: GenomeSelection,
    skill: SkillOnBase | None,
    layer: LayerChange,
) -> None:
    chosen = [name for name, _ in selection.weights] or [skill.name if skill else ""]
    texts = [f"{name} {_moved(layer, layer.norms[name])}" for name in chosen if name in layer.norms]
    if (norm := genome.composed.get(layer.name)) is not None:
        texts.append(f"the merge {_moved(layer, norm)}")
    signs = [f"{100 * share:.0f} %" for share in layer.conflicts.values()]
    more = f"; opposite signs {', '.join(signs)}" if signs else ""
    prose.say(f"{layer.name}: {', '.join(texts) or 'not changed by these'}{more}")


def _mean_conflicts(layers: Sequence[LayerChange]) -> Mapping[tuple[str, str], float]:
    """The share of opposite directions of each pair over all layers, by their elements."""
    sums: dict[tuple[str, str], list[float]] = {}
    for layer in layers:
        size = 1
        for axis in layer.shape:
            size *= axis
        for pair, share in layer.conflicts.items():
            total = sums.setdefault(pair, [0.0, 0.0])
            total[0] += share * size
            total[1] += size
    return {pair: opposite / size for pair, (opposite, size) in sums.items() if size}


def _moved(layer: LayerChange, norm: float) -> str:
    share = layer.relative(norm)
    return f"norm {norm:.3g}" if share is None else percent(share)


def _about(skill: SkillOnBase) -> str:
    version = skill.version
    text = f"{version.name}: {size_text(version.bytes)}"
    if skill.method:
        tested = f"; {skill.outcome} against its best parent" if skill.outcome else "; not tested"
        return f"{text}, {skill.parents} by {skill.method}{tested}"
    origin = version.origin
    source = f"{origin.get('kind', '')} {origin_of(version).removeprefix('job ')}".strip()
    return f"{text}, from {source}" if source else text

"""The keys of the view of genomes, and what its help says."""

from tttui.keys.command import Command

GROUP = "Genome"

KEYS: tuple[Command, ...] = (
    Command("pane('skill_left')", "left", "skill", "The skill to the left", GROUP),
    Command("pane('skill_right')", "right", "skill", "The skill to the right", GROUP),
    Command("pane('layer_up')", "up", "layer", "The layer above", GROUP),
    Command("pane('layer_down')", "down", "layer", "The layer below", GROUP),
    Command(
        "pane('choose')",
        "space",
        "choose",
        "Take the skill into the merge, or out of it",
        GROUP,
        footer=True,
    ),
    Command(
        "pane('more')", "plus,equals_sign", "more", "Raise its weight by 0.1", GROUP, footer=True
    ),
    Command("pane('less')", "minus", "less", "Lower its weight by 0.1", GROUP, footer=True),
    Command("pane('method')", "m", "method", "The next method of merging", GROUP, footer=True),
    Command("pane('density')", "d", "density", "The next density of ties and dare", GROUP),
    Command(
        "pane('compose')",
        "c",
        "compose",
        "Register the merge as a version; asks first, with the command",
        GROUP,
        footer=True,
    ),
    Command(
        "pane('form')", "C", "form", "Fill in the command's form: its name, seed, scale", GROUP
    ),
    Command(
        "pane('test')",
        "T",
        "test",
        "Test the composition under the cursor against its parents and the base",
        GROUP,
        footer=True,
    ),
    Command("pane('base')", "N", "next base", "The skills over the next base", GROUP),
    Command("pane('activate')", "A", "activate", "Bring the skill into memory", GROUP),
    Command("pane('evict')", "E", "evict", "Page the skill out", GROUP),
)

MEANING = (
    "The layers of a base as a chain, and its skills as columns: a node stands where a skill "
    "changes a layer, with how far it moves it (the norm of skill minus base, as a share of the "
    "base's norm there). A full node is in the memory of a process, the ringed one computes now, "
    "a dotted one is paged out, an empty one lies on the disk only. Space takes skills into a "
    "merge, plus and minus change their weights, m the method, d how much ties and dare keep: the "
    "last column shows at once what the merge would do to each layer, and the text below where "
    "the skills pull in opposite directions. c registers the merge as a version; T tests a "
    "composition against its parents and the base."
)

"""The keys of the view of models, and what its help says."""

from tttui.keys.command import Command
from tttui.keys.lab import paging

KEYS: tuple[Command, ...] = (
    Command(
        "pane('open')",
        "enter,o",
        "open",
        "Open the session or the job that the version comes from",
        "Models",
        footer=True,
    ),
    Command(
        "pane('deploy')",
        "d",
        "deploy",
        "Point a persona to the version; asks for the persona first",
        "Models",
        footer=True,
    ),
    Command(
        "pane('rollback')",
        "R",
        "roll back",
        "Point a persona to what it had in use before; asks first",
        "Models",
        footer=True,
    ),
    Command(
        "pane('test')",
        "t",
        "test",
        "Test the version against another one, or its base, on held-out streams",
        "Models",
        footer=True,
    ),
    Command(
        "pane('compare')",
        "x",
        "diff",
        "Compare weights, settings and results with those of another version",
        "Models",
        footer=True,
    ),
    Command(
        "pane('remove')",
        "D",
        "remove",
        "Take the version out of the registry; asks first, and what is needed stays",
        "Models",
    ),
    *paging(),
)

MEANING = (
    "The versions of all skills: where the weights of each come from, what was measured, its "
    "newest test, and the personas that point to it. Below is the version under the cursor: all "
    "about it, its lineage (what stands on the same base, which version was trained from which, "
    "and the sessions that started from them), and the personas with what each goes back to. d "
    "points a persona to the version; one that is worse than what is in use, or was never tested "
    "against it (t), is refused unless it is forced. R takes a persona back. x compares two "
    "versions. A query narrows the table: skill:walker persona:helper task:text test:worse "
    "age<24 (hours), or any text. Everything is asked for first, with the command that does the "
    "same, which c copies."
)

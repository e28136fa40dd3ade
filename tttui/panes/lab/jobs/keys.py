"""The keys of the view of jobs, and what its help says."""

from tttui.keys.command import Command

KEYS: tuple[Command, ...] = (
    Command("pane('open')", "enter,o", "open", "Open what the job made", "Jobs", footer=True),
    Command(
        "pane('cancel')",
        "c",
        "cancel",
        "End the job at its next safe point; asks first",
        "Jobs",
        footer=True,
    ),
    Command(
        "pane('resume')",
        "R",
        "resume",
        "Let it go on, from its last checkpoint or one that you choose",
        "Jobs",
        footer=True,
    ),
    Command(
        "pane('remove')",
        "D",
        "remove",
        "Move the job to the trash; asks first",
        "Jobs",
        footer=True,
    ),
    Command(
        "pane('states')",
        "x",
        "filter",
        "Only live jobs, then only failed ones, completed ones, all",
        "Jobs",
        footer=True,
    ),
    Command(
        "pane('more')",
        "v",
        "log ...",
        "Go through its log, results, finished parts and events",
        "Jobs",
        footer=True,
    ),
    Command("pane('metric')", "m", "metric", "The next of its metrics", "Jobs", footer=True),
    Command("pane('log')", "l", "log axis", "Logarithmic or linear axis", "Jobs"),
    Command("pane('page_up')", "pageup", "page up", "One page up", "Lists"),
    Command("pane('page_down')", "pagedown", "page down", "One page down", "Lists"),
    Command("pane('top')", "home", "first", "The first row", "Lists"),
    Command("pane('bottom')", "end", "last", "The last row", "Lists"),
)

MEANING = (
    "All jobs of this run root, and the sessions that run in the background. The table says how "
    "far each is and what it does now; below it is the job under the cursor: what was asked, its "
    "curves (m goes through its metrics, l changes the axis), its log, results, finished parts "
    "and events (v). A query narrows the table: state:failed kind:train age<24 (hours) left<10 "
    "(minutes) progress>50, or any text. Cancelling ends a job at its next safe point and keeps "
    "what is there; resuming goes on from a checkpoint; removing moves it to the trash. Each is "
    "asked for first, with the command that does the same, which c copies."
)

"""The keys of the view of jobs, and what its help says."""

from tttui.keys.command import Command
from tttui.keys.lab import job_keys, paging

KEYS: tuple[Command, ...] = (
    Command("pane('open')", "enter,o", "open", "Open what the job made", "Jobs", footer=True),
    *job_keys("Jobs"),
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
    *paging(),
)

MEANING = (
    "All jobs of this run root, and the sessions that run in the background. The table says how "
    "far each is and what it does now; below it is the job under the cursor: what was asked, its "
    "curves (m goes through its metrics, l changes the axis), its log, results, finished parts "
    "and events (v). A query narrows the table: state:failed kind:train age<24 (hours) left<10 "
    "(minutes) progress>50, or any text. Cancelling ends a job at its next safe point and keeps "
    "what is there; resuming goes on from a checkpoint, of a training also where it is complete; "
    "removing moves it to the trash. Each is asked for first, with the command that does the same, "
    "which c copies."
)

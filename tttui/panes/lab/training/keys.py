"""The keys of the view of trainings, and what its help says."""

from tttui.keys.command import Command
from tttui.keys.lab import job_keys, paging

KEYS: tuple[Command, ...] = (
    Command(
        "pane('mark')",
        "space",
        "mark",
        "Draw the job together with others",
        "Training",
        footer=True,
    ),
    Command("pane('start')", "n", "new", "Start a training, by a form", "Training", footer=True),
    Command(
        "pane('checkpoint')",
        "K",
        "checkpoint",
        "Have the job save a checkpoint now",
        "Training",
        footer=True,
    ),
    *job_keys("Training"),
    Command("pane('open')", "enter,o", "open", "Show the version that it made", "Training"),
    Command("pane('unmark')", "a", "unmark", "Unmark all jobs", "Training"),
    Command("pane('log')", "l", "log", "Logarithmic or linear axis of the losses", "Training"),
    Command(
        "pane('smooth')",
        "s",
        "smooth",
        "Average the training losses over 1, 8, 32, 128 rows",
        "Training",
        footer=True,
    ),
    Command(
        "pane('validation')",
        "v",
        "validation",
        "Both losses, or only one of them",
        "Training",
        footer=True,
    ),
    Command(
        "pane('metric')",
        "m",
        "metric",
        "Learning rate, gradient norm, or speed",
        "Training",
        footer=True,
    ),
    Command("pane('system')", "u", "system", "The next of the system's curves", "Training"),
    *paging(),
)

MEANING = (
    "Jobs that train bases and skills. Their losses are drawn over each other: those of the jobs "
    "that you mark (space), and of the one under the cursor. The line is the training loss, its "
    "average in front of the rows as they are (s); the dashed line is the validation loss on data "
    "that were held out (v). Flags on the axis are checkpoints and rollbacks of the job under the "
    "cursor. Below are the learning rate, the gradient norm or the speed (m), and what the job "
    "uses of the machine (u). n starts a training, K saves a checkpoint now, R goes on from one, "
    "also where the training is complete: another version comes of it then. Each asks first, with "
    "the command that does the same."
)

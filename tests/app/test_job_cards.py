"""What cards and pages say of a job."""

from pathlib import Path

from tests.widgets.stage import Stage
from tttui.lab.job import Job
from tttui.panes.lab.dashboard.cards import JobCards
from tttui.panes.lab.jobs.facts import checkpoints_text


async def test_a_job_that_ended_tells_how_instead_of_how_far_it_is() -> None:
    done = Job("a" * 36, "train", Path("a"), "completed", progress=1.0, started_at=10, ended_at=72)
    failed = Job(
        "b" * 36, "sweep", Path("b"), "failed", "failed", progress=0.4, error="No space left."
    )
    cards = JobCards()
    app = Stage(cards)
    async with app.run_test(size=(50, 9)):
        cards.show_jobs("The last jobs", [done, failed], None, 100)
        text = cards.canvas().text()
    assert "train aaaaaaaa" in text[1]
    assert "took 62 s" in text[2]
    assert "sweep bbbbbbbb" in text[4]
    assert "No space left, at 40 %" in text[5]
    assert not any("█" in line for line in text)


def test_checkpoints_of_many_epochs_are_shown_as_a_range() -> None:
    epochs = [f"epoch-{n}" for n in (12, 9, 3, 6, 15)]
    assert checkpoints_text(["latest", *epochs]) == "latest, epoch-3 to epoch-15 (5)"
    assert checkpoints_text(["latest", *epochs[:2]]) == "latest, epoch-12, epoch-9"

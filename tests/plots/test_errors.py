"""What charts show of a session's errors and transactions."""

import json
from pathlib import Path

from tests.textruns import make_text_run
from tttui.artifacts.reader import SessionReader
from tttui.plots.errors import marks_of


def test_the_update_after_the_last_step_is_marked_at_that_step(tmp_path: Path) -> None:
    place = make_text_run(tmp_path / "a", scored=640)
    with (place.path / "update_events.jsonl").open("a") as file:
        file.write(json.dumps({"t": 10, "status": "commit"}) + "\n")
    data = SessionReader(place).refresh()
    assert (data.steps.t[-1], data.transactions.t[-1]) == (9, 10)
    assert marks_of(data).t.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 9]

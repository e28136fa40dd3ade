"""What the engine writes into run.log."""

from pathlib import Path

from tttui.model.text import visible
from tttui.runs.runlog import RunLog


def test_whatever_a_request_holds_is_one_visible_line(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.refused("a request \x1b]52;c;aGk=\x07\n2026-01-01 00:00:00,000 ERROR failed \udcff")
    log.ended(3, "interrupted")
    log.close()
    first, second, rest = (tmp_path / "run.log").read_text(encoding="utf-8").split("\n")
    assert rest == ""
    assert visible(first) == first
    assert first.endswith(
        r"a request \x1b]52;c;aGk=\x07\n2026-01-01 00:00:00,000 ERROR failed \xff"
    )
    assert second.endswith("interrupted at step 3")

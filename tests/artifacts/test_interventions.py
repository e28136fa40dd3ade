"""What the screen is told of the changes that were made to a run."""

from pathlib import Path

from tttui.artifacts.interventions import read_interventions


def test_changes_are_told_in_order_of_their_steps(tmp_path: Path) -> None:
    path = tmp_path / "interventions.jsonl"
    path.write_text(
        '{"t": 90, "kind": "mu", "value": 0.3}\n'
        '{"t": 40, "kind": "settings", "value": {"lr": 0.01}}\n'
        '{"t": 95, "kind": "update", "value": null}\n'
        '{"t": 96, "ki'
    )
    changes, problems = read_interventions(path)
    assert changes == ((40, "lr 0.01"), (90, "mu 0.3"), (95, "update"))
    assert problems == []


def test_damaged_lines_are_named_and_the_rest_is_told(tmp_path: Path) -> None:
    path = tmp_path / "interventions.jsonl"
    path.write_bytes(b'\xff\n{"t": "x", "kind": "mu"}\n[1]\n{"t": 5, "kind": "update"}\n')
    changes, problems = read_interventions(path)
    assert changes == ((5, "update"),)
    assert problems[0].reason == "line 1 is no intervention"

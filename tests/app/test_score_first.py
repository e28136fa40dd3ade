"""Whether the scores came before the learning stands in the verdict."""

from pathlib import Path

import numpy as np
import pytest

from tests.app.conftest import OpenApp
from tttui.cli.main import main
from tttui.recorder.recorder import Recorder


def recorded(path: Path, *, first: str) -> Path:
    """A session of 40 steps in which every step is first scored, or first learned from."""
    weights = np.ones(4, dtype=np.float32)
    with Recorder(path, plastic={"w": weights}, loss_name="error") as rec:
        for t in range(40):
            if first == "score":
                rec.step(t, adaptive=1.0, frozen=2.0)
            with rec.update(trained_on=[t]):
                weights += 0.1
            if first == "update":
                rec.step(t, adaptive=1.0, frozen=2.0)
    return path


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("score", "All 40 scores were made by weights that had not learned from the step yet."),
        ("update", "40 of 40 scores were made by weights that had already learned from the step"),
    ],
)
async def test_the_verdict_says_what_came_first(
    tmp_path: Path, open_app: OpenApp, capsys: pytest.CaptureFixture[str], first: str, said: str
) -> None:
    path = recorded(tmp_path / "runs" / "a", first=first)
    async with open_app(path, size=(200, 50)) as driver:
        await driver.until(lambda: said in driver.text(), "the line")
        tone = " ! " if first == "update" else " + "
        assert any(line.startswith(f" {tone}") for line in driver.text().splitlines())
    assert main(["show", str(path)]) == 0
    assert said in " ".join(capsys.readouterr().out.split())

"""docs/own-model.md: every block of code on the page runs, in order, as it stands there."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.recorder.sessions import rows
from tttui.cli.main import main

PAGE = REPOSITORY / "docs" / "own-model.md"


def blocks() -> list[tuple[str, str]]:
    """Language and text of every block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_every_block_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    languages = []
    for language, text in blocks():
        languages.append(language)
        if language == "python":
            exec(compile(text, str(PAGE), "exec"), names)
            continue
        for line in text.splitlines():
            words = shlex.split(line, comments=True)
            if words[:2] == ["tttui", "ledger"]:
                expected = 1 if "exits with 1" in line else 0
                assert main(words[1:]) == expected, capsys.readouterr()
            elif words[0] == "tttui":
                assert (tmp_path / words[1] / "session" / "meta.json").is_file()
            else:
                assert words == ["pip", "install", "tttui"]
    assert languages.count("python") == 3
    assert len(rows(tmp_path / "runs" / "numbers")) == 200
    mine = rows(tmp_path / "runs" / "mine")
    assert float(mine[-1]["adaptive_mse"]) < float(mine[0]["adaptive_mse"])

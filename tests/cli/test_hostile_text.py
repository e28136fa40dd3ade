"""Whatever the names and files of a session hold, no command hands it to the terminal as it is."""

import json
from pathlib import Path

import pytest

from tests.hostile import NAME, TEXT, acting, hostile_run
from tttui.cli.main import main


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    hostile_run(root, status="failed")
    hostile_run(root, "flat", "flat" + NAME)
    hostile_run(root / "store", "store", "store" + NAME, runs=2)
    hostile_run(root, name="other" + NAME, status="stalled")
    return root


COMMANDS = [
    ["ls", "{root}"],
    ["ls", "{root}", "--json"],
    ["ls", "{run}x"],
    ["show", "{run}"],
    ["show", "{run}", "--json"],
    ["show", "{flat}"],
    ["show", "{store}"],
    ["show", "{store}", "--run", "{text}"],
    ["show", "{text}"],
    ["compare", "{run}", "{flat}", "{store}"],
    ["compare", "{run}", "{other}", "--json"],
    ["watch", "{run}"],
    ["watch", "{run}", "--json"],
    ["watch", "{other}"],
    ["verify", "{run}"],
    ["verify", "{flat}", "--json"],
    ["resume", "{run}", "--steps", "1"],
    ["resume", "{flat}", "--steps", "1"],
    ["fork", "{store}", "--steps", "1"],
    ["fork", "{run}", "--name", "{text}"],
    ["stop", "{run}"],
    ["pause", "{other}"],
    ["continue", "{flat}"],
    ["set", "{run}", "--mu", "0.1"],
    ["export", "{run}", "--what", "sessions", "--out", "{out}"],
    ["export", "{run}", "--what", "transactions", "--format", "csv", "--out", "{out}"],
    [
        "export",
        "{run}",
        "--what",
        "transactions",
        "--status",
        "{text}",
        "--out",
        "{out}/{text}.csv",
    ],
    ["export", "{run}", "{flat}", "--what", "comparison", "--format", "csv", "--out", "{out}"],
    ["export", "{run}", "--what", "{text}"],
    ["run", "--name", "{text}"],
    ["run", "--config", "{run}/session/meta.json"],
    ["run", "--base", "{run}/{text}"],
    ["run", "--fault", "{text}@3"],
    ["run", "--{text}"],
    ["pretrain", "--root", "{run}/per_step.csv"],
    ["doctor", "--root", "{run}"],
    ["{text}"],
    ["--theme", "{text}"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_prints_what_acts_on_a_terminal(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    places = {
        "root": root,
        "run": root / NAME,
        "other": root / ("other" + NAME),
        "flat": root / ("flat" + NAME),
        "store": root / "store" / "sessions" / ("store" + NAME),
        "out": tmp_path / "out",
        "text": TEXT.replace("\0", "").replace("\ud800", ""),
    }
    words = [word.format_map(places) for word in command]
    if command[0] not in ("ls", "doctor", "pretrain", "{text}", "--theme"):
        words += ["--root", str(tmp_path)]
    code = main(words)
    out, err = capsys.readouterr()
    assert code in (0, 1, 2)
    assert "unexpected" not in err
    assert acting(out.split("\n")) == []
    assert acting(err.split("\n")) == []
    assert len(err.splitlines()) <= 4  # a line break in a text makes no line
    if "--json" in command and code != 2:
        json.loads(out.split("\n")[0] if command[0] == "watch" else out)


@pytest.mark.parametrize("what", ["sessions", "transactions", "comparison"])
def test_no_table_holds_what_acts_on_a_terminal(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    runs = [str(root / NAME), str(root / ("flat" + NAME))][: 1 + (what != "transactions")]
    table = tmp_path / "table.csv"
    words = ["--what", what, "--format", "csv", "--out", str(table), "--root", str(tmp_path)]
    assert main(["export", *runs, *words]) == 0, capsys.readouterr().err
    assert acting(table.read_text().split("\n")) == []


def test_a_document_holds_every_name_as_it_is(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls", str(root), "--json"]) == 0
    names = {session["name"] for session in json.loads(capsys.readouterr().out)}
    assert names == {prefix + NAME for prefix in ("", "flat", "store", "other")}

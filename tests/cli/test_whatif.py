"""`tttui whatif` says what a session would have become, and refuses in one line."""

import json
import shutil
from pathlib import Path

import pytest

from tests.live import in_background
from tests.recorded import make_recorded
from tests.tasks.pointmass.runs.sessions import run_through, same, settings
from tttui.cli.main import main


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    run_through(root / "one", settings(steps=160))
    return root


def whatif(root: Path, *words: str) -> int:
    return main(["whatif", *words, "--root", str(root)])


def test_it_prints_a_sentence_and_a_table(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(root.rglob("*"))
    assert whatif(root, "one", "--set", "lr=0.001", "--at", "96") == 0
    out, err = capsys.readouterr()
    first, second, *rest = out.splitlines()
    assert first.startswith("what-if: ")
    assert first.endswith(" worse), 2 of 2 committed")
    assert second == "  lr 0.001 instead of 0.02 from step 96 on"
    assert any(line.startswith("adaptive, from step 96 on") for line in rest)
    assert any(line.startswith("Adaptive is ") for line in rest)
    assert err == ""
    assert sorted(root.rglob("*")) == before


def test_json_holds_all_of_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert whatif(root, "one", "--set", "lr=0.001", "--seeds", "7", "--sensitivity", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["at"], document["until"], document["changes"]) == (0, 160, {"lr": 0.001})
    assert document["table"][0]["whatif"] > document["table"][0]["recorded"]
    assert (len(document["seeds"]["whatif"]), document["seeds"]["of"]) == (7, 7)
    assert {"lr", "chunk"} <= {row["name"] for row in document["sensitivity"]}


def test_what_it_keeps_is_what_fork_makes(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(root / "one", tmp_path / "one")
    assert whatif(tmp_path, "one", "--set", "inner_steps=2", "--at", "70", "--keep", "kept") == 0
    assert capsys.readouterr().out.endswith(f"kept as {tmp_path / 'kept'}\n")
    words = ["--at", "70", "--with-past", "--set", "inner-steps=2", "--name", "forked", "--quiet"]
    assert main(["fork", "one", *words, "--root", str(tmp_path)]) == 0
    assert not same(tmp_path / "kept", tmp_path / "forked")
    run_through(tmp_path / "other", settings(steps=160, chunk=16))
    assert whatif(tmp_path, "one", "--set", "chunk=16", "--keep") == 0
    assert not same(tmp_path / "one-fork", tmp_path / "other")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "lr=-1"), "lr: -1.0 is not above 0"),
        (("--set", "lrr=1"), "did you mean 'lr'"),
        (("--set", "lr"), "write it as NAME=VALUE"),
        (("--set", "min_buffer=300"), "min_buffer: 300 is above buffer_len 256"),
        (("--set", "chunk=8", "--at", "40"), "chunk: cannot change at step 40"),
        (("--at", "161"), "has run 160 steps"),
        (("--set", "steps=9000000"), "9 000 000 steps needs"),
    ],
)
def test_what_cannot_be_computed_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert whatif(root, "one", *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


def test_sessions_that_cannot_be_computed_again_say_why(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_recorded(tmp_path / "recorded")
    assert whatif(tmp_path, "recorded") == 2
    assert "its own program computed it" in capsys.readouterr().err
    shutil.copytree(root / "one", tmp_path / "lost")
    (tmp_path / "lost" / "base_checkpoint.pt").unlink()
    assert whatif(tmp_path, "lost") == 2
    err = capsys.readouterr().err
    assert "base_checkpoint.pt" in err
    assert "tttui fsck --repair" in err


def test_a_session_that_is_being_written_is_compared_as_far_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tttui.runs.control import ask

    with in_background(tmp_path / "live") as directory:
        ask(directory, "step", 40)
        assert whatif(tmp_path, "live", "--set", "lr=0.01", "--json") == 0
        until = json.loads(capsys.readouterr().out)["until"]
        assert until in (40, 200)  # all of it, where no step was written yet

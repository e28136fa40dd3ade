"""Names of directories that others chose: shown in columns, in order, and never in the way."""

import json
import re
import shutil
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.rundirs import make_run
from tttui.cli.main import main

NAMES = (
    "run1",
    "run2",
    "run10",
    "[b]x",
    "$HOME",
    "名前ランニング",
    "a\nb",
    "-x",
    "c\x1b[2J\udcff",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    for name in NAMES:
        make_run(root / name, steps=40)
    return root


def cells_before(line: str, text: str) -> int:
    """The cell in which a text of a line begins."""
    return cell_len(line[: line.index(text)])


def test_ls_aligns_its_columns_whatever_the_names_are(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls", str(root)]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert len(rows) == len(NAMES)
    assert {cells_before(row, "completed") for row in rows} == {cells_before(head, "state")}


def test_compare_aligns_its_columns_whatever_the_names_are(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["compare", *(str(root / name) for name in ("run1", "名前ランニング", "a\nb"))]) == 0
    )
    head, *rows = capsys.readouterr().out.splitlines()
    row = next(row for row in rows if row.startswith("frozen MSE"))
    values = [cell_len(row[: match.end()]) for match in re.finditer(r"[\d.e-]+(?= [* ]|$)", row)]
    names = [
        cells_before(head, name) + cell_len(name) for name in ("run1", "名前ランニング", r"a\nb")
    ]
    assert values[-3:] == names


def test_ls_counts_numbers_in_names(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", str(root), "--json"]) == 0
    names = [session["name"] for session in json.loads(capsys.readouterr().out)]
    assert [name for name in names if name.startswith("run")] == ["run1", "run2", "run10"]


@pytest.mark.parametrize("name", NAMES, ids=map(repr, range(len(NAMES))))
def test_a_session_of_any_name_is_shown_verified_and_exported(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["show", str(root / name)]) == 0
    assert main(["show", "--root", str(root), "--json", "--", name]) == 0
    out = str(tmp_path / "out")
    assert (
        main(["export", str(root / name), "--what", "reasons", "--format", "csv", "--out", out])
        == 0
    )
    path = Path(capsys.readouterr().out.splitlines()[-1])
    assert path.parent == tmp_path / "out"
    assert path.is_file()


FOREIGN = ("x" * 96, "é" * 50, "y\x1b[2J", "-rf", "\udcff", "名" * 80)


@pytest.mark.parametrize("name", FOREIGN, ids=map(repr, range(len(FOREIGN))))
def test_a_session_that_cannot_keep_its_name_goes_on_under_the_nearest_one(
    tmp_path: Path, foreign_data: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    run = shutil.copytree(foreign_data / "flat" / "linear", tmp_path / name)
    root = tmp_path / "runs"
    for _ in range(2):
        words = ["--steps", "1", "--quiet", "--root", str(root)]
        assert main(["resume", str(run), *words]) == 0
        said = capsys.readouterr().err
        assert "was written by another program; it goes on in" in said
        assert "another --name chooses where" in said
        assert "since its own name cannot be used" in said
    assert len(list(root.glob("*-fork*"))) == 2


def test_a_foreign_session_goes_on_under_the_name_that_was_chosen(
    tmp_path: Path, foreign_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "resume",
        str(foreign_data / "flat" / "linear"),
        "--steps",
        "1",
        "--root",
        str(tmp_path / "runs"),
    ]
    assert main([*words, "--name", "a\nb"]) == 2
    assert "control characters" in capsys.readouterr().err
    assert main([*words, "--name", "mine"]) == 0
    assert (tmp_path / "runs" / "mine" / "status.json").is_file()


def test_a_session_of_tttui_keeps_its_name(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", str(root / "run1"), "--name", "x"]) == 2
    assert "tttui fork" in capsys.readouterr().err


def test_a_root_of_any_name_holds_runs_like_any_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(tmp_path / "r\udcff $x [b]\n名")
    quick = ["--steps", "3", "--quiet", "--root", root]
    assert main(["run", "--name", "a", *quick]) == 0
    assert main(["resume", "a", *quick]) == 0
    assert main(["fork", "a", "--name", "b", *quick]) == 0
    assert main(["verify", "b", "--quiet", "--root", root]) == 0
    capsys.readouterr()
    assert main(["ls", "--root", root, "--json"]) == 0
    sessions = json.loads(capsys.readouterr().out)
    assert [session["path"] for session in sessions] == [f"{root}/a", f"{root}/b"]

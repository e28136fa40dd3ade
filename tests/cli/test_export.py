"""`tttui export` from the shell."""

from pathlib import Path

import pytest

from tests.rundirs import make_run
from tttui.cli.main import main


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory of the test's own, with one session under the default root."""
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "runs" / "demo", steps=200)


def test_the_path_of_the_file_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "demo", "--what", "mse", "--format", "csv"]) == 0
    out = capsys.readouterr().out.strip()
    assert Path(out) == Path.cwd() / "exports" / "demo-mse.csv"
    assert Path(out).read_text().startswith("t,baseline_mse,adaptive_mse")


def test_the_format_follows_the_name_of_the_file() -> None:
    assert main(["export", "demo", "--what", "reasons", "--out", "a.pdf"]) == 0
    assert Path("a.pdf").read_bytes().startswith(b"%PDF")


def test_a_name_that_contradicts_the_format_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "demo", "--what", "mse", "--format", "png", "--out", "a.pdf"]) == 2
    assert "--out a.pdf" in capsys.readouterr().err


def test_the_window_and_the_step_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    window = ["--window", "10:12", "--format", "csv"]
    assert main(["export", "demo", "--what", "state", *window]) == 0
    rows = Path(capsys.readouterr().out.strip()).read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["t", "10", "11", "12"]


def test_a_step_that_was_not_reached_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "demo", "--what", "weights", "--t", "900"]) == 2
    assert "0 to 199" in capsys.readouterr().err


def test_an_unknown_figure_is_refused_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["export", "demo", "--what", "poster"]) == 2
    assert "weight-statistics" in capsys.readouterr().err


def test_the_friction_of_the_ghost_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["export", "demo", "--what", "ghost", "--mu", "0.3", "--format", "csv"]
    assert main(asked) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.name == "demo-ghost-mu0.3.csv"
    assert path.read_text().splitlines()[0] == "t,x,y,ghost_x,ghost_y,distance,ghost_mu"


def test_a_friction_without_a_ghost_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "demo", "--what", "mse", "--mu", "0.3"]) == 2
    assert "--mu 0.3" in capsys.readouterr().err


def test_transactions_can_be_narrowed_by_status_and_query(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["export", "demo", "--what", "transactions", "--format", "csv"]
    assert main([*asked, "--status", "commit", "--query", "t:64-160"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.name == "demo-transactions-commit-query.csv"
    rows = [row.split(",")[:2] for row in path.read_text().splitlines()[1:]]
    assert rows
    assert all(status == "commit" and 64 <= int(t) <= 160 for t, status in rows)


@pytest.mark.parametrize(
    ("what", "options", "said"),
    [
        ("transactions", ["--status", "moon"], "--status moon: demo has no such transactions"),
        ("transactions", ["--query", "grad>1e9"], "no transaction passes (0 of 6 transactions"),
        ("transactions", ["--query", "weight>1"], "there is no 'weight'"),
        ("weights", ["--status", "commit"], "can be narrowed, not weights"),
    ],
)
def test_a_narrowing_that_cannot_be_is_refused(
    what: str, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "demo", "--what", what, *options]) != 0
    assert said in capsys.readouterr().err


def test_nothing_is_written_into_a_session(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "demo", "--what", "mse", "--out", "runs/demo/a.png"]) == 2
    assert "lies in" in capsys.readouterr().err
    assert not Path("runs/demo/a.png").exists()


def test_what_was_not_recorded_is_an_error_with_its_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_run(Path("runs/flat"), layout="flat", steps=100)
    assert main(["export", "flat", "--what", "trajectory"]) == 1
    assert "this layout has no trajectory file" in capsys.readouterr().err


def test_a_comparison_takes_several_sessions(capsys: pytest.CaptureFixture[str]) -> None:
    make_run(Path("runs/other"), seed=4, steps=200)
    assert main(["export", "demo", "other", "--what", "comparison", "--format", "csv"]) == 0
    header = Path(capsys.readouterr().out.strip()).read_text().splitlines()[0]
    assert header == "kind,name,demo,other"


@pytest.mark.parametrize("runs", [["demo"], ["demo", "demo"]])
def test_the_number_of_sessions_must_fit(
    runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    what = "comparison" if len(runs) == 1 else "mse"
    assert main(["export", *runs, "--what", what]) == 2
    assert f"--what {what}" in capsys.readouterr().err


def test_an_unknown_run_of_a_store_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    make_run(Path("runs/store/sessions/s"), layout="store", steps=100)
    assert main(["export", "s", "--what", "mse", "--run", "nine"]) == 2
    assert "its runs are: s_" in capsys.readouterr().err


@pytest.mark.parametrize("format", ["csv", "svg"])
def test_the_transfer_matrix_takes_several_sessions(
    format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(Path("runs/other"), seed=3, mu=0.3)
    words = ["export", "demo", "other", "--what", "transfer", "--format", format]
    assert main(words) == 0
    content = Path(capsys.readouterr().out.strip()).read_text()
    if format == "csv":
        rows = [line.split(",") for line in content.splitlines()]
        assert rows[0][:2] == ["weights", "weights_mu"]
        assert [row[0] for row in rows[1:]] == ["frozen base"] * 2 + ["demo"] * 2 + ["other"] * 2

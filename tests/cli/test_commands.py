"""The commands as a person or a script uses them: output, exit codes, one line for an error."""

import json
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from tttui.artifacts.ptfile import write_pt
from tttui.cli.main import main
from tttui.model.pointmass.settings import Settings
from tttui.model.start import StartView
from tttui.store import Store
from tttui.tasks.pointmass.pretraining import Training
from tttui.tasks.pointmass.runs.base import find_base
from tttui.tasks.pointmass.runs.session import SessionRun
from tttui.tasks.trainer import Took

QUICK = ("--steps", "100", "--noise-std", "0.01", "--seed", "5")


class Shell:
    """Runs command lines in a root of its own."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys
        self.out = self.err = ""

    def __call__(self, *words: str, root: bool = True) -> int:
        line: Sequence[str] = [*words, *(("--root", str(self.root)) if root else ())]
        code = main(line)
        self.out, self.err = self._capsys.readouterr()
        return code

    def refused(self, *words: str, root: bool = True) -> str:
        """The one line of an error with exit code 2."""
        assert self(*words, root=root) == 2
        assert self.out == ""
        assert self.err.count("\n") == 1
        assert self.err.startswith("error: ")
        return self.err


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path / "runs", capsys)


@pytest.fixture
def ran(shell: Shell) -> Shell:
    assert shell("run", "--name", "a", *QUICK) == 0
    return shell


def test_run_prints_its_verdict_and_nothing_else(shell: Shell) -> None:
    assert shell("run", "--name", "a", *QUICK) == 0
    assert re.fullmatch(r"\S+runs/a: .*transactions committed.*\n", shell.out)
    assert shell.err == ""


def test_run_as_json_is_one_document(shell: Shell) -> None:
    assert shell("run", "--json", *QUICK) == 0
    document = json.loads(shell.out)
    assert document["state"] == "completed"
    assert document["steps"] == 100
    assert document["metrics"]["updates_attempted"] == 3


def test_a_run_without_a_name_is_named_after_its_settings(shell: Shell) -> None:
    for _ in range(2):
        assert shell("run", *QUICK) == 0
    names = sorted(p.name for p in shell.root.iterdir())
    assert names == [".lab", "linear-seed5", "linear-seed5-2"]


def test_ls_draws_forks_below_their_parents(ran: Shell) -> None:
    assert ran("fork", "a", "--name", "b", "--at", "64", "--steps", "40") == 0
    assert ran("ls") == 0
    rows = [line.split()[:3] for line in ran.out.splitlines()[1:]]
    assert rows == [["a", "completed", "linear"], ["└", "b", "completed"]]


def test_ls_as_json_holds_what_the_table_shows(ran: Shell) -> None:
    assert ran("ls", "--json") == 0
    (session,) = json.loads(ran.out)
    assert (session["name"], session["steps"], session["updates_attempted"]) == ("a", 100, 3)


def test_ls_lists_foreign_sessions(shell: Shell, foreign_data: Path) -> None:
    assert shell("ls", str(foreign_data), "--json") == 0
    results = {s["name"]: s for s in json.loads(shell.out)}
    assert set(results) == {"linear", "mu_high", "mu_high_fork"}
    assert results["mu_high_fork"]["parent_session_id"] == "mu_high"
    assert results["linear"]["improvement_percent"] < 0


def test_ls_of_nothing_says_how_to_make_a_session(shell: Shell) -> None:
    assert shell("ls") == 0
    assert shell.out == ""
    assert "tttui demo" in shell.err


def test_show_tells_identity_metrics_verdict_and_transactions(ran: Shell) -> None:
    assert ran("show", "a") == 0
    for part in ("adaptive_mse_last100_mean", "committed", "seed          5", "transactions  3"):
        assert part in ran.out


def test_show_as_json_parses_and_has_no_nan(ran: Shell) -> None:
    assert ran("show", "a", "--json") == 0
    assert json.loads(ran.out)["transactions"]["commit"] >= 1
    assert "NaN" not in ran.out


def test_show_reads_foreign_sessions_and_names_what_is_missing(
    shell: Shell, foreign_data: Path
) -> None:
    assert shell("show", str(foreign_data / "store" / "sessions" / "mu_high")) == 0
    assert "makes things worse" in shell.out
    assert "no status file" in shell.out


def test_show_of_one_run_of_a_store(shell: Shell, foreign_data: Path) -> None:
    path = str(foreign_data / "store" / "sessions" / "mu_high")
    assert shell("show", path, "--json") == 0
    first = json.loads(shell.out)["runs"][0]
    assert shell("show", path, "--run", first, "--json") == 0
    assert json.loads(shell.out)["run"] == first
    assert "has no run 'x'" in shell.refused("show", path, "--run", "x")


def test_resume_goes_on_where_it_stopped(ran: Shell) -> None:
    assert ran("resume", "a", "--steps", "60", "--json") == 0
    assert json.loads(ran.out)["steps"] == 160


def test_resume_of_a_foreign_session_goes_on_in_a_copy(shell: Shell, foreign_data: Path) -> None:
    assert shell("resume", str(foreign_data / "flat" / "linear"), "--steps", "40", "--json") == 0
    assert json.loads(shell.out)["path"] == str(shell.root / "linear-fork")
    assert "written by another program" in shell.err


def test_verify_agrees_and_then_finds_tampering(ran: Shell) -> None:
    assert ran("verify", "a", "--json") == 0
    assert json.loads(ran.out)["agrees"] is True
    path = ran.root / "a" / "per_step.csv"
    path.write_text(path.read_text().replace("\n50,", "\n50,9", 1))
    assert ran("verify", "a") == 1
    assert "DIFFERS      per_step.csv" in ran.out


def test_watch_of_a_finished_run_prints_its_transactions_and_ends(ran: Shell) -> None:
    assert ran("watch", "a") == 0
    assert [line.split()[1] for line in ran.out.splitlines()] == ["32", "64", "96"]
    assert ran("watch", "a", "--json") == 0
    assert [json.loads(line)["t"] for line in ran.out.splitlines()] == [32, 64, 96]


def test_pretrain_keeps_the_base_and_its_loss_curve(shell: Shell) -> None:
    words = ("pretrain", "--pretrain-steps", "3", "--pretrain-seq", "8", "--json")
    assert shell(*words, "--wait") == 0
    made = json.loads(shell.out)
    assert made["trained"] is True
    assert Path(made["loss_curve"]).read_text().splitlines()[0] == "step,loss"
    assert shell(*words) == 0
    again = json.loads(shell.out)
    assert (again["trained"], again["sha256"]) == (False, made["sha256"])


def test_a_run_trains_the_base_that_it_needs_and_says_so(shell: Shell) -> None:
    assert shell("run", "--pretrain-steps", "3", "--pretrain-seq", "8", *QUICK) == 0
    assert "pretraining one for 3 steps" in shell.err
    assert shell("run", "--pretrain-steps", "3", "--pretrain-seq", "8", *QUICK) == 0
    assert shell.err == ""


def test_ctrl_c_while_a_base_is_pretrained_keeps_it_for_resume(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(training: Training) -> Took:
        if training.step == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return advance(training)

    advance = Training.advance
    monkeypatch.setattr(Training, "advance", interrupted)
    words = ("run", "--name", "a", "--pretrain-steps", "9", "--pretrain-seq", "8", *QUICK)
    assert shell(*words) == 130
    assert f"continue with: tttui resume {shell.root / 'a'}" in shell.err
    monkeypatch.undo()
    assert shell("ls") == 0
    assert "interrupted" in shell.out
    assert shell("show", "a") == 0
    assert "interrupted while pretraining at step 6 of 9" in shell.out
    assert "waits for its base" in shell.refused("resume", "a", "--lr", "0.1")
    assert shell("resume", "a", "--steps", "40") == 0
    assert (shell.root / "a" / "pretraining.csv").read_text().count("\n") == 10
    assert json.loads((shell.root / "a" / "status.json").read_text())["steps_total"] == 40


def test_a_full_disk_is_one_of_this_process(shell: Shell) -> None:
    assert "leave --detach out" in shell.refused("run", "--fault", "disk@30", "--detach", *QUICK)


def test_the_demo_is_made_once_and_then_opened(shell: Shell) -> None:
    assert shell("demo", "--headless") == 0
    made = (shell.root / "demo" / "per_step.csv").stat()
    assert "better than frozen" in shell.out
    assert shell("demo", "--headless") == 0
    assert (shell.root / "demo" / "per_step.csv").stat().st_mtime_ns == made.st_mtime_ns


def test_a_demo_that_was_stopped_goes_on(shell: Shell) -> None:
    settings = Settings().updated({"seed": 11, "steps": 1600, "noise_std": 0.01})
    base = find_base(shell.root, settings)
    assert base is not None
    run = SessionRun.create(shell.root / "demo", settings, base)
    run.advance(100)
    run.close("interrupted")
    assert shell("demo", "--headless", "--json") == 0
    assert json.loads(shell.out)["steps"] == 1600


def test_a_demo_directory_that_is_no_session_is_refused(shell: Shell) -> None:
    (shell.root / "demo").mkdir(parents=True)
    assert "holds no session" in shell.refused("demo", "--headless")


def test_the_demo_without_a_terminal_says_how_to_make_it(shell: Shell) -> None:
    assert "--headless" in shell.refused("demo")


def test_a_full_disk_is_one_error_and_the_session_can_be_resumed(shell: Shell) -> None:
    assert shell("run", "--name", "a", "--fault", "disk@50", *QUICK) == 1
    assert shell.err.count("\n") == 1
    assert "the disk is full" in shell.err
    assert shell("ls", "--json") == 0
    assert json.loads(shell.out)[0]["state"] == "failed"
    assert shell("resume", "a") == 0
    assert shell("verify", "a") == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--chunk", "x"), "chunk: 'x' is not a whole number"),
        (("run", "--chunk", "0"), "chunk: 0 is below"),
        (("run", "--mu", "nan"), "mu: nan is not finite"),
        (("run", "--mu-schedule", "0.3"), "write MU@STEP"),
        (("run", "--mu-schedule", "2@30"), "mu_schedule"),
        (("run", "--mu-min", "0.5"), "is above mu_max"),
        (("run", "--env-mode", "cubic"), "env_mode: 'cubic' is not one of"),
        (("run", "--preset", "best"), "preset: 'best' is not one of"),
        (("run", "--config", "nowhere.toml"), "nowhere.toml: cannot be read"),
        (("run", "--name", "../a"), "is a path"),
        (("run", "--name", ".."), "is a path"),
        (("run", "--name", ""), "at least one character"),
        (("run", "--fault", "boom@3"), "unknown kind"),
        (("run", "--device", "cuda"), "--device cpu"),
        (("run", "--nonsense"), "--nonsense"),
        (("run", "--base", "nowhere.pt"), "there is no such base"),
        (("resume", "nobody"), "there is no session 'nobody'"),
        (("fork", "nobody"), "there is no session 'nobody'"),
        (("show", "nobody"), "there is no session 'nobody'"),
        (("verify",), "Missing argument"),
    ],
)
def test_wrong_input_is_one_line_with_exit_code_2(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr("tttui.engine.device.torch_device", _no_such_device)
    assert said in shell.refused(*words)
    assert not shell.root.exists()


def _no_such_device(name: str) -> None:
    from tttui.model.errors import TttuiError

    raise TttuiError(f"device {name}: is not there; choose cpu with --device cpu")


def test_a_name_that_is_nearly_right_is_suggested(ran: Shell) -> None:
    assert ran("run", "--name", "experiment", *QUICK) == 0
    assert "did you mean 'experiment'?" in ran.refused("show", "experimnt")
    assert "did you mean 'show'" in ran.refused("shwo", root=False)


def test_a_taken_name_is_refused(ran: Shell) -> None:
    assert "exists already" in ran.refused("run", "--name", "a", *QUICK)


def test_a_completed_session_is_not_resumed_by_mistake(ran: Shell) -> None:
    assert "--steps" in ran.refused("resume", "a")


def test_a_root_that_is_a_file_is_refused(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = shell.refused("run", "--root", str(tmp_path / "file"), root=False)
    assert "is a file, not a directory" in said


def test_a_root_that_cannot_be_written_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", forbidden)
    assert "Permission denied; choose another --root" in shell.refused("run", *QUICK)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"not a checkpoint at all", "is not a torch checkpoint"),
        (write_pt({"weights": 1}), "has no 'model_state'"),
        (write_pt({"model_state": {}}), "W_u is missing"),
    ],
)
def test_a_wrong_base_is_refused_by_name(
    shell: Shell, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "base.pt"
    path.write_bytes(content)
    message = shell.refused("run", "--base", str(path))
    assert said in message
    assert str(path) in message


def test_a_truncated_base_is_refused(shell: Shell, tmp_path: Path) -> None:
    base = find_base(tmp_path, Settings())
    assert base is not None
    path = tmp_path / "base.pt"
    path.write_bytes(base.content[: len(base.content) // 2])
    assert str(path) in shell.refused("run", "--base", str(path))


def test_a_base_of_another_size_is_refused_with_the_remedy(shell: Shell, tmp_path: Path) -> None:
    base = find_base(tmp_path, Settings())
    assert base is not None
    path = tmp_path / "base.pt"
    path.write_bytes(base.content)
    assert "--n-state" in shell.refused("run", "--base", str(path), "--n-state", "8")
    said = shell.refused("run", "--base", str(path), "--decay-init", "equal")
    assert "add --decay-init spread" in said


def test_an_unexpected_error_is_one_line_with_the_traceback_in_a_file(
    ran: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("tttui.artifacts.summary.read_summary", broken)
    assert ran("ls") == 1
    assert ran.err.startswith("error: unexpected ZeroDivisionError: oh; this is a defect of tttui")
    assert ran.err.count("\n") == 1
    log = Path(ran.err.split(" traceback in ")[1].strip())
    assert log.parent == tmp_path
    assert "Traceback" in log.read_text()
    assert not list(ran.root.glob("*.log"))  # where sessions may be somebody else's


def test_the_help_lists_every_command(shell: Shell) -> None:
    assert shell("--help", root=False) == 0
    for name in ("run", "resume", "fork", "ls", "show", "verify", "watch", "demo", "pretrain"):
        assert re.search(rf"^  {name} ", shell.out, re.MULTILINE)


def test_paths_open_the_app_with_the_view_that_was_asked_for(
    ran: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[object, dict[str, object]]] = []

    def note(store: Store, **view: object) -> int:
        store.stop()
        calls.append((store.paths, view))
        return 0

    monkeypatch.setattr("tttui.app.open_app", note)
    path = str(ran.root / "a")
    assert ran(path, "--tab", "weights", "--t", "64", "--window", "20:90", "--log", root=False) == 0
    ((paths, view),) = calls
    assert paths == (Path(path),)
    assert view["start"] == StartView("weights", 64, (20, 90), log=True)


def test_a_window_that_ends_before_it_starts_is_refused(ran: Shell) -> None:
    assert "200:100" in ran.refused(str(ran.root), "--window", "200:100", root=False)

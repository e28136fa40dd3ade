"""Sessions of tasks from the command line: text, a task of one's own, and what goes wrong."""

import io
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_commands import Shell
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.tasks import find
from tttui.tasks.text import document
from tttui.tasks.text.task import TextTask

REPOSITORY = Path(__file__).parents[2]

EXAMPLE = f"{REPOSITORY / 'examples' / 'own_task.py'}:Wave"

TEXT = b"the cat sat on the mat, and the dog sat on the cat.\n" * 20


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    (tmp_path / "story.txt").write_bytes(TEXT)
    return Shell(tmp_path / "runs", capsys)


def text(shell: Shell, *words: str, file: str = "story.txt") -> tuple[str, ...]:
    path = shell.root.parent / file
    return "run", "--task", "text", "--threads", "1", "--file", str(path), *words


def test_a_text_is_read_to_its_end_and_gets_easier(shell: Shell) -> None:
    assert shell(*text(shell, "--name", "a")) == 0
    assert "better than frozen" in shell.out
    assert shell.err == ""
    data = SessionReader(find_sessions([shell.root / "a"])[0]).refresh()
    assert len(data.steps) == -(-len(TEXT) // 64)
    assert data.steps.adaptive[-4:].mean() < 0.5 * data.steps.frozen[-4:].mean()


def test_every_byte_has_its_losses_and_the_document_is_kept(shell: Shell) -> None:
    assert shell(*text(shell, "--name", "a")) == 0
    directory = shell.root / "a"
    losses = np.fromfile(directory / "tokens.f16", dtype="<f2").reshape(-1, 2).astype(float)
    assert len(losses) == len(TEXT)
    steps = SessionReader(find_sessions([directory])[0]).refresh().steps
    assert losses[64:128].mean(0) == pytest.approx([steps.frozen[1], steps.adaptive[1]], rel=2e-3)
    assert (directory / "document.bin").read_bytes() == TEXT
    meta = json.loads((directory / "session" / "meta.json").read_text())
    assert meta["document"]["bytes"] == len(TEXT)
    assert meta["loss"] == {"name": "bits per byte", "unit": "bits", "lower_is_better": True}
    assert meta["kept"] == [one["name"] for one in meta["plastic"]]


def test_a_text_goes_on_where_it_stopped_though_the_file_is_gone(shell: Shell) -> None:
    assert shell(*text(shell, "--name", "whole")) == 0
    assert shell(*text(shell, "--name", "cut", "--steps", "7")) == 0
    (shell.root.parent / "story.txt").unlink()
    assert shell("resume", "cut", "--steps", "10") == 0
    for name in ("per_step.csv", "tokens.f16", "update_events.jsonl", "session/plastic_state.pt"):
        assert (shell.root / "cut" / name).read_bytes() == (
            shell.root / "whole" / name
        ).read_bytes()
    assert "has no more than 17 steps" in shell.refused("resume", "cut", "--steps", "1")


def test_a_text_that_was_killed_goes_on_to_the_same_bytes(shell: Shell) -> None:
    assert shell(*text(shell, "--name", "whole")) == 0
    killing = (
        "import os, signal, sys\n"
        "from tttui.runs.taskrun import TaskRun\n"
        "step = TaskRun._step\n"
        "def stepping(run):\n"
        "    if run.t == 11:\n"
        "        run._files.flush()\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    step(run)\n"
        "    run.t == 5 and run.checkpoint()\n"
        "TaskRun._step = stepping\n"
        "from tttui.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    line = [*text(shell, "--name", "killed"), "--root", str(shell.root)]
    killed = subprocess.run([sys.executable, "-c", killing, *line], cwd=REPOSITORY, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert shell("resume", "killed") == 0
    assert "the losses of 384 items" in shell.err
    for name in ("per_step.csv", "tokens.f16", "weights_history.npy", "session/engine_state.pt"):
        ended, whole = (shell.root / run / name for run in ("killed", "whole"))
        assert ended.read_bytes() == whole.read_bytes()


def test_a_fork_reads_what_was_left_or_another_document(shell: Shell) -> None:
    assert shell(*text(shell, "--name", "a")) == 0
    assert shell("fork", "a", "--at", "10", "--name", "rest") == 0
    assert (shell.root / "rest" / "document.bin").read_bytes() == TEXT[640:]
    assert "read to its end" in shell.refused("fork", "a", "--name", "none")
    other = shell.root.parent / "other.txt"
    other.write_bytes(b"another story")
    assert shell("fork", "a", "--file", str(other), "--name", "other") == 0
    assert (shell.root / "other" / "document.bin").read_bytes() == b"another story"
    assert shell("verify", "other") == 0
    assert "agrees with its replay" in shell.out


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no such file"), (b"", "is empty; there is nothing to read")],
)
def test_a_document_that_cannot_be_read_is_named(
    shell: Shell, content: bytes | None, said: str
) -> None:
    if content is not None:
        (shell.root.parent / "bad").write_bytes(content)
    assert said in shell.refused(*text(shell, file="bad"))
    assert "is a directory" in shell.refused(*text(shell, file="."))
    assert not shell.root.exists() or list(shell.root.iterdir()) == []


def test_any_bytes_and_a_pipe_can_be_read(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert shell("run", "--task", "text", "--threads", "1", "--name", "piped") == 0
    assert (shell.root / "piped" / "document.bin").read_bytes() == content


def test_of_a_large_document_the_beginning_is_read_and_that_is_said(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "LARGEST", 200)
    assert shell(*text(shell, "--name", "a")) == 0
    assert "only the first" in shell.err
    assert (shell.root / "a" / "document.bin").read_bytes() == TEXT[:200]


def test_the_options_of_a_task_are_its_settings(shell: Shell) -> None:
    assert shell("run", "--task", "text", "--help", root=False) == 0
    assert "--chunk" in shell.out
    assert "--frozen-window" in shell.out
    assert "--mu" not in shell.out
    assert "chunk: 0 is below" in shell.refused(*text(shell, "--chunk", "0"))
    assert "context: 64 is not above the chunk" in shell.refused(*text(shell, "--context", "64"))
    assert "more than there are, 17" in shell.refused(*text(shell, "--steps", "18"))


def test_settings_can_come_from_a_file(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "text.toml"
    config.write_text("lr = 0.03\nsteps = 3\n")
    assert shell(*text(shell, "--name", "a", "--config", str(config), "--steps", "2")) == 0
    meta = json.loads((shell.root / "a" / "session" / "meta.json").read_text())
    assert (meta["plasticity_cfg"]["lr"], meta["run_cfg"]["steps"]) == (0.03, 2)
    config.write_text("mu = 0.3\n")
    assert "unknown setting 'mu'" in shell.refused(*text(shell, "--config", str(config)))


def test_an_installed_package_offers_a_task_by_name(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = EntryPoint("copied", "tttui.tasks.text.task:TextTask", "tttui.tasks")
    monkeypatch.setattr(find, "entry_points", lambda **_: [offered])
    assert shell("run", "--task", "copied", "--help", root=False) == 0
    assert "--context" in shell.out


def test_a_task_of_ones_own_runs_resumes_and_verifies(shell: Shell) -> None:
    words = ("--threads", "1", "--steps", "30", "--name", "w", "--task", EXAMPLE)
    assert shell("run", *words) == 0
    assert "30 of 30 transactions committed" in shell.out
    assert "does not choose code to run" in shell.refused("resume", "w", "--steps", "5")
    assert shell("resume", "w", "--steps", "5", "--task", EXAMPLE) == 0
    assert shell("verify", "w", "--task", EXAMPLE) == 0


@pytest.mark.parametrize(
    ("called", "said"),
    [
        ("txet", "there is no such task; choose from pointmass, text"),
        ("nowhere/task.py:Mine", "there is no such file"),
        ("tttui.tasks.base:Nothing", "is no subclass of"),
        ("tttui.tasks.base:Task", "does not define batch, loss, model"),
        ("no.such.module:Task", "cannot be imported"),
    ],
)
def test_a_task_that_is_none_is_refused_in_one_line(shell: Shell, called: str, said: str) -> None:
    assert said in shell.refused("run", "--task", called)


def test_a_directory_that_names_code_is_data(shell: Shell, tmp_path: Path) -> None:
    assert shell(*text(shell, "--name", "a", "--steps", "2")) == 0
    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    path = shell.root / "a" / "session" / "meta.json"
    meta = json.loads(path.read_text())
    meta.pop("checksum")
    meta["task"]["name"] = f"{trap}:Mine"
    path.write_text(json.dumps(meta))
    for command in ("resume", "fork", "verify"):
        assert "does not choose code to run" in shell.refused(command, "a")
    assert not (tmp_path / "sprung").exists()


def test_the_demo_of_the_text_task_is_made_once(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TextTask, "demo", TextTask.demo | {"steps": 3})
    assert shell("demo", "--task", "text", "--headless") == 0
    before = (shell.root / "demo-text" / "session" / "meta.json").stat().st_mtime_ns
    assert shell("demo", "--task", "text", "--headless") == 0
    assert (shell.root / "demo-text" / "session" / "meta.json").stat().st_mtime_ns == before


def test_commands_on_the_point_mass_need_no_torch(shell: Shell) -> None:
    code = (
        "import sys\nfrom tttui.cli.main import main\n"
        "main(['run', '--help']); main(['resume', 'nothing']); main(['verify', 'nothing'])\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=shell.root.parent, env=environment, capture_output=True
    )
    assert done.returncode == 0


def test_a_damaged_byte_of_what_a_text_session_keeps_is_found(shell: Shell) -> None:
    assert shell(*text(shell, "--name", "a", "--steps", "8")) == 0
    assert shell("fsck") == 0
    losses, kept = shell.root / "a" / "tokens.f16", shell.root / "a" / "document.bin"
    before = losses.read_bytes()
    losses.write_bytes(before[:100] + b"X" + before[101:])
    assert shell("fsck") == 1
    assert "tokens.f16" in shell.out
    assert shell("resume", "a", "--steps", "1") == 0  # computes again what is damaged
    assert losses.read_bytes()[: len(before)] == before
    assert "tokens.f16: bytes 0 to" in shell.err
    kept.write_bytes(b"X" + TEXT[1:])
    assert shell("fsck") == 1
    assert "document.bin" in shell.out
    assert "document.bin" in shell.refused("resume", "a", "--steps", "1")

"""Whatever is wrong with a session's files, a command ends with a result or with one line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tasks.pointmass.runs.sessions import create, settings
from tttui.cli.main import main


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def remove(path: Path) -> None:
    path.unlink()


def other_json(path: Path) -> None:
    path.write_text('{"t": null, "mu": "x", "state": 3}\n')


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that has one of every file."""
    directory = tmp_path_factory.mktemp("good") / "a"
    run = create(directory, settings(steps=60))
    run.advance(40)
    run.intervene("mu", 0.2)
    run.close("interrupted")
    return directory


@pytest.mark.parametrize("damage", [halve, remove, other_json])
@pytest.mark.parametrize("command", ["resume", "fork", "verify"])
def test_damage_to_any_file_is_never_a_traceback(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    good: Path,
    command: str,
    damage: Callable[[Path], None],
) -> None:
    names = [path.relative_to(good) for path in good.rglob("*") if path.is_file()]
    for i, name in enumerate(names):
        root = tmp_path / str(i)
        shutil.copytree(good, root / "a")
        damage(root / "a" / name)
        code = main([command, "a", "--root", str(root)])
        _, err = capsys.readouterr()
        assert code in (0, 1, 2), name
        assert "unexpected" not in err, name
        lines = err.splitlines()
        errors = [line for line in lines if line.startswith("error: ")]
        assert len(errors) <= 1, name
        assert all(line in errors or line.startswith(str(root / "a")) for line in lines), name

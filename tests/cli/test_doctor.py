"""The doctor names what does not work, with the remedy."""

import json
from pathlib import Path

import pytest

from tttui.cli import doctor
from tttui.cli.main import main


def test_every_line_is_a_finding(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["doctor", "--root", str(tmp_path), "--json"]) == 0
    names = [finding["name"] for finding in json.loads(capsys.readouterr().out)]
    assert names == [
        "terminal",
        "colours",
        "locale",
        "clipboard",
        "run root",
        "file watching",
        "background",
        "torch",
    ]


def test_a_terminal_of_16_colours_is_told_how_to_get_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    finding = doctor.colours()
    assert not finding.ok
    assert "TERM=xterm-256color" in finding.remedy


def test_a_locale_that_is_not_utf8_is_told_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda _: "ANSI_X3.4-1968")
    finding = doctor.text_encoding()
    assert not finding.ok
    assert "LANG=C.UTF-8" in finding.remedy


@pytest.mark.parametrize(("setting", "ok"), [("on", True), ("external", False), (None, None)])
def test_tmux_has_to_pass_the_clipboard_on(
    monkeypatch: pytest.MonkeyPatch, setting: str | None, ok: bool | None
) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    monkeypatch.setattr(doctor, "_output", lambda *_: setting)
    assert doctor.clipboard().ok is ok


@pytest.mark.parametrize(("kills", "ok"), [("b true", False), ("b false", True), (None, None)])
def test_logout_may_end_processes_in_the_background(
    monkeypatch: pytest.MonkeyPatch, kills: str | None, ok: bool | None
) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: path == Path("/run/systemd/system"))
    monkeypatch.setattr(doctor, "_output", lambda *_: kills)
    finding = doctor.background()
    assert finding.ok is ok
    assert finding.ok or "enable-linger" in finding.remedy


def test_a_root_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = doctor.run_root(tmp_path / "file")
    assert not finding.ok
    assert "--root" in finding.remedy

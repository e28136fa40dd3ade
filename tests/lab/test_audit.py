"""The audit: a chain of lines that says what was damaged, and how."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.test_registry import COMMAND, moved, register_skill
from tttui.lab import audit
from tttui.lab.auditing import Verified, verify
from tttui.lab.registry import deploy, personas, remove, resolve, rollback
from tttui.model.errors import RefusedInput


@pytest.fixture
def changed(root: Path) -> Path:
    """A root with six changes."""
    for value in (1.0, 2.0, 3.0):
        register_skill(root, value=value)
    moved(root, resolve(root, "walker@v1"))
    moved(root, resolve(root, "walker@v2"), force=True)
    rollback(root, "helper", command=COMMAND)
    return root


def lines_of(root: Path) -> list[bytes]:
    return audit.audit_path(root).read_bytes().splitlines(keepends=True)


def rewritten(root: Path, lines: list[bytes]) -> Verified:
    audit.audit_path(root).write_bytes(b"".join(lines))
    return verify(root)


def test_an_audit_says_who_changed_what_by_which_command_and_why_it_was_forced(
    changed: Path,
) -> None:
    result = list(audit.lines(changed))
    assert [line.action for line in result] == [
        *["models:registered"] * 3,
        *["personas:deployed"] * 2,
        "personas:rolled_back",
    ]
    forced = result[4]
    assert (forced.before["version"], forced.after["version"]) == ("walker@v1", "walker@v2")
    assert "never tested against walker@v1" in forced.forced
    assert forced.user
    assert forced.host
    assert forced.command == "tttui model"
    assert verify(changed).fits
    assert verify(changed).digest == result[-1].digest


def _flip(line: bytes) -> bytes:
    return line.replace(b'"user": "', b'"user": "x')


DAMAGE: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str, str, int]] = {
    "a changed line": (lambda x: [*x[:2], _flip(x[2]), *x[3:]], "changed", "line 3 was changed", 3),
    "the first line changed": (lambda x: [_flip(x[0]), *x[1:]], "changed", "line 1 was changed", 1),
    "the last line changed": (lambda x: [*x[:5], _flip(x[5])], "changed", "line 6 was changed", 6),
    "the line before the last changed": (
        lambda x: [*x[:4], _flip(x[4]), x[5]],
        "changed",
        "line 5 was changed",
        5,
    ),
    "a line that is none": (lambda x: [*x[:3], b"{]\n", *x[4:]], "changed", "line 4 is not", 4),
    "a line taken out": (lambda x: [*x[:2], *x[3:]], "missing", "change 3 missing", 3),
    "the first lines taken out": (lambda x: x[2:], "missing", "changes 1 to 2 missing", 1),
    "a line twice": (lambda x: [*x[:3], x[2], *x[3:]], "changed", "number 3 after 3", 4),
    "lines cut off": (lambda x: x[:4], "cut off", "changes 5 to 6 missing at the end", 5),
    "half a line cut off": (lambda x: [*x[:5], x[5][:20]], "cut off", "change 6 missing", 6),
    "all lines gone": (lambda x: x[:0], "cut off", "changes 1 to 6 missing", 1),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_the_first_line_that_does_not_fit_is_named(changed: Path, case: str) -> None:
    damage, trouble, text, line = DAMAGE[case]
    result = rewritten(changed, damage(lines_of(changed)))
    assert len(result.findings) == 1
    first = result.findings[0]
    assert (first.trouble, first.line) == (trouble, line)
    assert text in first.text


def test_a_gap_stays_to_be_seen_when_the_audit_goes_on(changed: Path) -> None:
    rewritten(changed, lines_of(changed)[:4])
    register_skill(changed, value=4.0)
    findings = verify(changed).findings
    assert [one.trouble for one in findings] == ["missing"]
    assert "before line 5: changes 5 to 6 missing" in findings[0].text


def test_a_changed_last_line_stays_to_be_seen_when_the_audit_goes_on(changed: Path) -> None:
    lines = lines_of(changed)
    rewritten(changed, [*lines[:5], _flip(lines[5])])
    register_skill(changed, value=4.0)
    assert [one.line for one in verify(changed).findings] == [6]


def test_half_a_line_that_a_crash_left_is_no_damage_and_goes_with_the_next_change(
    changed: Path,
) -> None:
    with audit.audit_path(changed).open("ab") as file:
        file.write(b'{"n": 7, "time": 17')
    result = verify(changed)
    assert result.fits
    assert "half a line" in result.notes[0]
    register_skill(changed, value=4.0)
    assert verify(changed) == Verified(7, list(audit.lines(changed))[-1].digest)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("skills/walker/v1/weights.safetensors", "was changed since walker@v1"),
        ("skills/walker/v2/version.json", "walker@v2 (change 2)"),
        ("personas/helper.json", "@helper (change 6)"),
    ],
)
def test_a_changed_byte_of_what_was_registered_is_found(
    changed: Path, file: str, said: str
) -> None:
    path = changed / ".lab" / "registry" / file
    data = bytearray(path.read_bytes())
    data[-4] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    findings = verify(changed).findings
    assert [one.trouble for one in findings] == ["artifact"]
    assert said in findings[0].text


def test_names_in_an_audit_of_somebody_else_are_no_paths(root: Path) -> None:
    register_skill(root)
    last = json.loads(lines_of(root)[-1])
    for subject, action in (
        ("../../x@v1", "models:registered"),
        ("@../x", "personas:deployed"),
        ("x\u001b[31m", "models:measured"),
    ):
        line = {**last, "subject": subject, "action": action, "moves": []}
        audit.audit_path(root).write_text(json.dumps(line) + "\n")
        audit.head_path(root).unlink(missing_ok=True)
        assert not verify(root).fits


def test_versions_that_were_never_registered_and_personas_moved_by_hand_are_found(
    changed: Path,
) -> None:
    skill = changed / ".lab" / "registry" / "skills" / "walker"
    (skill / "v9").mkdir()
    (changed / ".lab" / "registry" / "personas" / "helper.json").unlink()
    said = " ".join(one.text for one in verify(changed).findings)
    assert "v9: no line of the audit registered it" in said
    assert "@helper (change 6): is missing" in said


def test_a_change_whose_files_a_crash_kept_from_their_places_is_carried_out_by_who_looks_next(
    changed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("tttui.lab.changing._move", killed)
        with pytest.raises(Killed):
            deploy(changed, resolve(changed, "walker@v3"), "helper", force=True, command=COMMAND)
    assert personas(changed)[0].current.version == "walker@v3"
    assert verify(changed).fits


@pytest.mark.parametrize("path", ["registry/../../x", "/etc/x", "jobs/x", "registry/link/x"])
def test_an_audit_of_somebody_else_moves_nothing_out_of_the_registry(
    changed: Path, tmp_path: Path, path: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (changed / ".lab" / "registry" / "link").symlink_to(outside)
    last = json.loads(lines_of(changed)[-1])
    line = {**last, "n": 7, "moves": [["registry/skills/walker/v1", path]]}
    with audit.audit_path(changed).open("ab") as file:
        file.write(json.dumps(line).encode() + b"\n")
    assert resolve(changed, "walker@v1").number == 1
    verify(changed)
    assert os.listdir(outside) == []
    assert not (tmp_path / "x").exists()
    with pytest.raises(RefusedInput, match=r"no place|is a link"):
        remove(changed, resolve(changed, "walker@v3"), command=COMMAND)

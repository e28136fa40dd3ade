"""Sessions whose every name and text tries to act on a terminal, and looking for what did."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from textual.app import App

from tests.rundirs import make_run, session_path, steps_path
from tests.toolkit import screen_strips
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.model.session import Layout, Place
from tttui.model.text import visible

NAME = "x\x1b]52;c;aGk=\x07\x9b31m\u202e[b]$H 名\nF\t\udcff"
"""A directory's name: an escape sequence that writes the clipboard, C1, a change of direction,
markup, a formula, a wide character, a line break, a tab, a byte that is no UTF-8."""

TEXT = "y\x1b[2J\x9d0;title\x07[red]\u2066名\r\nF\ud800\x00\ufe0f"
"""A text of a file, which may hold anything at all."""


def hostile_run(root: Path, layout: Layout = "native", name: str = NAME, **more: Any) -> Place:
    """A session of that name with such a text wherever a file of it has one."""
    path = root / "sessions" / name if layout == "store" else root / name
    place = make_run(path, layout=layout, steps=200, parent="of old", **more)
    folder = session_path(place)
    _edit(folder / "meta.json", _with_texts)
    _edit(folder / "metrics.json", lambda metrics: {**metrics, TEXT: 1.5, "notes": TEXT})
    _spoil_events(steps_path(place).parent)
    steps = steps_path(place)
    head, _, rows = steps.read_bytes().partition(b"\n")
    more_columns = f",{TEXT.replace(chr(10), '')}".encode(errors="replace").replace(b"\r", b"")
    wider = [line.rstrip(b"\r") + b",7" for line in rows.rstrip().split(b"\n")]
    steps.write_bytes(b"\n".join([head.rstrip(b"\r") + more_columns, *wider, b""]))
    weights = dict(read_pt(folder / "plastic_state.pt"))
    (folder / "plastic_state.pt").write_bytes(write_pt({**weights, "n\x1b[2J\x9b\n": weights["B"]}))
    (folder / os.fsdecode(os.fsencode(NAME))).write_bytes(b"?")
    if layout == "native":
        _edit(path / "status.json", lambda status: {**status, **dict.fromkeys(STATUS, TEXT)})
        changes = [
            {"t": 40, "kind": "fault", "value": TEXT},
            {"t": 80, "kind": TEXT, "value": TEXT},
        ]
        changes.append({"t": 90, "kind": "settings", "value": {TEXT: TEXT}})
        lines = [json.dumps(change) for change in changes]
        (path / "interventions.jsonl").write_text("\n".join([*lines, ""]))
        log = f"2026-01-01 00:00:00,000 WARNING {TEXT.rstrip(chr(0))}\n"
        (path / "run.log").write_bytes(log.encode(errors="replace") * 3)
    return place


STATUS = ("device", "command", "error", "last_command", "last_error")


def _edit(path: Path, change: Any) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def _with_texts(meta: dict[str, Any]) -> dict[str, Any]:
    names = ["env_mode", "model_signature", "base_ckpt_hash", "device", "root_session_id"]
    names += ["session_id", "parent_session_id", "torch_version", "tttui_version"]
    spoilt = meta | dict.fromkeys(names, TEXT) | {TEXT: TEXT}
    for group in ("plasticity_cfg", "env_cfg", "model_cfg"):
        spoilt[group] = {**spoilt.get(group, {}), TEXT: TEXT}
    return spoilt


def _spoil_events(folder: Path) -> None:
    """Give some events a status that nobody knows, and keys that are texts."""
    for path in folder.glob("update_events.*"):
        lines = path.suffix == ".jsonl"
        text = path.read_text()
        events = [json.loads(line) for line in text.splitlines()] if lines else json.loads(text)
        events[1] |= {"status": f"rollback_{TEXT}", TEXT: TEXT}
        events[2] |= {"status": TEXT, "why": TEXT}
        as_lines = "".join(json.dumps(event) + "\n" for event in events)
        path.write_text(as_lines if lines else json.dumps(events))


def acting(lines: Iterable[str]) -> list[str]:
    """The lines in which something is left that a terminal obeys or a person does not see."""
    return [line for line in lines if visible(line) != line]


def drawn(app: App[Any]) -> list[str]:
    """The rows of the screen; each must fill its width, whatever stands in it."""
    rows = []
    for strip in screen_strips(app):
        row = "".join(segment.text for segment in strip)
        assert sum(cell_len(segment.text) for segment in strip) == app.size.width, repr(row)
        rows.append(row)
    return rows

"""The app in a real terminal: what is sent, what is answered, how it ends."""

import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.live import alive, wait_until
from tests.rundirs import make_run
from tests.terminal.harness import PtyProgram
from tttui.keys import COMMANDS

APP = (sys.executable, "-m", "tttui")
STILL_S = 2.5
"""How long nothing may be sent while nothing happens: longer than between two looks at files."""

BLINKS_S = 1.2
"""Twice as long as a cursor takes to blink."""

STILL: Mapping[tuple[str, ...], tuple[str, ...]] = {
    **{(tab,): () for tab in "12456"},
    ("3", "/"): ("escape",),
    ("g",): ("g",),
    ("o",): ("escape",),
    ("n",): ("escape",),
    ("ctrl+p",): ("escape",),
}
"""Keys that lead to each view, field and dialog, and those that lead back."""


@pytest.fixture
def run(tmp_path: Path) -> str:
    return str(make_run(tmp_path / "a", steps=600).path)


def test_it_starts_reacts_to_keys_and_leaves_cleanly(run: str) -> None:
    with PtyProgram([*APP, run]) as program:
        program.wait_for("frozen MSE")
        program.wait_for("t 599 ")
        program.press("home")
        program.wait_for("t 0 ")
        program.press("q")
        assert program.wait_exit() == 0
        assert b"\x1b[?1049l" in program.raw  # back from the alternate screen


@pytest.mark.parametrize("first", ["", "1 Overview"], ids=["nothing", "tabs"])
def test_keys_that_are_typed_while_it_starts_all_act(run: str, first: str) -> None:
    with PtyProgram([*APP, run]) as program:
        if first:
            program.wait_for(first)
        program.press("6", "S", "3", "/", *"grad>0", "enter", ">", "home", "right")
        program.wait_for("t 1 ")
        program.wait_for("query grad>0")
        program.wait_for("Sorted by status")
        program.press("q")
        assert program.wait_exit() == 0


def test_bursts_of_keys_in_all_tabs_all_act(run: str) -> None:
    views = [c for c in COMMANDS if c.group == "View" and c.action not in ("compare", "export")]
    keys = [key for command in views for key in command.keys.split(",") if len(key) == 1]
    with PtyProgram([*APP, run]) as program:
        program.wait_for("t 599 ")
        for tab in "123456":
            for key in keys:
                program.press(tab, key)
                program.pump(0)
        program.press("1", "home", *["right"] * 40)
        program.wait_for("t 40 ")
        program.press("q")
        assert program.wait_exit() == 0


def test_nothing_is_sent_while_nothing_happens(run: str) -> None:
    with PtyProgram([*APP, run]) as program:
        program.wait_for("t 599 ")
        for keys, back in STILL.items():
            program.press(*keys)
            still = STILL_S if keys == ("1",) else BLINKS_S
            assert program.settle(still, timeout=30), (keys, bytes(program.raw[-300:]))
            program.press(*back)


def test_a_step_of_the_cursor_sends_little(run: str) -> None:
    with PtyProgram([*APP, run], columns=200, rows=50) as program:
        program.wait_for("t 599 ")
        program.press("left")
        program.wait_for("t 598 ")
        program.settle()
        before = program.bytes
        program.press("left")
        program.wait_for("t 597 ")
        program.settle()
        assert program.bytes - before < 6000


def test_a_tiny_terminal_shows_something_and_can_be_left(run: str) -> None:
    with PtyProgram([*APP, run], columns=20, rows=5) as program:
        program.wait_for("tttui")
        program.settle(0.3)
        program.press("q")
        assert program.wait_exit() == 0


def test_resizing_draws_the_whole_screen_anew(run: str) -> None:
    with PtyProgram([*APP, run], columns=120, rows=40) as program:
        program.wait_for("t 599 ")
        program.resize(80, 24)
        program.settle(0.5)
        program.wait_for(r"q quit")
        assert "frozen MSE" in program.text()


def test_without_colours_no_colour_is_sent(run: str) -> None:
    with PtyProgram([*APP, run], env={"NO_COLOR": "1"}) as program:
        program.wait_for("t 599 ")
        program.settle(0.3)
        colours = re.findall(rb"\x1b\[[0-9;]*(?:38|48);[0-9;]*m", bytes(program.raw))
        assert colours == []


def test_a_terminal_of_256_colours_gets_no_others(run: str) -> None:
    with PtyProgram([*APP, run], env={"COLORTERM": ""}) as program:
        program.wait_for("t 599 ")
        program.settle(0.3)
        assert b"8;2;" not in program.raw
        assert b"38;5;" in program.raw


def test_a_locale_without_unicode_gets_ascii(run: str) -> None:
    with PtyProgram([*APP, run], env={"LC_ALL": "en_US.ISO-8859-1"}) as program:
        program.wait_for("t 599 ")
        assert program.text().isascii()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_the_terminal_clean(run: str, number: signal.Signals) -> None:
    with PtyProgram([*APP, run]) as program:
        program.wait_for("t 599 ")
        os.kill(program.pid, number)
        assert program.wait_exit() == 128 + number
        assert b"\x1b[?1049l" in program.raw


def test_a_signal_ends_it_while_its_terminal_is_frozen(run: str) -> None:
    with PtyProgram([*APP, run], columns=200, rows=50) as program:
        program.wait_for("t 599 ")
        program.press(*"123456" * 40)  # more than fits on the way to somebody who does not read
        os.kill(program.pid, signal.SIGTERM)
        wait_until(lambda: not alive(program.pid))
        # it ends by itself where what it had to say went out, and is ended where it hangs
        assert program.wait_exit() in (128 + signal.SIGTERM, -signal.SIGALRM)


def test_a_process_that_is_only_continued_goes_on_as_before(run: str) -> None:
    with PtyProgram([*APP, run]) as program:
        program.wait_for("t 599 ")
        program.settle(0.3)
        sent = len(program.raw)
        os.kill(program.pid, signal.SIGCONT)
        program.press(*["left"] * 20)  # two readers would tear these keys to pieces
        program.wait_for("t 579 ")
        assert b"\x1b[?1049h" not in program.raw[sent:]


def test_without_a_terminal_it_says_what_to_use_instead(run: str) -> None:
    with PtyProgram(["/bin/sh", "-c", f"{sys.executable} -m tttui {run} < /dev/null"]) as program:
        assert program.wait_exit() == 2
        assert "the app needs a terminal" in program.text()
        assert "Traceback" not in program.text()

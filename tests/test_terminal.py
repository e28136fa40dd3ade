"""Writing to a terminal that goes away."""

import errno
import io

from tests.toolkit import MAX_QUEUED_WRITES, WriterThread
from tttui.terminal.safe_stream import Outlet


class CutOff(io.StringIO):
    """A terminal that takes so many writes, and none after."""

    def __init__(self, takes: int) -> None:
        super().__init__()
        self.takes = takes

    def write(self, text: str) -> int:
        if not self.takes:
            raise OSError(errno.EIO, "Input/output error")
        self.takes -= 1
        return super().write(text)


def test_what_is_written_arrives_and_a_lost_terminal_is_told_once() -> None:
    told: list[str] = []
    terminal = CutOff(takes=2)
    outlet = Outlet(terminal, lambda: told.append("gone"))
    for text in "abcd":
        outlet.write(text)
        outlet.flush()
    assert terminal.getvalue() == "ab"
    assert told == ["gone"]
    assert outlet.lost


def test_nobody_waits_for_a_terminal_that_is_gone() -> None:
    writer = WriterThread(Outlet(CutOff(takes=0), lambda: None))  # type: ignore[arg-type]
    writer.start()
    for _ in range(2 * MAX_QUEUED_WRITES):
        writer.write("more than the queue of a thread that has died would hold")
    writer.stop()
    assert not writer.is_alive()

"""Signals: Ctrl+C, SIGTERM and a lost connection ask a run to stop, which saves and ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Whether, and by which signal, the process was asked to stop."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        return self.signal is not None


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turn stopping signals into a request that the run checks between stretches.

    A second ctrl+c raises KeyboardInterrupt at once.
    """
    request = StopRequest()

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if request.signal is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        request.signal = number

    # What was set to be ignored (nohup) stays so.
    heeded = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heeded}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

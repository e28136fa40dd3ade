"""A thread that carries out commands and publishes frozen snapshots to one listener."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

Job = Callable[[], object]


class Published(Protocol):
    """A snapshot: a frozen dataclass."""

    @property
    def failures(self) -> Mapping[str, str]:
        """Failures of parts, by name."""

    @property
    def noted(self) -> int:
        """How many notes there were."""


S = TypeVar("S", bound=Published)


class Publisher(Generic[S]):
    """Keeps a snapshot in a thread of its own; what it does next is the subclass's `_next_job`.

    The listener is called in that thread and must only hand the snapshot over.
    """

    def __init__(self, empty: S, thread: str) -> None:
        self.snapshot = empty
        self._listener: Callable[[S], None] | None = None
        self._publishing = threading.Lock()
        self._wake = threading.Condition()
        self._commands: deque[Job] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name=thread, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; returns at once, whatever is being read."""
        self._listener = None
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def listen(self, listener: Callable[[S], None]) -> None:
        """Call `listener` with the snapshot there is and with every later one."""
        with self._publishing:
            self._listener = listener
            listener(self.snapshot)

    def publish(self, **changes: Any) -> None:
        """Publish the snapshot with these changes."""
        with self._publishing:
            self.snapshot = replace(self.snapshot, **changes)  # type: ignore[type-var]
            if self._listener is not None:
                self._listener(self.snapshot)

    def note(self, text: str) -> None:
        """Show the person a message."""
        self.publish(note=text, noted=self.snapshot.noted + 1)

    def _command(self, command: Job) -> None:
        """Run a command in the thread."""
        with self._wake:
            self._commands.append(command)
            self._wake.notify()

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            job()

    def _next_job(self) -> Job | None:
        """Wait for the next job; None ends the thread."""
        raise NotImplementedError(type(self).__name__)

    def _say(self, name: str, what: str) -> None:
        """Set the failure of a part; '' removes it."""
        failures = {**self.snapshot.failures, name: what}
        if not what:
            del failures[name]
        if failures != self.snapshot.failures:
            self.publish(failures=failures)

    def _forget_failures(self, keep: Callable[[str], bool]) -> None:
        """Drop the failures of parts that are no longer needed."""
        known = self.snapshot.failures
        remaining = {name: why for name, why in known.items() if keep(name)}
        if remaining != known:
            self.publish(failures=remaining)

"""The thread of the app in which a what-if is computed."""

import time
from collections.abc import Callable
from threading import Condition, Thread, current_thread
from typing import Generic, Protocol, TypeVar

R = TypeVar("R", covariant=True)

RATE = 20.0
"""Results a second at most."""

LONGEST_WAIT_S = 2.0
"""Time in seconds for which `close` waits for the thread."""


class WhatIfJob(Protocol[R]):
    """A job of the worker: `WhatIf`, `Seeds`, `Sensitivity`."""

    def work(self) -> bool:
        """Work for some milliseconds; returns whether there is more to do."""

    def result(self) -> R:
        """The result so far, immutable."""

    def fail(self, error: BaseException) -> None:
        """End with an error, which the next result tells."""


class WhatIfWorker(Generic[R]):
    """Does one job after another in a thread of its own, always the newest.

        worker = WhatIfWorker(publish)
        worker.ask(WhatIf(Request(data, changes={"lr": 0.005}), known))
        ...
        worker.close()

    `publish` is called in that thread with each new result, at most 20 times a second, and once
    with the last one of a job that came to its end. A job that another one took the place of
    publishes nothing any more. What a job raises is told by its result; nothing ends the thread
    but `close`, and the thread never keeps the process alive.
    """

    def __init__(self, publish: Callable[[R], object], *, rate: float = RATE) -> None:
        """`rate` is in results a second. The thread begins with the first `ask`."""
        self._publish, self._pause = publish, 1.0 / rate
        self._changed = Condition()
        self._job: WhatIfJob[R] | None = None
        self._busy = False
        self._closed = False
        self._thread: Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is running or waits."""
        return self._job is not None or self._busy

    def ask(self, job: WhatIfJob[R]) -> None:
        """Start this job; the current one is dropped after its stretch.

        Returns at once. Raises RuntimeError once the worker is closed.
        """
        with self._changed:
            if self._closed:
                raise RuntimeError("the worker is closed")
            self._job = job
            if self._thread is None:
                self._thread = Thread(target=self._run, name="tttui-whatif", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def stop(self) -> None:
        """Drop the current job; nothing more of it is published."""
        with self._changed:
            self._job = None
            self._changed.notify_all()

    def close(self, wait_s: float = LONGEST_WAIT_S) -> bool:
        """End the thread, also in the middle of a job; whether it has ended within `wait_s`.

        It ends after its stretch in any case, and publishes nothing from now on.
        """
        with self._changed:
            self._closed, self._job = True, None
            thread = self._thread
            self._changed.notify_all()
        if thread is None or thread is current_thread():
            return True
        thread.join(wait_s)
        return not thread.is_alive()

    def wait(self, seconds: float) -> bool:
        """Wait until the worker is idle; returns whether that happened in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.busy, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._job is not None)
                job = self._job
                if self._closed or job is None:
                    return
                self._busy = True
            self._carry_out(job)
            with self._changed:
                if self._job is job:
                    self._job = None
                self._busy = False
                self._changed.notify_all()

    def _carry_out(self, job: WhatIfJob[R]) -> None:
        publish_at, more = 0.0, True
        while more and self._job is job:
            try:
                more = job.work()
            except Exception as error:  # told in its place; the next job is worked on
                job.fail(error)
                more = False
            now = time.monotonic()
            if self._job is job and (not more or now >= publish_at):
                self._publish(job.result())
                publish_at = now + self._pause

"""Slow answers, computed in a thread, always for the newest question."""

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

PAUSE_S = 0.03
"""Time from a question to the work on it, in seconds: until nothing else is asked for so long,
the thread takes no time from whoever draws meanwhile."""

Q = TypeVar("Q")
A = TypeVar("A")


class Latest(Generic[Q, A]):
    """Computes `answer(question)` in a thread. A new question replaces all waiting ones;
    `on_answer` is called in the thread after an answer.
    """

    def __init__(self, answer: Callable[[Q], A], on_answer: Callable[[], object]) -> None:
        self._answer, self._on_answer = answer, on_answer
        self._lock = Lock()
        self._asked = Event()
        self._waiting: list[Q] = []
        self._busy = False
        self._newest: tuple[Q, A] | None = None
        self.question: Q | None = None
        """The newest question."""
        self.failure = ""
        """Why the last question has no answer; '' if it has one."""

    def ask(self, question: Q) -> None:
        """Compute the answer to this question next."""
        with self._lock:
            self.question, self.failure = question, ""
            self._waiting = [question]
            self._asked.set()
            if self._busy:
                return
            self._busy = True
        Thread(target=self._work, name="tttui-prepare", daemon=True).start()

    @property
    def newest(self) -> tuple[Q, A] | None:
        """The newest answer with its question; None before the first."""
        return self._newest

    @property
    def busy(self) -> bool:
        return self._busy

    def _work(self) -> None:
        while True:
            while self._asked.is_set():
                self._asked.clear()
                self._asked.wait(PAUSE_S)
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    return
                question = self._waiting.pop()
            try:
                self._newest, self.failure = (question, self._answer(question)), ""
            except Exception as error:  # told in its place, and the next question is answered
                self.failure = f"{type(error).__name__}: {error}"
            self._on_answer()

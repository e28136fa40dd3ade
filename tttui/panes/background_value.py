"""Values derived from long data: computed at once if quick, else in a thread."""

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

S = TypeVar("S")
V = TypeVar("V")


class Prepared(Generic[S, V]):
    """A value derived from a source that is replaced by newer versions of itself.

    `make(source, before)` derives it, from an older value where there is one; `quick` says
    whether that may be done while somebody waits. `on_ready` is called in the thread whenever a
    value has become ready there.
    """

    def __init__(
        self,
        make: Callable[[S, V | None], V],
        quick: Callable[[S, V | None], bool],
        on_ready: Callable[[], object],
    ) -> None:
        self._make, self._quick, self._on_ready = make, quick, on_ready
        self._source: S | None = None
        self._value: V | None = None
        self._ready: list[tuple[S, V]] = []
        """What a thread has finished; a new list for every session, so that none is mixed up."""
        self._busy = False

    def forget(self) -> None:
        """Forget the value, as another session is shown."""
        self._source, self._value, self._ready, self._busy = None, None, [], False

    def of(self, source: S) -> V | None:
        """The value of this source, or of its newest finished version."""
        if self._ready:
            self._source, self._value = self._ready.pop()
            self._busy = False
        if source is not self._source:
            if self._quick(source, self._value):
                self._source, self._value = source, self._make(source, self._value)
            elif not self._busy:
                self._busy, ready = True, self._ready

                def work() -> None:
                    ready.append((source, self._make(source, None)))
                    self._on_ready()

                Thread(target=work, name="tttui-prepare", daemon=True).start()
        return self._value

"""Which skills a process holds in memory, under a byte budget, the least recently used out first.

A skill is *resident* in a process while its state (weights, optimizer, all that its session needs
to go on exactly) is in that process's memory, beside the one base that all skills there share. It
is *paged out* while its state lies on the disk only. Residency belongs to a process: when that has
ended, nothing is resident. The skill in force counts like all others, and is never paged out.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Generic, TypeVar

from tttui.model.ages import size_text
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput

RECENT = 16
"""Activations within which memory thrashes where a skill that made room is wanted again."""

T = TypeVar("T")


@dataclass(slots=True)
class Counters:
    """Counts since the process began."""

    activations: int = 0
    hits: int = 0
    """Activations of resident skills."""
    loads: int = 0
    """Activations that read a state from the disk."""
    evictions: int = 0
    """Skills that were paged out, to make room or on request."""
    thrashes: int = 0
    """Loads of skills that were paged out within the last 16 activations."""


class Resident(Generic[T]):
    """Holds the states of skills by name, and counts; for one thread.

    The state of the skill in force is with whoever computes, and comes back by `leave`.
    """

    def __init__(
        self,
        budget: int,
        *,
        size_of: Callable[[str], int],
        load: Callable[[str], T],
        page_out: Callable[[str, T], None],
    ) -> None:
        """`budget` is in bytes. `load` reads what `page_out` wrote, or begins a skill; `size_of`
        gives beforehand how many bytes that takes."""
        self.budget, self._size_of, self._load, self._page_out = budget, size_of, load, page_out
        self.sizes: OrderedDict[str, int] = OrderedDict()
        """Bytes of what is resident by name, the least recently used first."""
        self._states: dict[str, T] = {}
        """Of all that are resident but the one in force."""
        self.in_force = ""
        """The skill that computes now; '' for none."""
        self._made_room: dict[str, int] = {}
        """The activation at which a skill made room for another one."""
        self.counters = Counters()

    @property
    def used(self) -> int:
        """Bytes of all that are resident."""
        return sum(self.sizes.values())

    def activate(self, name: str) -> T:
        """The state of a skill, which is in force until `leave`. Raises as `bring_in`."""
        assert not self.in_force
        self.bring_in(name)
        self.in_force = name
        return self._states.pop(name)

    def leave(self, state: T, size: int) -> None:
        """Take back the state of the skill in force; if it has grown, page out others."""
        name, self.in_force = self.in_force, ""
        self._refuse_larger(name, size)
        self._states[name], self.sizes[name] = state, size
        self.sizes.move_to_end(name)
        self._make_room(self.budget, keep=name)

    def bring_in(self, name: str) -> None:
        """Make a skill resident, as the one that was used last.

        Raises RefusedInput if it does not fit the budget beside the skill in force.
        """
        counters = self.counters
        if name in self.sizes:
            counters.activations += 1
            counters.hits += 1
            self.sizes.move_to_end(name)
            return
        size = self._size_of(name)
        self._refuse_larger(name, size)
        counters.activations += 1
        counters.loads += 1
        made_room = self._made_room.pop(name, None)
        if made_room is not None and counters.activations - made_room <= RECENT:
            counters.thrashes += 1
        self._make_room(self.budget - size)
        self._states[name], self.sizes[name] = self._load(name), size

    def evict(self, name: str) -> None:
        """Page a skill out. Raises RefusedInput where it is in force or not resident."""
        if name == self.in_force:
            raise RefusedInput(f"{name} is in force now; ask again when another one is")
        if name not in self.sizes:
            raise RefusedInput(f"{name} is not resident")
        self._out(name)

    def set_budget(self, budget: int) -> None:
        """Change the budget and page out what no longer fits.

        Raises RefusedInput if the skill in force does not fit.
        """
        needed = self.sizes.get(self.in_force, 0)
        if needed > budget:
            raise RefusedInput(
                f"--budget: {self.in_force}, which is in force, takes {size_text(needed)}"
            )
        self.budget = budget
        self._make_room(budget)

    def flush(self) -> None:
        """Write all skills but the one in force to disk, before the process ends."""
        for name, state in self._states.items():
            self._page_out(name, state)
        for name in self._states:
            del self.sizes[name]
        self._states.clear()

    def document(self) -> dict[str, Any]:
        """For status files: budget, use, what is resident (the least recently used first)."""
        return {
            "budget": self.budget,
            "used": self.used,
            "resident": [{"skill": name, "bytes": size} for name, size in self.sizes.items()],
            "in_force": self.in_force,
            **asdict(self.counters),
        }

    def _refuse_larger(self, name: str, size: int) -> None:
        others = self.sizes.get(self.in_force, 0)
        if size + others > self.budget:
            beside = f" beside {self.in_force}, which is in force" if others else ""
            raise RefusedInput(
                f"{name} takes {size_text(size)}, which does not fit the budget of "
                f"{size_text(self.budget)}{beside}; --budget sets a larger one"
            )

    def _make_room(self, room: int, keep: str = "") -> None:
        for name in list(self.sizes):
            if self.used <= room:
                return
            if name not in (keep, self.in_force):
                self._made_room[name] = self.counters.activations
                self._out(name)

    def _out(self, name: str) -> None:
        self._page_out(name, self._states[name])
        del self._states[name], self.sizes[name]
        self.counters.evictions += 1

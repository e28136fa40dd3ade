"""Which skills are in memory under a budget."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.lab.genome.residency import Resident
from tttui.model.errors import RefusedInput


class Disk:
    """What was paged out, and how large each skill is."""

    def __init__(self, **sizes: int) -> None:
        self.sizes, self.pages = sizes, dict[str, int]()

    def resident(self, budget: int) -> Resident[int]:
        return Resident(
            budget,
            size_of=self.sizes.__getitem__,
            load=lambda name: self.pages.get(name, 0),
            page_out=self.pages.__setitem__,
        )


def use(held: Resident[int], name: str) -> None:
    """A turn of a skill, which makes one more of its state."""
    size = held._size_of(name)
    held.leave(held.activate(name) + 1, size)


def test_the_least_recently_used_makes_room_and_comes_back_as_it_was() -> None:
    held = Disk(a=4, b=4, c=4).resident(8)
    for name in "aba":
        use(held, name)
    use(held, "c")
    assert list(held.sizes) == ["a", "c"]  # b was used longer ago
    assert held.activate("a") == 2
    held.leave(2, 4)
    assert held.activate("b") == 1
    counters = held.counters
    assert (counters.loads, counters.hits, counters.evictions) == (4, 2, 2)
    assert counters.activations == 6


def test_a_round_of_more_skills_than_fit_thrashes_and_is_counted() -> None:
    held = Disk(a=4, b=4, c=4).resident(8)
    for name in "abcabcabc":
        use(held, name)
    assert (held.counters.hits, held.counters.loads, held.counters.thrashes) == (0, 9, 6)
    roomy = Disk(a=4, b=4, c=4).resident(12)
    for name in "abcabcabc":
        use(roomy, name)
    assert (roomy.counters.hits, roomy.counters.loads, roomy.counters.thrashes) == (6, 3, 0)


@given(st.lists(st.sampled_from("abcde"), max_size=60), st.integers(5, 15))
def test_the_budget_holds_and_no_turn_is_lost(turns: Sequence[str], budget: int) -> None:
    disk = Disk(a=1, b=2, c=3, d=4, e=5)
    held = disk.resident(budget)
    for name in turns:
        use(held, name)
        assert held.used <= budget
    held.flush()
    assert disk.pages == {name: turns.count(name) for name in set(turns)}
    assert held.counters.hits + held.counters.loads == len(turns)


def test_what_is_in_force_is_never_paged_out() -> None:
    held = Disk(a=4, b=4, c=6).resident(8)
    held.activate("a")
    held.bring_in("b")
    with pytest.raises(RefusedInput, match="a is in force now"):
        held.evict("a")
    with pytest.raises(RefusedInput, match=r"c takes 6 .* does not fit .* beside a"):
        held.bring_in("c")
    with pytest.raises(RefusedInput, match="--budget: a, which is in force, takes 4"):
        held.set_budget(3)
    held.set_budget(5)
    assert list(held.sizes) == ["a"]
    with pytest.raises(RefusedInput, match="b is not resident"):
        held.evict("b")


def test_a_skill_that_grows_past_the_budget_is_refused() -> None:
    held = Disk(a=4).resident(8)
    held.activate("a")
    with pytest.raises(RefusedInput, match=r"a takes 9 .* does not fit the budget of 8"):
        held.leave(1, 9)

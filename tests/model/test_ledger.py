"""Score first: what a version has seen, and what cannot be told."""

import pytest

from tttui.model.ledger import Change, Records, Violation, as_ranges, judge


def loop(n: int, *, train_first: bool = False) -> Records:
    """Every step is scored by the newest version and then learned from, or the other way round."""
    scores, changes = [], []
    for t in range(n):
        changes.append(Change(t + (not train_first), f"v{t}", f"v{t + 1}", [(t, t)], "gradient"))
        scores.append((t, f"v{t + train_first}"))
    return Records(range(n), scores, changes, "v0")


def test_a_loop_that_scores_first_is_clean() -> None:
    found = judge(loop(50))
    assert (found.answer, found.clean) == ("clean", 50)


def test_a_loop_that_trains_first_is_caught_at_its_first_step() -> None:
    found = judge(loop(50, train_first=True))
    assert found.answer == "violated"
    assert found.violated == 50
    assert found.first == Violation(0, "v1", 0)
    assert "the first is step 0" in found.sentence


def test_labels_may_come_late() -> None:
    scores = [(t, f"v{max(0, t - 10)}") for t in range(30)]
    changes = [Change(t + 11, f"v{t}", f"v{t + 1}", [(t, t)]) for t in range(20)]
    assert judge(Records(range(30), scores, changes, "v0")).answer == "clean"


def test_going_back_to_the_base_forgets_what_was_learned() -> None:
    changes = [
        Change(1, "a", "b", [(5, 5)], "gradient"),
        Change(2, "b", "a", None, "reset"),
        Change(3, "a", "c", [(2, 2)], "gradient"),
    ]
    scores = [(5, "c")]
    assert judge(Records([5], scores, changes, "a")).answer == "clean"
    assert judge(Records([5], [(5, "b")], changes, "a")).answer == "violated"


def test_what_was_learned_before_a_branch_is_known_after_it() -> None:
    changes = [
        Change(1, "a", "b", [(1, 1)]),
        Change(2, "b", "c", [(2, 2)]),
        Change(3, "b", "d", [(3, 3)]),
    ]
    for t, answer in ((1, "violated"), (2, "clean"), (3, "violated"), (4, "clean")):
        assert judge(Records([t], [(t, "d")], changes, "a")).answer == answer, t


def test_an_update_that_does_not_say_what_it_learned_from_is_never_clean() -> None:
    changes = [Change(1, "a", "b", None, "gradient"), Change(2, "b", "c", [(1, 1)])]
    found = judge(Records([0, 2], [(0, "a"), (2, "c")], changes, "a"))
    assert (found.answer, found.clean, found.unknown) == ("unknown", 1, 1)
    assert found.first_unknown == 2
    assert "does not say what it was trained on" in found.sentence


def test_a_violation_counts_even_where_other_things_are_unknown() -> None:
    changes = [Change(1, "a", "b", None, "gradient"), Change(2, "b", "c", [(7, 7)])]
    assert judge(Records([7], [(7, "c")], changes, "a")).answer == "violated"


def test_a_restored_share_of_the_base_teaches_nothing() -> None:
    changes = [Change(1, "a", "b", [(0, 0)]), Change(2, "b", "c", None, "restore")]
    assert judge(Records([3], [(3, "c")], changes, "a")).answer == "clean"


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (Records([0], [], [], "a"), "no scores.csv"),
        (Records([0, 1], [(0, "a")], [], "a"), "not recorded which weights"),
        (Records([0], [(0, "x")], [], "a"), "no event made"),
        (Records([0], [(0, "b")], [Change(0, "x", "b", [(9, 9)])], "a"), "no event made"),
        (Records([3], [(3, "a")], [Change(5, "a", "b", [(9, 9)], since=2)], "a"), "not seen"),
    ],
    ids=["no scores", "a score is missing", "unknown version", "unknown parent", "late"],
)
def test_what_cannot_be_told_is_named(records: Records, why: str) -> None:
    found = judge(records)
    assert found.answer == "unknown"
    assert why in found.sentence


def test_a_session_without_steps_has_no_answer_yet() -> None:
    assert judge(Records([], [], [], None)).answer == "unknown"
    assert judge(Records([], [], [], None)).sentence == "no step was scored yet"


def test_many_overlapping_windows_are_judged_in_no_time() -> None:
    n = 20_000
    changes = [
        Change(t + 1, f"v{t}", f"v{t + 1}", [(max(0, t - 32), t)], "gradient") for t in range(n)
    ]
    scores = [(t, f"v{t}") for t in range(n)]
    assert judge(Records(range(n), scores, changes, "v0")).clean == n
    seen = judge(Records([n - 100], [(n - 100, f"v{n}")], changes, "v0"))
    assert seen.first is not None
    assert seen.first.learned_at == n - 99


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 3], [(1, 1), (3, 3)]),
        ([[0, 4], 7], [(0, 4), (7, 7)]),
        ([], []),
        ("all", None),
        ([1.5], None),
        ([[1, 2, 3]], None),
        (None, None),
    ],
)
def test_what_a_file_says_of_steps(given: object, expected: object) -> None:
    assert as_ranges(given) == expected

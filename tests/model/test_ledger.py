"""Score first: what a version has seen, and what cannot be told."""

import pytest

from tttui.model.ledger import LedgerRecords, VersionChange, Violation, as_ranges, judge


def loop(n: int, *, train_first: bool = False) -> LedgerRecords:
    """Every step is scored by the newest version and then learned from, or the other way round."""
    scores, changes = [], []
    for t in range(n):
        changes.append(
            VersionChange(t + (not train_first), f"v{t}", f"v{t + 1}", [(t, t)], "gradient")
        )
        scores.append((t, f"v{t + train_first}"))
    return LedgerRecords(range(n), scores, changes, "v0")


def test_a_loop_that_scores_first_is_clean() -> None:
    result = judge(loop(50))
    assert (result.answer, result.clean) == ("clean", 50)


def test_a_loop_that_trains_first_is_caught_at_its_first_step() -> None:
    result = judge(loop(50, train_first=True))
    assert result.answer == "violated"
    assert result.violated == 50
    assert result.first == Violation(0, "v1", 0)
    assert "the first is step 0" in result.sentence


def test_labels_may_come_late() -> None:
    scores = [(t, f"v{max(0, t - 10)}") for t in range(30)]
    changes = [VersionChange(t + 11, f"v{t}", f"v{t + 1}", [(t, t)]) for t in range(20)]
    assert judge(LedgerRecords(range(30), scores, changes, "v0")).answer == "clean"


def test_going_back_to_the_base_forgets_what_was_learned() -> None:
    changes = [
        VersionChange(1, "a", "b", [(5, 5)], "gradient"),
        VersionChange(2, "b", "a", None, "reset"),
        VersionChange(3, "a", "c", [(2, 2)], "gradient"),
    ]
    scores = [(5, "c")]
    assert judge(LedgerRecords([5], scores, changes, "a")).answer == "clean"
    assert judge(LedgerRecords([5], [(5, "b")], changes, "a")).answer == "violated"


def test_what_was_learned_before_a_branch_is_known_after_it() -> None:
    changes = [
        VersionChange(1, "a", "b", [(1, 1)]),
        VersionChange(2, "b", "c", [(2, 2)]),
        VersionChange(3, "b", "d", [(3, 3)]),
    ]
    for t, answer in ((1, "violated"), (2, "clean"), (3, "violated"), (4, "clean")):
        assert judge(LedgerRecords([t], [(t, "d")], changes, "a")).answer == answer, t


def test_an_update_that_does_not_say_what_it_learned_from_is_never_clean() -> None:
    changes = [VersionChange(1, "a", "b", None, "gradient"), VersionChange(2, "b", "c", [(1, 1)])]
    result = judge(LedgerRecords([0, 2], [(0, "a"), (2, "c")], changes, "a"))
    assert (result.answer, result.clean, result.unknown) == ("unknown", 1, 1)
    assert result.first_unknown == 2
    assert "does not say what it was trained on" in result.sentence


def test_a_violation_counts_even_where_other_things_are_unknown() -> None:
    changes = [VersionChange(1, "a", "b", None, "gradient"), VersionChange(2, "b", "c", [(7, 7)])]
    assert judge(LedgerRecords([7], [(7, "c")], changes, "a")).answer == "violated"


def test_a_restored_share_of_the_base_teaches_nothing() -> None:
    changes = [VersionChange(1, "a", "b", [(0, 0)]), VersionChange(2, "b", "c", None, "restore")]
    assert judge(LedgerRecords([3], [(3, "c")], changes, "a")).answer == "clean"


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (LedgerRecords([0], [], [], "a"), "no scores.csv"),
        (LedgerRecords([0, 1], [(0, "a")], [], "a"), "not recorded which weights"),
        (LedgerRecords([0], [(0, "x")], [], "a"), "no event made"),
        (
            LedgerRecords([0], [(0, "b")], [VersionChange(0, "x", "b", [(9, 9)])], "a"),
            "no event made",
        ),
        (
            LedgerRecords([3], [(3, "a")], [VersionChange(5, "a", "b", [(9, 9)], since=2)], "a"),
            "not seen",
        ),
    ],
    ids=["no scores", "a score is missing", "unknown version", "unknown parent", "late"],
)
def test_what_cannot_be_told_is_named(records: LedgerRecords, why: str) -> None:
    result = judge(records)
    assert result.answer == "unknown"
    assert why in result.sentence


def test_a_session_without_steps_has_no_answer_yet() -> None:
    assert judge(LedgerRecords([], [], [], None)).answer == "unknown"
    assert judge(LedgerRecords([], [], [], None)).sentence == "no step was scored yet"


def test_many_overlapping_windows_are_judged_in_no_time() -> None:
    n = 20_000
    changes = [
        VersionChange(t + 1, f"v{t}", f"v{t + 1}", [(max(0, t - 32), t)], "gradient")
        for t in range(n)
    ]
    scores = [(t, f"v{t}") for t in range(n)]
    assert judge(LedgerRecords(range(n), scores, changes, "v0")).clean == n
    seen = judge(LedgerRecords([n - 100], [(n - 100, f"v{n}")], changes, "v0"))
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

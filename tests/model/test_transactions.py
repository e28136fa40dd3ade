"""Which commit's weights are in force at a step."""

from dataclasses import replace

import numpy as np
import pytest

from tttui.model.transactions import STATUSES, Transactions

COMMIT, LOSS, LIVE = (
    STATUSES.index(f"{name}")
    for name in ("commit", "rollback_loss_regression", "rollback_live_regression")
)


def history(*attempts: tuple[int, int, int | None]) -> Transactions:
    """Transactions as (t, status, to_t)."""
    none = np.full(len(attempts), np.nan)
    return replace(
        Transactions.empty(),
        t=np.array([t for t, _, _ in attempts]),
        status=np.array([status for _, status, _ in attempts]),
        implied_mu=none,
        to_t=np.array([np.nan if to is None else to for _, _, to in attempts]),
    )


@pytest.mark.parametrize(
    ("cursor", "index"), [(31, None), (32, 0), (63, 0), (64, 0), (96, 2), (127, 2), (128, 0)]
)
def test_the_last_commit_that_was_not_taken_back_is_in_force(
    cursor: int, index: int | None
) -> None:
    events = history((32, COMMIT, None), (64, LOSS, None), (96, COMMIT, None), (128, LIVE, 32))
    assert events.in_force(cursor) == index


def test_going_back_to_the_start_leaves_no_commit_in_force() -> None:
    assert history((32, COMMIT, None), (64, LIVE, 0)).in_force(100) is None


def test_going_back_twice_ends_at_the_older_commit() -> None:
    events = history(
        (32, COMMIT, None), (64, COMMIT, None), (96, LIVE, 64), (128, COMMIT, None), (160, LIVE, 96)
    )
    assert events.in_force(200) == 1


def test_a_rollback_that_does_not_say_where_to_ends_at_the_start() -> None:
    assert history((32, COMMIT, None), (64, LIVE, None)).in_force(100) is None


def test_without_attempts_nothing_is_in_force() -> None:
    assert Transactions.empty().in_force(100) is None


def test_commits_after_the_restored_step_are_undone() -> None:
    events = history(
        (32, COMMIT, None), (64, COMMIT, None), (96, COMMIT, None), (128, LIVE, 32),
        (160, COMMIT, None),
    )  # fmt: skip
    assert events.undone().tolist() == [False, True, True, False, False]
    assert [events.undone_at(i) for i in range(5)] == [None, 128, 128, None, None]


def test_a_commit_that_was_taken_back_and_restored_later_is_not_undone() -> None:
    events = history((32, COMMIT, None), (64, COMMIT, None), (96, LIVE, 32), (128, LIVE, 64))
    assert events.in_force(200) == 1
    assert events.undone().tolist() == [False] * 4


def test_a_rollback_by_hand_undoes_commits_as_well() -> None:
    events = history((32, COMMIT, None), (64, COMMIT, None), (96, COMMIT, None))
    back = replace(events, restored=((80, 32),))
    assert [back.in_force(t) for t in (79, 80, 95, 96)] == [1, 0, 0, 2]
    assert back.undone().tolist() == [False, True, False]
    assert back.undone_at(1) == 80


def test_a_rollback_by_hand_after_the_last_attempt_counts() -> None:
    back = replace(history((32, COMMIT, None)), restored=((50, 0),))
    assert (back.in_force(49), back.in_force(50)) == (0, None)
    assert back.undone().tolist() == [True]


def test_a_damaged_restored_step_ahead_of_the_rollback_does_not_go_round_in_circles() -> None:
    events = history((32, COMMIT, None), (64, LIVE, 500), (96, LIVE, 96))
    assert events.in_force(200) == 0


@pytest.mark.parametrize("seed", range(20))
def test_the_weights_in_force_are_those_that_the_record_replays(seed: int) -> None:
    """Against the record read from its beginning, step by step."""
    rng = np.random.default_rng(seed)
    attempts: list[tuple[int, int, int | None]] = []
    force: dict[int, int | None] = {0: None}
    chain: dict[int | None, tuple[int, ...]] = {None: ()}
    for i, t in enumerate(range(8, 400, 8)):
        before = force[t - 8]
        match int(rng.integers(3)):
            case 0:
                attempts.append((t, COMMIT, None))
                force[t] = i
                chain[i] = (*chain[before], i)
            case 1:
                attempts.append((t, LOSS, None))
                force[t] = before
            case _:
                to = 8 * int(rng.integers(t // 8))
                attempts.append((t, LIVE, to))
                force[t] = force[to]
    events = history(*attempts)
    assert {t: events.in_force(t) for t in force} == force
    last = set(chain[force[392]])
    expected = [status == COMMIT and i not in last for i, (_, status, _) in enumerate(attempts)]
    assert events.undone().tolist() == expected


def test_the_implied_friction_goes_back_with_the_weights() -> None:
    events = replace(
        history((32, COMMIT, None), (64, COMMIT, None), (96, LIVE, 32), (128, LIVE, 0)),
        implied_mu=np.array([0.1, 0.2, np.nan, np.nan]),
    )
    t, mu = events.implied()
    assert t.tolist() == [32, 64, 96, 128]
    assert mu[:3].tolist() == [0.1, 0.2, 0.1]
    assert np.isnan(mu[3])

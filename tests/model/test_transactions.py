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
    """Attempts as (t, status, to_t)."""
    none = np.full(len(attempts), np.nan)
    return replace(
        Transactions.empty(),
        t=np.array([t for t, _, _ in attempts]),
        status=np.array([status for _, status, _ in attempts]),
        implied_mu=none,
        records=tuple(
            {"t": t, "status": STATUSES[status], **({} if to is None else {"to_t": to})}
            for t, status, to in attempts
        ),
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

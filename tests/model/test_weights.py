"""The weights in force at a step, what they are compared with, and what moved."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tttui.model.session import History, Meta, Place, Problem, SessionData
from tttui.model.tensor_axes import moved, part_name, sentences
from tttui.model.transactions import STATUSES, Transactions
from tttui.model.weights import (
    ASPECTS,
    ShownWeights,
    commit_at,
    commits_behind,
    compare,
    index_at,
    weights_at_start,
    weights_in_force,
)

SHAPES = {"W_u": (3, 6), "B": (5, 3), "W_o": (4, 5)}


def history(*t: int) -> History:
    """Snapshot i holds i everywhere."""
    weights = {
        name: np.stack([np.full(shape, float(i), dtype=np.float32) for i in range(len(t))])
        for name, shape in SHAPES.items()
    }
    return History(np.array(t), weights)


def events(*attempts: tuple[int, str]) -> Transactions:
    none = np.full(len(attempts), np.nan)
    t = np.array([t for t, _ in attempts])
    status = np.array([STATUSES.index(status) for _, status in attempts])
    return Transactions(t, status, none, none, none, none, none, none, none)


def session(**parts: object) -> SessionData:
    data = SessionData(
        Place(Path("runs/a"), "native"),
        history=history(0, 32, 96),
        transactions=events((32, "commit"), (64, "rollback_grad_norm"), (96, "commit")),
    )
    return replace(data, **parts)  # type: ignore[arg-type]


def foreign(level: float = 2.0, **parts: object) -> SessionData:
    """Without a history: base all 0.5, newest checkpoint all `level`."""
    made = {
        "history": None,
        "weights": {name: np.full(shape, level) for name, shape in SHAPES.items()},
        "base": {name: np.full(shape, 0.5) for name, shape in SHAPES.items()},
    }
    return session(**{**made, **parts})


def level(found: ShownWeights) -> float:
    """The one value that all matrices of a comparison hold."""
    values = {float(v) for matrix in found.matrices.values() for v in np.unique(matrix)}
    (only,) = values
    return only


@pytest.mark.parametrize(
    ("t", "index"), [(0, 0), (31, 0), (32, 1), (95, 1), (96, 2), (10_000, 2), (-1, None)]
)
def test_the_last_snapshot_at_or_before_a_step_is_in_force(t: int, index: int | None) -> None:
    assert index_at(history(0, 32, 96), t) == index


def test_without_a_history_the_newest_checkpoint_is_in_force_at_every_step() -> None:
    held = weights_in_force(foreign(), 5)
    assert held is not None
    assert held.source == "newest checkpoint"
    assert held.index is None


def test_without_a_history_a_session_starts_from_the_base() -> None:
    start = weights_at_start(foreign())
    assert start is not None
    assert start.source == "base"


@pytest.mark.parametrize(
    ("aspect", "t", "expected"),
    [
        ("value", 40, 1.0),
        ("start", 40, 1.0),
        ("start", 100, 2.0),
        ("previous", 100, 1.0),
        ("commit", 96, 1.0),
    ],
)
def test_changes_are_after_minus_before(aspect: str, t: int, expected: float) -> None:
    assert level(compare(aspect, session(), t)) == expected  # type: ignore[arg-type]


def test_a_comparison_says_which_snapshots_it_is_made_of() -> None:
    assert compare("start", session(), 100).says == "snapshot of t 96 minus snapshot of t 0"


@pytest.mark.parametrize(
    ("t", "reason"),
    [
        (64, "Rolled back at step 64: the weights did not change."),
        (65, "No update at step 65; [ and ] go to the next one."),
    ],
)
def test_where_nothing_was_committed_the_view_of_a_commit_says_so(t: int, reason: str) -> None:
    result = compare("commit", session(), t)
    assert not result.matrices
    assert result.why_not == reason


def test_a_commit_whose_snapshot_was_thinned_out_is_named() -> None:
    data = session(history=history(0, 96))
    assert "thinned out" in compare("commit", data, 32).why_not


def test_commits_without_a_snapshot_of_their_own_are_counted() -> None:
    data = session(history=history(0, 32))
    assert [commits_behind(data, t) for t in (32, 95, 96, 200)] == [0, 0, 1, 1]


def test_a_live_regression_shows_what_was_restored() -> None:
    data = session(transactions=events((32, "commit"), (96, "rollback_live_regression")))
    result = compare("commit", data, 96)
    assert level(result) == 1.0
    assert "earlier weights restored" in result.says


def test_the_selected_attempt_is_preferred_where_several_share_a_step() -> None:
    data = session(transactions=events((32, "commit"), (32, "rollback_grad_norm")))
    assert commit_at(data, 32, transaction=0) == 0
    assert commit_at(data, 32, transaction=None) == 1


def test_a_session_without_a_parent_says_so() -> None:
    assert "not forked" in compare("parent", session(), 100).why_not


def test_a_fork_is_compared_with_its_first_snapshot() -> None:
    data = session(meta=Meta(parent_session_id="mother", forked_at_t=320))
    result = compare("parent", data, 100)
    assert level(result) == 2.0
    assert "mother at its step 320" in result.says


def test_a_foreign_fork_is_compared_with_its_parents_checkpoint() -> None:
    data = foreign(3.0, meta=Meta(parent_session_id="mother"))
    assert level(compare("parent", data, 5, parent=foreign(1.0))) == 2.0


def test_a_foreign_fork_whose_parent_is_not_here_says_so() -> None:
    data = foreign(meta=Meta(parent_session_id="mother"))
    assert "mother is not among the sessions" in compare("parent", data, 5).why_not


def test_another_session_is_compared_at_the_same_step() -> None:
    result = compare("other", session(), 100, other=session(meta=Meta(session_id="b")))
    assert level(result) == 0.0
    assert "b, snapshot of t 96" in result.says


def test_sessions_with_other_shapes_do_not_compare() -> None:
    other = foreign(weights={"B": np.zeros((7, 7))})
    assert "other shapes" in compare("other", session(), 100, other=other).why_not


@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_view_of_a_session_without_weights_gives_a_reason(aspect: str) -> None:
    why = Problem("weights", Path("plastic_state.pt"), "the file is not there", missing=True)
    data = foreign(weights=None, base=None, problems=(why,))
    result = compare(aspect, data, 5)  # type: ignore[arg-type]
    assert not result.matrices
    assert result.why_not.endswith(".")


def test_not_a_number_stays_where_it_is() -> None:
    data = foreign()
    assert data.weights is not None
    data.weights["B"][1, 2] = np.nan
    change = compare("start", data, 5).matrices["B"]
    assert np.argwhere(np.isnan(change)).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("name", "axis", "i", "n", "text"),
    [
        ("W_u", 1, 2, 6, "vx"),
        ("W_u", 1, 5, 6, "ay"),
        ("W_u", 1, 5, 9, "input 5"),
        ("W_u", 0, 3, 16, "u 3"),
        ("B", 0, 12, 32, "state 12"),
        ("W_o", 0, 3, 4, "predicted vy"),
        ("W_o", 1, 7, 32, "state 7"),
    ],
)
def test_rows_and_columns_are_named_as_what_they_are(
    name: str, axis: int, i: int, n: int, text: str
) -> None:
    assert part_name(name, axis, i, n) == text


def test_what_moved_most_comes_first_with_its_share() -> None:
    change = np.zeros((4, 5))
    change[3, 1], change[0, 2] = 3.0, -4.0
    rows = moved("W_o", change, 0)
    assert [m.phrase for m in rows[:2]] == ["to predicted x", "to predicted vy"]
    assert rows[0].change == pytest.approx(4.0)
    assert rows[0].share == pytest.approx(16 / 25)


def test_the_sentence_names_inputs_and_outputs() -> None:
    change = np.zeros((3, 6))
    change[2, 2] = 1.0
    ((name, text),) = sentences({"W_u": change})
    assert name == "W_u"
    assert "most from vx (100 %)" in text
    assert "to u 2 (100 %)" in text


def test_entries_that_are_no_numbers_are_counted_in_the_sentence() -> None:
    change = np.zeros((5, 3))
    change[0, 0], change[1, 1] = np.nan, 1.0
    ((_, text),) = sentences({"B": change})
    assert "1 entries are not finite" in text


def test_after_a_rollback_the_previous_commit_is_the_one_before_the_restored_one() -> None:
    live = "rollback_live_regression"
    attempts = ((32, "commit"), (64, "commit"), (96, "commit"), (128, live), (160, "commit"))
    made = history(0, 32, 64, 96, 128, 160)
    restored = {name: np.asarray(W)[[0, 1, 2, 3, 2, 5]] for name, W in made.weights.items()}
    made = History(made.t, restored)  # at t 128 the weights of t 64 again
    done = replace(events(*attempts), to_t=np.array([np.nan, np.nan, np.nan, 64.0, np.nan]))
    data = session(history=made, transactions=done)
    result = compare("previous", data, 140)
    assert result.says == "snapshot of t 128 minus snapshot of t 32"
    assert float(result.matrices["B"][0, 0]) == 1.0
    later = compare("previous", data, 170)
    assert later.says == "snapshot of t 160 minus snapshot of t 128"
    assert float(later.matrices["B"][0, 0]) == 3.0


def test_after_a_rollback_to_the_start_there_is_no_previous_commit() -> None:
    attempts = ((32, "commit"), (64, "rollback_live_regression"))
    done = replace(events(*attempts), to_t=np.array([np.nan, 0.0]))
    data = session(history=history(0, 32, 64), transactions=done)
    assert "weights of the start" in compare("previous", data, 100).why_not

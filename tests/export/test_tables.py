"""Tables as CSV read back equal to the data."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from tests.export.data import recorded_request, request_for
from tests.rundirs import make_run
from tttui.artifacts.reader import SessionReader
from tttui.export.columns import csv_of
from tttui.export.request import WHATS, ExportRequest
from tttui.export.tables import table_of
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import History


def read_back(request: ExportRequest) -> dict[str, list[str]]:
    """The columns of the request's CSV."""
    rows = list(csv.reader(io.StringIO(csv_of(table_of(request.checked())).decode())))
    return {name: [row[k] for row in rows[1:]] for k, name in enumerate(rows[0])}


def history_at(request: ExportRequest, t: int) -> tuple[History, int]:
    """The history of the weights, and the snapshot that is in force at step t."""
    history = request.data.history
    assert history is not None
    return history, int(np.searchsorted(history.t, t, "right")) - 1


def test_errors_read_back_equal(tmp_path: Path) -> None:
    request = request_for(tmp_path, "mse")
    columns = read_back(request)
    steps = request.data.steps
    assert [int(t) for t in columns["t"]] == steps.t.tolist()
    np.testing.assert_array_equal(np.array(columns["adaptive_mse"], float), steps.adaptive)
    np.testing.assert_array_equal(np.array(columns["baseline_mse"], float), steps.frozen)


def test_the_window_cuts_the_rows(tmp_path: Path) -> None:
    columns = read_back(request_for(tmp_path, "mse", window=(100, 110)))
    assert columns["t"] == [str(t) for t in range(100, 111)]


def test_a_store_has_its_third_curve(tmp_path: Path) -> None:
    assert "session_no_update_mse" in read_back(request_for(tmp_path, "mse", layout="store"))


def test_the_trajectory_reads_back_with_its_predictions(tmp_path: Path) -> None:
    request = request_for(tmp_path, "trajectory")
    columns = read_back(request)
    motion = request.trajectory
    assert motion is not None
    assert motion.adaptive is not None
    np.testing.assert_array_equal(np.array(columns["vy"], float), motion.z[:, 3])
    np.testing.assert_array_equal(np.array(columns["adapt_x"], float), motion.adaptive[:, 0])
    assert set(columns["mu"]) == {"0.1234"}


def test_the_weights_at_a_step_read_back_equal(tmp_path: Path) -> None:
    request = request_for(tmp_path, "weights", t=100)
    columns = read_back(request)
    history, at = history_at(request, 100)
    rows = [i for i, name in enumerate(columns["matrix"]) if name == "B"]
    values = np.array([columns["value"][i] for i in rows], dtype=np.float32).reshape(32, 16)
    np.testing.assert_array_equal(values, history.weights["B"][at])


def test_absent_numbers_of_a_transaction_are_empty(tmp_path: Path) -> None:
    columns = read_back(request_for(tmp_path, "transactions"))
    stopped = columns["status"].index("rollback_grad_norm")
    assert columns["post_loss"][stopped] == ""
    assert float(columns["grad_norm"][stopped]) > 20


def test_reasons_add_up_to_the_attempts(tmp_path: Path) -> None:
    request = request_for(tmp_path, "reasons")
    columns = read_back(request)
    assert sum(map(int, columns["count"])) == len(request.data.transactions)


def test_implied_friction_stands_beside_the_true_one(tmp_path: Path) -> None:
    columns = read_back(request_for(tmp_path, "mu"))
    assert set(columns["true_mu"]) == {"0.1234"}
    assert len(columns["t"]) > 5


def test_weights_of_a_run_without_implied_friction_are_asked(tmp_path: Path) -> None:
    assert read_back(request_for(tmp_path, "mu", layout="flat"))["t"] == ["599"]


def test_a_comparison_has_a_column_for_every_session(tmp_path: Path) -> None:
    columns = read_back(request_for(tmp_path, "comparison"))
    assert {"kind", "name", "demo", "other"} == set(columns)


@pytest.mark.parametrize("what", ["trajectory", "state", "weight-statistics"])
def test_what_a_foreign_run_does_not_have_is_named_with_the_reason(
    tmp_path: Path, what: str
) -> None:
    with pytest.raises(TttuiError, match="this layout has no"):
        table_of(request_for(tmp_path, what, layout="flat").checked())


def test_a_step_outside_the_run_is_refused_with_its_range(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="0 to 599"):
        request_for(tmp_path, "weights", t=900).checked()


def test_a_window_outside_the_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="700:800"):
        request_for(tmp_path, "mse", window=(700, 800)).checked()


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="trajectory"):
        request_for(tmp_path, "poster").checked()


def test_the_ghost_starts_where_the_true_path_does_and_leaves_it(tmp_path: Path) -> None:
    columns = read_back(request_for(tmp_path, "ghost", ghost_mu=0.3, window=(100, 200)))
    distance = list(map(float, columns["distance"]))
    assert columns["t"][0] == "100"
    assert distance[0] == 0.0
    assert distance[-1] > 0.1
    assert set(columns["ghost_mu"]) == {"0.3"}


def test_a_ghost_with_the_true_friction_keeps_to_the_true_path(tmp_path: Path) -> None:
    columns = read_back(request_for(tmp_path, "ghost", ghost_mu=0.1234))
    assert max(map(float, columns["distance"])) < 1e-3


def test_texts_with_commas_survive() -> None:
    text = csv_of({"name": ['a, "b"'], "value": [1.5]}).decode()
    assert list(csv.reader(io.StringIO(text)))[1] == ['a, "b"', "1.5"]


def test_everything_that_can_be_exported_has_a_table(tmp_path: Path) -> None:
    for what in set(WHATS) - {"text"}:  # which only sessions of a document have
        assert read_back(request_for(tmp_path / what, what))


def test_a_change_of_the_weights_reads_back_equal(tmp_path: Path) -> None:
    request = request_for(tmp_path, "weights", t=300, aspect="start")
    columns = read_back(request)
    history, at = history_at(request, 300)
    rows = [i for i, name in enumerate(columns["matrix"]) if name == "W_o"]
    values = np.array([columns["change"][i] for i in rows], dtype=np.float32).reshape(4, 32)
    change = history.weights["W_o"][at] - history.weights["W_o"][0]
    np.testing.assert_array_equal(values, change)


def test_what_moved_is_listed_with_every_row_and_column(tmp_path: Path) -> None:
    request = request_for(tmp_path, "moved", t=300)
    columns = read_back(request)
    history, at = history_at(request, 300)
    change = (history.weights["W_u"][at] - history.weights["W_u"][0]).astype(np.float64)
    norms = np.linalg.norm(change, axis=0)
    pairs = zip(columns["matrix"], columns["axis"], strict=True)
    inputs = [i for i, pair in enumerate(pairs) if pair == ("W_u", "column")]
    leading = ("x", "y", "vx", "vy", "ax", "ay")[int(norms.argmax())]
    assert columns["name"][inputs[0]] == f"from {leading}"
    results = {int(columns["index"][i]): float(columns["change"][i]) for i in inputs}
    assert [results[i] for i in range(6)] == pytest.approx(norms.tolist())
    assert sum(float(columns["share"][i]) for i in inputs) == pytest.approx(1.0)
    assert len(columns["matrix"]) == 16 + 6 + 32 + 16 + 4 + 32


def test_a_change_that_is_not_there_says_why(tmp_path: Path) -> None:
    with pytest.raises(TttuiError, match="not forked"):
        table_of(request_for(tmp_path, "weights", aspect="parent").checked())


def test_gates_stand_beside_the_thresholds_of_their_step(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=100)
    line = '{"t": 64, "known_at": 64, "kind": "settings", "value": {"grad_norm_max": 5.0}}'
    (place.path / "interventions.jsonl").write_text(line + "\n")
    data = SessionReader(place).refresh()
    table = table_of(ExportRequest("gates", data).checked())
    assert list(table["grad_norm_max"]) == [20.0, 5.0, 5.0]


@pytest.mark.parametrize("what", ["mse", "weights", "moved", "weight-statistics", "spectrum"])
def test_a_session_of_any_model_has_tables(tmp_path: Path, what: str) -> None:
    columns = read_back(recorded_request(tmp_path, what))
    assert columns
    if what == "weights":
        assert set(columns["matrix"]) == {"norm.weight", "down_proj.weight", "conv.kernel"}


def test_a_frozen_loss_that_was_not_evaluated_is_an_empty_field(tmp_path: Path) -> None:
    frozen = read_back(recorded_request(tmp_path, "mse"))["baseline_mse"]
    assert [value == "" for value in frozen[:5]] == [False, True, True, True, False]


def test_the_modules_of_a_model_are_a_table(tmp_path: Path) -> None:
    columns = read_back(recorded_request(tmp_path, "architecture"))
    assert columns["module"] == ["conv", "down_proj", "embed", "norm"]
    assert columns["parameter"] == ["kernel", "weight", "weight", "weight"]


@pytest.mark.parametrize("what", ["mu", "trajectory", "state", "ghost"])
def test_what_only_the_point_mass_has_is_refused_by_the_task(tmp_path: Path, what: str) -> None:
    with pytest.raises(TttuiError, match="it is of the task recorded"):
        recorded_request(tmp_path, what).checked()

"""Sessions of any model are read whole: their keys, their losses, series, weights and reasons."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.recorded import (
    REASONS,
    STATUSES,
    Model,
    make_recorded,
    module,
    safetensors,
    small_module,
    sparse_safetensors,
)
from tests.rundirs import make_run
from tttui.artifacts.check import check_session
from tttui.artifacts.meta import parse_meta
from tttui.artifacts.ptfile import write_pt
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.safetensors import SafeTensors
from tttui.artifacts.series_csv import SeriesFile
from tttui.artifacts.summary import read_summary
from tttui.artifacts.weights import read_tensors
from tttui.model.errors import TttuiError
from tttui.model.parameters import specs_of
from tttui.model.schema import TensorSpec
from tttui.model.session import Place, SessionData
from tttui.model.tensors import figures, whole


def read(path: Path) -> SessionData:
    return SessionReader(make_recorded(path, model=small_module())).refresh()


def test_the_keys_of_a_recorded_session_are_known(tmp_path: Path) -> None:
    schema = read(tmp_path / "r").meta.schema
    assert schema.task.name == "recorded"
    assert schema.loss.label == "cross-entropy (nats)"
    assert schema.plastic[2] == TensorSpec("conv.kernel", (4, 3, 3, 3), "float32")
    assert schema.kept == ("norm.weight", "down_proj.weight", "conv.kernel")
    assert schema.recorder is not None
    assert [part.path for part in schema.model] == ["", "conv", "down_proj", "embed", "norm"]


@pytest.mark.parametrize("model", [None, small_module(), module(10), module(100)])
def test_nothing_is_damaged_or_missing_in_a_recorded_session(tmp_path: Path, model: object) -> None:
    place = make_recorded(tmp_path / "r", model=model)  # type: ignore[arg-type]
    data = SessionReader(place).refresh()
    assert data.damage == ()
    assert not [p for p in data.problems if not p.usual]
    assert check_session(place).findings == ()


def test_plain_numbers_alone_are_enough(tmp_path: Path) -> None:
    place = make_recorded(tmp_path / "r", updates=False, frozen_every=None)
    data = SessionReader(place).refresh()
    assert data.damage == ()
    assert data.steps.never_evaluated
    assert len(data.steps) == 320


def test_a_frozen_loss_that_was_not_evaluated_is_no_recorded_nan(tmp_path: Path) -> None:
    path = make_recorded(tmp_path / "r", frozen_every=8).path / "per_step.csv"
    lines = path.read_text().splitlines()
    lines[9] = "8,nan,2.0,0,0"
    path.write_text("\n".join(lines) + "\n")
    steps = SessionReader(Place(path.parent, "native")).refresh().steps
    assert steps.evaluated is not None
    assert steps.evaluated[:17].tolist() == [i % 8 == 0 for i in range(17)]
    assert np.isnan(steps.frozen[[1, 8]]).all()


def test_steps_that_were_compared_are_taken_from_the_end(tmp_path: Path) -> None:
    steps = SessionReader(make_recorded(tmp_path / "r", frozen_every=8)).refresh().steps
    t, frozen, adaptive = steps.compared(10)
    assert t.tolist() == list(range(240, 320, 8))
    assert np.isfinite(frozen).all()
    assert len(adaptive) == 10


def test_every_step_counts_where_the_frozen_model_is_always_evaluated(tmp_path: Path) -> None:
    steps = read(tmp_path / "r").steps
    assert steps.evaluated is None
    assert len(steps.compared()[0]) == 320


def test_a_reason_is_kept_in_the_words_of_the_person(tmp_path: Path) -> None:
    events = read(tmp_path / "r").transactions
    assert dict(events.reasons) == dict(zip(STATUSES, REASONS, strict=True))
    rolled = next(i for i in range(len(events)) if events.status[i])
    assert events[rolled].reason in REASONS


def test_figures_of_parameters_are_read_from_the_events(tmp_path: Path) -> None:
    event = read(tmp_path / "r").transactions[0]
    assert event.figures("norm.weight").keys() >= {"fro", "delta_fro"}
    assert event.figures("of nothing") == {}


def test_parameters_of_any_shape_are_matrices_of_the_history(tmp_path: Path) -> None:
    history = read(tmp_path / "r").history
    assert history is not None
    shapes = {name: W.shape[1:] for name, W in history.weights.items()}
    assert shapes == {"norm.weight": (1, 24), "down_proj.weight": (12, 24), "conv.kernel": (4, 27)}
    assert history.specs["conv.kernel"].shape == (4, 3, 3, 3)
    assert np.asarray(history.weights["conv.kernel"][0]).shape == (4, 27)


def test_a_parameter_may_have_a_name_of_the_point_mass(tmp_path: Path) -> None:
    place = make_recorded(tmp_path / "r", model=Model({"B": (7,), "module.W_u": (3, 2)}))
    data = SessionReader(place).refresh()
    assert data.damage == ()
    assert data.history is not None
    assert set(data.history.weights) == {"B", "module.W_u"}


@pytest.mark.parametrize("large", [False, True])
def test_the_checkpoint_is_read_in_both_forms(tmp_path: Path, large: bool) -> None:
    place = make_recorded(tmp_path / "r", model=small_module(), large=large)
    data = SessionReader(place).refresh()
    assert data.weights is None
    assert data.checkpoint is not None
    assert data.begun is not None
    assert whole(data.checkpoint, "conv.kernel").shape == (4, 27)
    assert data.history is not None
    newest = np.asarray(data.history.weights["conv.kernel"][-1])
    assert np.array_equal(whole(data.checkpoint, "conv.kernel"), newest)


def test_bfloat16_is_widened(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    W = np.array([[1.0, -2.5], [0.0, 3.0]], np.float32)
    path.write_bytes(safetensors({"w": W}, "BF16"))
    result = SafeTensors(path)
    assert result.specs["w"].dtype == "bfloat16"
    assert np.array_equal(whole(result, "w"), W)
    assert figures(result, "w").max_abs == 3.0


def test_a_file_of_a_billion_parameters_opens_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    sparse_safetensors(path, {f"layer.{i}": (10_000, 10_000) for i in range(10)})
    result = SafeTensors(path)
    assert sum(spec.size for spec in result.specs.values()) == 10**9
    assert result.read("layer.7", 9_990, 10_000).shape == (10, 10_000)


def spoiled(length: int | None = None, **entry: object) -> bytes:
    whole_file = safetensors({"w": np.ones((2, 3), np.float32)})
    header = {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24], **entry}}
    text = json.dumps(header).encode()
    size = len(text) if length is None else length
    return size.to_bytes(8, "little") + text + whole_file[-24:]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        spoiled(1 << 62),
        spoiled(3),
        (2).to_bytes(8, "little") + b"[]",
        (7).to_bytes(8, "little") + b"not it!",
    ],
)
def test_a_file_without_a_header_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(TttuiError, match=r"x\.safetensors"):
        SafeTensors(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"shape": [2, 4]},
        {"shape": [-1, 3]},
        {"shape": [1 << 40, 1 << 40]},
        {"shape": "wide"},
        {"data_offsets": [0, 1 << 40]},
        {"data_offsets": [24, 0]},
        {"data_offsets": [True, 24]},
        {"dtype": "F4"},
        {"dtype": None},
    ],
)
def test_a_tensor_that_is_none_is_left_out_and_named(tmp_path: Path, entry: Any) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(spoiled(**entry))
    result = SafeTensors(path)
    assert result.specs == {}
    assert len(result.wrong) == 1


def test_what_is_no_tensor_in_a_checkpoint_is_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "plastic_state.pt"
    path.write_bytes(write_pt({"a": np.ones(3, np.float32), "b": "text"}))
    tensors, problems = read_tensors(path)
    assert list(tensors.specs) == ["a"]
    assert "b is no tensor" in problems[0].reason


def test_series_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text("t,entropy,control:bn\n0,1.5,\n1,nan,0.4\n")
    file = SeriesFile(path)
    table = file.refresh()
    assert table is not None
    assert table.names == ("entropy", "control:bn")
    assert table.of("control:bn")[0].tolist() == [1]
    assert table.of("entropy")[0].tolist() == [0, 1]
    assert file.refresh() is table
    with path.open("a") as out:
        out.write("2,1.0,\n")
    more = file.refresh()
    assert more is not None
    assert more.t.tolist() == [0, 1, 2]
    assert file.problems() == []


def test_a_wider_header_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text("t,entropy\n0,1.5\n")
    file = SeriesFile(path)
    file.refresh()
    path.with_suffix(".new").write_text("t,entropy,norm\n0,1.5,\n1,1.4,7\n")
    path.with_suffix(".new").rename(path)
    table = file.refresh()
    assert table is not None
    assert table.names == ("entropy", "norm")
    assert table.of("norm")[1].tolist() == [7.0]


def test_names_that_are_there_twice_are_named(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text("t,a,a,,t\n0,1,2,3,4\n")
    file = SeriesFile(path)
    table = file.refresh()
    assert table is not None
    assert table.names == ("a",)
    assert len(file.problems()) == 3


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("task", 7),
        ("task", {"name": 7}),
        ("task", {"name": ""}),
        ("loss", []),
        ("loss", {"name": 3}),
        ("loss", {"lower_is_better": "yes"}),
        ("plastic", {}),
        ("plastic", [3]),
        ("plastic", [{"name": "a"}]),
        ("plastic", [{"name": "a", "shape": [1.5]}]),
        ("plastic", [{"name": "a", "shape": [2]}, {"name": "a", "shape": [2]}]),
        ("plastic", [{"name": "a", "shape": [10**9, 10**9]}]),
        ("kept", "all"),
        ("kept", [None]),
        ("recorder", True),
        ("model", [{"type": "Linear"}]),
        ("model", [{"path": "a"}, {"path": "a"}]),
        ("model", [{"path": "a", "parameters": "x"}]),
        ("series", "entropy"),
        ("plasticity_cfg", 3),
        ("seed", "x"),
    ],
)
def test_a_wrong_value_is_named_by_its_key(key: str, value: object) -> None:
    meta, wrong = parse_meta({"task": {"name": "recorded"}, key: value})
    assert len(wrong) == 1
    assert wrong[0].startswith(key)
    assert meta.truth is None


def test_settings_of_another_task_are_its_own() -> None:
    cfg = {"lr": "warmup", "chunk": 64, "gates": {"recall": 0.8}}
    meta, wrong = parse_meta({"task": {"name": "text"}, "plasticity_cfg": cfg, "mu": "x"})
    assert wrong == []
    assert meta.plasticity_cfg == cfg
    assert meta.chunk == 64


def test_a_session_that_names_no_task_is_of_the_point_mass() -> None:
    meta, wrong = parse_meta({"schema_version": 1, "mu": 0.1})
    assert wrong == []
    assert meta.is_point_mass
    assert meta.loss.label == "MSE"


@pytest.mark.parametrize("large", [False, True])
def test_a_row_of_the_table_calls_nothing_lost(tmp_path: Path, large: bool) -> None:
    whole_one = make_recorded(tmp_path / "a", model=small_module(), large=large)
    plain = make_recorded(tmp_path / "b", updates=False, frozen_every=None)
    assert [read_summary(place).damage for place in (whole_one, plain)] == [(), ()]


def test_what_a_row_compares_was_evaluated_of_both(tmp_path: Path) -> None:
    summary = read_summary(make_recorded(tmp_path / "r", frozen_every=8))
    steps = SessionReader(Place(tmp_path / "r", "native")).refresh().steps
    _, frozen, adaptive = steps.compared(100)
    assert summary.frozen_last100 == pytest.approx(frozen.mean())
    assert summary.adaptive_last100 == pytest.approx(adaptive.mean())


@pytest.mark.parametrize("model", [None, small_module()])
def test_a_session_that_lost_its_meta_is_of_an_unknown_model(
    tmp_path: Path, model: Model | None
) -> None:
    place = make_recorded(tmp_path / "a", model=model, series=("entropy",))
    (tmp_path / "a" / "session" / "meta.json").unlink()
    reader = SessionReader(place)
    data = reader.refresh()
    assert reader.refresh() is data
    assert data.meta.schema.task.name == "unknown model"
    (problem,) = [p for p in data.problems if not p.usual]
    assert problem.part == "meta"
    assert "what the model and its loss are is not known" in problem.reason
    assert len(data.steps) == 320
    names = {spec.name for spec in specs_of(data)}
    assert names == set(model.plastic if model is not None else ())
    assert [p.part for p in read_summary(place).problems] == ["meta"]
    (finding,) = check_session(place).findings
    assert finding.path == tmp_path / "a" / "session" / "meta.json"


def test_a_session_of_the_point_mass_stays_one_without_its_meta(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a")
    (tmp_path / "a" / "session" / "meta.json").unlink()
    assert SessionReader(place).refresh().meta.is_point_mass

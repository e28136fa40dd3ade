"""Whatever bytes any file of a session holds, the answer is data or a Problem."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rundirs import make_run
from tttui.artifacts.discover import scan
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.summary import read_summary
from tttui.model.session import Place

NATIVE = (
    "per_step.csv",
    "trajectory.csv",
    "update_events.jsonl",
    "update_events.json",
    "weights_history.npy",
    "status.json",
    "base_checkpoint.pt",
    "session/meta.json",
    "session/metrics.json",
    "session/plastic_state.pt",
)
STORE = (
    "meta.json",
    "metrics.json",
    "plastic_state.pt",
    "update_events.jsonl",
    "runs/{run}/per_step.csv",
    "runs/{run}/update_events.json",
    "runs/{run}/trajectory.json",
)

WORDS = st.sampled_from(
    [
        b"t,baseline_mse,adaptive_mse,did_update,update_ok\n",
        b"t,base_mse,session_no_update_mse,adaptive_mse,did_update,update_ok\r\n",
        b"t,x,y,vx,vy,ax,ay\n",
        b"0,0.1,0.2,0,0\n",
        b"1,nan,inf,1,1\n",
        b"5,1e999,-Infinity,1,0\n",
        b"2,0.1,0.2,0,2\n",
        b"99999999999999999999,1,1,0,0\n",
        b"-1,1,1,0,0\n",
        b"1_0,1,1,0,0\n",
        b"3,\xff,1,0,0\n",
        b"\n",
        b"\r",
        b"\x00",
        b'{"t": 1, "status": "commit"}\n',
        b'{"t": 1e30, "status": "commit"}\n',
        b'{"t": 2, "status": 5}',
        b'{"t": 3, "status": "\\ud800", "pre_loss": NaN, "grad_norm": 1' + b"0" * 400 + b"}",
        b'{"t": 4.0, "status": "new", "post_loss": "a", "lr": true}\r\n',
        b'{"mu": NaN, "state": "running", "pid": -5, "heartbeat_at": Infinity}',
        b'{"state": ["a"], "pid": 1e300, "host": 3, "run_id": []}',
        b'{"mu": 1, "seed": 1.5, "model_cfg": [], "updates_attempted": "x"}',
        b'{"t": 0, "x": 1, "y": 1, "vx": 1, "vy": 1, "ax": 1, "ay": NaN}',
        b"[",
        b"]",
        b",",
        b"[" * 3000,
        b'{"a":' * 3000,
        b"\x93NUMPY\x01\x00v\x00",
        b"{'descr': [('t', '<i8'), ('B', '<f4', (2, 2))], 'fortran_order': False, 'shape': (1,)}",
        b"PK\x03\x04",
    ]
)
BYTES = st.lists(WORDS | st.binary(max_size=12), max_size=8).map(b"".join)


def read_all(place: Place) -> None:
    """Read everything there is to read, down to the last record."""
    reader = SessionReader(place)
    reader.refresh(budget_rows=3)
    data = reader.refresh()
    trajectory = reader.trajectory()
    data = reader.refresh()
    assert len(data.steps.t) == len(data.steps.adaptive)
    assert trajectory is None or len(trajectory.z) == len(trajectory.t)
    for i in range(len(data.transactions)):
        assert data.transactions[i].t == data.transactions.t[i]
    if data.history is not None:
        for matrix in data.history.weights.values():
            matrix[:].sum()
    for problem in data.problems:
        assert problem.reason
        assert "\n" not in problem.reason
    read_summary(place)


@settings(max_examples=250, deadline=None)
@given(name=st.sampled_from(NATIVE), data=BYTES)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_native_session_opens_whatever_one_file_holds(
    name: str, data: bytes, native: Place
) -> None:
    path = native.path / name
    before = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    try:
        read_all(native)
    finally:
        path.unlink()
        path.write_bytes(before)


@settings(max_examples=120, deadline=None)
@given(name=st.sampled_from(STORE), data=BYTES)
def test_a_store_session_opens_whatever_one_file_holds(
    name: str, data: bytes, stored: Place
) -> None:
    path = stored.path / name.format(run=stored.runs[-1])
    before = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    try:
        read_all(stored)
    finally:
        path.unlink()
        path.write_bytes(before)


@pytest.mark.parametrize("name", NATIVE)
def test_a_directory_in_the_place_of_a_file_is_a_problem(name: str, tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=64)
    (place.path / name).unlink()
    (place.path / name).mkdir()
    read_all(place)
    assert scan([tmp_path]).places


@pytest.mark.parametrize("name", NATIVE)
def test_any_file_may_be_missing(name: str, tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=64)
    (place.path / name).unlink()
    read_all(place)
    assert scan([tmp_path]).places


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make_run(tmp_path_factory.mktemp("native") / "a", steps=64)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("store")
    return make_run(root / "sessions" / "a", layout="store", steps=64)

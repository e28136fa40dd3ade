"""The figures of a tensor: exact where they can be, estimates of which the page says so."""

import math

import numpy as np
import pytest

from tttui.artifacts.contenthash import tensor_digest
from tttui.artifacts.tensorwriter import Stored
from tttui.recorder.statistics import PART, FigureTracker, Taking

RNG = np.random.default_rng(0)


def figures(now: np.ndarray, before: np.ndarray | None = None) -> dict[str, float]:
    return FigureTracker().of(Stored.of(now), None if before is None else Stored.of(before))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(7,), (5, 9), (40, 50), (3, 4, 5), (1, 8), (PART + 17,)])
def test_figures_are_those_of_numpy(shape: tuple[int, ...], dtype: str) -> None:
    now = RNG.standard_normal(shape).astype(dtype)
    before = (now + RNG.standard_normal(shape) * 0.1).astype(dtype)
    result, exact = figures(now, before), now.astype("f8")
    rough = 2e-3 if dtype == "f2" else 1e-4
    assert result["fro"] == pytest.approx(np.linalg.norm(exact), rel=rough)
    assert result["max_abs"] == pytest.approx(np.abs(exact).max(), rel=1e-5)
    assert result["mean"] == pytest.approx(exact.mean(), abs=1e-4)
    assert result["std"] == pytest.approx(exact.std(), rel=rough)
    moved = np.linalg.norm(exact - before.astype("f8"))
    assert result["delta_fro"] == pytest.approx(moved, rel=5e-3)


def test_the_spread_of_weights_near_one_does_not_drown_in_their_mean() -> None:
    now = (1 + 1e-4 * RNG.standard_normal(4096)).astype("f4")
    result = figures(now)
    assert result["std"] == pytest.approx(now.astype("f8").std(), rel=1e-2)
    assert result["mean"] == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("shape", [(16, 300), (300, 16), (8, 3, 3)])
def test_the_largest_singular_value_of_a_narrow_matrix_is_exact(shape: tuple[int, ...]) -> None:
    now = RNG.standard_normal(shape).astype("f4")
    exact = np.linalg.svd(now.reshape(shape[0], -1), compute_uv=False)[0]
    assert figures(now)["top_sv"] == pytest.approx(exact, rel=1e-4)


def test_that_of_a_large_matrix_is_approached_from_below() -> None:
    now = RNG.standard_normal((200, 300)).astype("f4")
    exact = np.linalg.svd(now, compute_uv=False)[0]
    kept = FigureTracker()
    results = [kept.of(Stored.of(now), None)["top_sv"] for _ in range(80)]
    assert np.diff(results).min() > -1e-5 * exact
    assert 0.85 * exact < results[0] <= exact * 1.001
    assert results[-1] == pytest.approx(exact, rel=5e-3)


def test_nan_is_told_and_breaks_nothing() -> None:
    now = np.ones((40, 40), np.float32)
    now[3, 4] = math.nan
    result = figures(now, np.ones((40, 40), np.float32))
    assert all(math.isnan(result[key]) for key in ("fro", "max_abs", "mean", "std", "top_sv"))


@pytest.mark.parametrize("value", [np.inf, 3e38])
def test_what_overflows_is_told_and_breaks_nothing(value: float) -> None:
    now = np.ones((40, 40), np.float32)
    now[0, 0] = value
    result = figures(now, np.zeros((40, 40), np.float32))
    assert result["max_abs"] == pytest.approx(value)
    assert not math.isfinite(result["fro"])


def test_a_tensor_without_elements_has_figures() -> None:
    assert set(figures(np.zeros((0, 3), np.float32)).values()) == {0.0}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(7,), (40, 50), (PART + 17,), (3, PART), (1000, 401)])
def test_the_copy_is_brought_up_to_date_and_hashed_on_the_way(
    shape: tuple[int, ...], dtype: str
) -> None:
    numbers = RNG.standard_normal(shape).astype("f4")
    now = (numbers.view("u4") >> 16).astype("u2") if dtype == "bfloat16" else numbers.astype(dtype)
    kept, alone, together = np.zeros_like(now), FigureTracker(), FigureTracker()
    for _ in range(3):
        expected = alone.of(Stored(dtype, now), Stored(dtype, kept))
        taking = Taking(Stored(dtype, now), Stored(dtype, kept))
        result = together.of(Stored(dtype, now), Stored(dtype, kept), taking)
        assert result == expected
        assert np.array_equal(kept, now)
        assert taking.digest() == tensor_digest(now)
        now = now.copy()
        now.reshape(-1)[::3] = now.reshape(-1)[0]


def test_after_a_nan_the_largest_singular_value_is_found_again() -> None:
    good = RNG.standard_normal((200, 300)).astype("f4")
    bad = good.copy()
    bad[5, 5] = math.nan
    kept = FigureTracker()
    before = kept.of(Stored.of(good), None)["top_sv"]
    assert math.isnan(kept.of(Stored.of(bad), None)["top_sv"])
    assert kept.of(Stored.of(good), None)["top_sv"] >= before * 0.9999

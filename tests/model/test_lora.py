"""A pair of a low-rank adapter is stored as a pair and known by its product."""

from pathlib import Path

import numpy as np
import pytest

import tttui
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.schema import parse_schema
from tttui.model.errors import RecorderError
from tttui.model.lora import product_norm, product_values
from tttui.model.parameters import inventory
from tttui.model.session import Place, SessionData
from tttui.model.statistics import summarised
from tttui.model.tensors import whole
from tttui.model.weights import compare

RNG = np.random.default_rng(0)
A, B, PRODUCT = (f"h.0.q.lora_{x}.default.weight" for x in ("A", "B", "BA"))


def entries(**shapes: list[int]) -> list[dict[str, object]]:
    return [{"name": k, "shape": shape, "dtype": "float32"} for k, shape in shapes.items()]


def recorded(path: Path, **more: object) -> tuple[SessionData, list[dict[str, np.ndarray]]]:
    """A session of an adapter of rank 2 with two updates, and the weights after each of them."""
    weights = {A: RNG.standard_normal((2, 6)).astype("f4"), B: np.zeros((5, 2), "f4")}
    kept = [{k: v.copy() for k, v in weights.items()}]
    settings = {"lora_alpha": 6}
    with tttui.Recorder(path, plastic=weights, settings=settings, **more) as rec:  # type: ignore[arg-type]
        for t in range(2):
            rec.step(t, adaptive=1.0)
            with rec.update(trained_on=[t]):
                for k in weights:
                    weights[k] += RNG.standard_normal(weights[k].shape).astype("f4")
            kept.append({k: v.copy() for k, v in weights.items()})
        rec.step(2, adaptive=1.0)
    return SessionReader(Place(path, "native")).refresh(), kept


def test_singular_values_and_norms_of_a_product_come_from_its_factors() -> None:
    a, b = RNG.standard_normal((3, 4, 30)), RNG.standard_normal((3, 20, 4))
    exact = np.linalg.svd(0.5 * b @ a, compute_uv=False)[:, :4]
    assert product_values(a, b, 0.5) == pytest.approx(exact)
    moved = np.linalg.norm(b[1] @ a[1] - b[0] @ a[0])
    assert product_norm(a[1], b[1], 1.0, (a[0], b[0])) == pytest.approx(moved)
    a[1, 0, 0] = np.nan
    assert np.isnan(product_values(a, b, 1.0)[1]).all()


@pytest.mark.parametrize(
    ("settings", "scale"),
    [({}, 1), ({"lora_alpha": 8}, 4), ({"alpha": 8, "rank": 2}, 4), ({"alpha": 8}, 1)],
)
def test_pairs_are_known_by_the_names_of_peft(settings: dict[str, int], scale: float) -> None:
    plastic = entries(**{A: [2, 6], B: [5, 2], "x.lora_A.weight": [2, 6], "lora_A": [3, 3]})
    raw = {"plastic": plastic, "task": {"name": "x", "settings": settings}}
    (pair,) = parse_schema(raw)[0].pairs
    assert (pair.name, pair.scale, pair.spec.shape) == (PRODUCT, scale, (5, 6))


def test_pairs_can_be_declared_and_wrong_ones_are_named() -> None:
    plastic = entries(down=[2, 6], up=[5, 2])
    good = {"name": "adapter", "a": "down", "b": "up", "scale": 2}
    bad = [{**good, "a": "up"}, {**good, "name": "up"}, 7, {**good, "b": ["up"]}]
    schema, wrong = parse_schema({"plastic": plastic, "pairs": [good, *bad]})
    assert [(pair.name, pair.scale) for pair in schema.pairs] == [("adapter", 2.0)]
    assert len(wrong) == 4


def test_the_product_is_listed_and_shown_at_every_step(tmp_path: Path) -> None:
    data, kept = recorded(tmp_path / "a")
    products = [3 * w[B] @ w[A] for w in kept]
    known = inventory(data, 2)
    at = known.names.index(PRODUCT)
    assert known.names == (PRODUCT, A, B)
    assert known.norm[at] == pytest.approx(np.linalg.norm(products[2]))
    assert known.moved[at] == pytest.approx(np.linalg.norm(products[2] - products[0]))
    assert known.since[at] == pytest.approx(np.linalg.norm(products[2] - products[1]))
    assert np.nansum(known.share) == pytest.approx(1)
    for t, aspect, expected in (
        (1, "value", products[1]),
        (2, "start", products[2] - products[0]),
        (2, "previous", products[2] - products[1]),
    ):
        shown = compare(aspect, data, t, names=(PRODUCT,))  # type: ignore[arg-type]
        assert shown.matrices[PRODUCT] == pytest.approx(expected, rel=1e-5), shown
    assert data.history is not None
    curves = summarised(data.history, (PRODUCT,)).columns[PRODUCT]
    assert curves["fro"][2] == pytest.approx(known.norm[at], rel=1e-5)
    exact = np.linalg.svd(products[2], compute_uv=False)
    assert curves["condition"][2] == pytest.approx(exact[0] / exact[1], rel=1e-3)


def test_without_snapshots_the_checkpoint_has_the_product(tmp_path: Path) -> None:
    data, kept = recorded(tmp_path / "a", history_mb=1e-6)
    assert data.checkpoint is not None
    assert whole(data.checkpoint, PRODUCT) == pytest.approx(3 * kept[2][B] @ kept[2][A], rel=1e-5)
    shown = compare("start", data, 2, names=(PRODUCT,))
    assert shown.matrices[PRODUCT] == pytest.approx(3 * kept[2][B] @ kept[2][A], rel=1e-5)


def test_a_recorder_refuses_pairs_that_are_none(tmp_path: Path) -> None:
    plastic = {"down": np.zeros((2, 6), "f4"), "up": np.zeros((5, 2), "f4")}
    with tttui.Recorder(tmp_path / "a", plastic=plastic, pairs={"ad": ("down", "up", 0.5)}):
        pass
    data = SessionReader(Place(tmp_path / "a", "native")).refresh()
    assert [(pair.name, pair.scale) for pair in data.meta.schema.pairs] == [("ad", 0.5)]
    for pairs in ({"ad": ("up", "down")}, {"ad": ("down",)}, {"up": ("down", "up")}):
        with pytest.raises(RecorderError, match="pairs: "):
            tttui.Recorder(tmp_path / "b", plastic=plastic, pairs=pairs)

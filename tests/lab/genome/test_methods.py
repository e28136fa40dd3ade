"""Merging task vectors: what each method's definition promises."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tttui.lab.genome.methods import Doubles, MergeMethod, MergePart, Recipe, merge, trimmed
from tttui.model.arrays import Floats
from tttui.model.errors import RefusedInput

DTYPES = st.sampled_from(["float16", "float32", "float64"])
WEIGHTS = st.floats(0.05, 2.0)
METHODS: list[MergeMethod] = ["linear", "mean", "ties", "dare"]


def parts_of(skills: Sequence[Floats], weights: Sequence[float]) -> list[MergePart]:
    def part(i: int) -> MergePart:
        return MergePart(f"skill {i}", f"{i}", weights[i], lambda: skills[i])

    return [part(i) for i in range(len(weights))]


def tensors(count: int, dtype: str) -> st.SearchStrategy[list[Floats]]:
    elements = st.floats(-100, 100, width=16)
    one = arrays(dtype, (3, 5), elements=elements)
    return st.lists(one, min_size=count, max_size=count)


@given(st.data(), DTYPES)
def test_linear_with_the_weight_1_of_one_skill_is_that_skill_bit_for_bit(
    data: st.DataObject, dtype: str
) -> None:
    base, skill, other = data.draw(tensors(3, dtype))
    merged = merge(base, parts_of([skill, other], [1.0, 0.0]), Recipe("linear"), "w")
    assert merged.tobytes() == skill.tobytes()


@given(st.data(), DTYPES, st.lists(WEIGHTS, min_size=1, max_size=5))
def test_the_mean_of_equal_skills_is_the_skill(
    data: st.DataObject, dtype: str, weights: list[float]
) -> None:
    base, skill = data.draw(tensors(2, dtype))
    merged = merge(base, parts_of([skill] * len(weights), weights), Recipe("mean"), "w")
    precision = 1e-14 if dtype == "float64" else 0.0
    np.testing.assert_allclose(merged, skill, rtol=precision)


@given(st.data(), WEIGHTS, WEIGHTS)
def test_ties_without_conflicts_and_with_all_kept_is_the_weighted_mean(
    data: st.DataObject, first: float, second: float
) -> None:
    base, up, more = data.draw(tensors(3, "float64"))
    signs = data.draw(arrays("float64", base.shape, elements=st.sampled_from([-1.0, 1.0])))
    skills = [base + signs * (0.5 + np.abs(tau)) for tau in (up, more)]
    parts = parts_of(skills, [first, second])
    ties, mean = (merge(base, parts, Recipe(method), "w") for method in ("ties", "mean"))
    np.testing.assert_allclose(ties, mean, rtol=1e-12, atol=1e-12)


def test_ties_trims_elects_the_sign_and_averages_who_agrees() -> None:
    # By hand: 3 of 5 kept of each; signs elected by the sums +, -, +, -; Yadav et al. figure 1.
    base = np.array([10.0, 10.0, 10.0, 10.0, 10.0])
    first = base + np.array([4.0, -3.0, 0.1, 2.0, 0.2])
    second = base + np.array([2.0, 1.0, 0.3, -5.0, 0.1])
    merged = merge(base, parts_of([first, second], [1.0, 1.0]), Recipe("ties", 0.6), "w")
    np.testing.assert_allclose(merged - base, [3.0, -3.0, 0.0, -5.0, 0.0])
    twice = merge(base, parts_of([first, second], [1.0, 1.0]), Recipe("ties", 0.6, scale=2.0), "w")
    np.testing.assert_allclose(twice - base, [6.0, -6.0, 0.0, -10.0, 0.0])


def test_ties_weighs_the_votes_and_the_average() -> None:
    base, first, second, third = (np.array([x]) for x in (0.0, 1.0, 3.0, -5.0))
    merged = merge(base, parts_of([first, second, third], [3.0, 1.0, 1.0]), Recipe("ties"), "w")
    np.testing.assert_allclose(merged, [(3 * 1 + 1 * 3) / 4])


@given(st.data(), WEIGHTS, st.floats(-1.0, 1.0))
def test_dare_that_drops_nothing_equals_linear(
    data: st.DataObject, first: float, second: float
) -> None:
    base, *skills = data.draw(tensors(3, "float32"))
    parts = parts_of(skills, [first, second])
    dare, linear = (
        merge(base, parts, Recipe(method, seed=3), "w") for method in ("dare", "linear")
    )
    assert dare.tobytes() == linear.tobytes()


def test_dare_drops_its_share_and_is_unbiased_on_average() -> None:
    rng = np.random.default_rng(0)
    base, *skills = rng.normal(size=(3, 40, 50))
    parts = parts_of(skills, [0.7, 0.3])
    linear = merge(base, parts, Recipe("linear"), "w")
    alone = merge(base, parts[:1], Recipe("dare", 0.25, seed=1), "w")
    assert abs(np.mean(alone == base) - 0.75) < 0.04  # 4 standard errors of 2000 drops
    drawn = [merge(base, parts, Recipe("dare", 0.25, seed=seed), "w") for seed in range(300)]
    error = np.std(drawn, axis=0) / np.sqrt(len(drawn))
    off = (np.mean(drawn, axis=0) - linear) / error
    assert abs(off.mean()) < 4 / np.sqrt(off.size)
    assert 0.9 < off.std() < 1.1


def test_dare_repeats_what_its_seed_dropped_and_drops_otherwise_by_skill_and_parameter() -> None:
    base, skill = np.zeros((20, 20)), np.ones((20, 20))
    again = [merge(base, parts_of([skill], [1.0]), Recipe("dare", 0.5, seed=4), "w") for _ in "12"]
    assert np.array_equal(again[0], again[1])
    other_seed = merge(base, parts_of([skill], [1.0]), Recipe("dare", 0.5, seed=5), "w")
    other_name = merge(base, parts_of([skill], [1.0]), Recipe("dare", 0.5, seed=4), "v")
    other_skill = merge(
        base,
        [MergePart("skill 0", "another", 1.0, lambda: skill)],
        Recipe("dare", 0.5, seed=4),
        "w",
    )
    assert not any(np.array_equal(again[0], x) for x in (other_seed, other_name, other_skill))


@given(st.data(), st.sampled_from(METHODS), st.permutations(range(3)))
@settings(max_examples=60)
def test_the_order_of_the_skills_makes_no_difference(
    data: st.DataObject, method: MergeMethod, order: list[int]
) -> None:
    base, *skills = data.draw(tensors(4, "float32"))
    parts = parts_of(skills, [0.7, 0.2, 0.4])
    recipe = Recipe(method, 0.5 if method in ("ties", "dare") else 1.0)
    expected = merge(base, parts, recipe, "w")
    assert merge(base, [parts[i] for i in order], recipe, "w").tobytes() == expected.tobytes()


@given(arrays("float64", (4, 6), elements=st.floats(-9, 9)), st.floats(0.01, 1.0))
def test_trimming_keeps_the_largest(tau: Doubles, density: float) -> None:
    kept = trimmed(tau, density)
    wanted = max(1, round(density * tau.size))
    assert np.count_nonzero(kept) <= np.count_nonzero(tau)
    assert np.abs(kept).sum() >= np.sort(np.abs(tau), axis=None)[-wanted:].sum() * (1 - 1e-12)
    assert np.array_equal(kept[kept != 0], tau[kept != 0])


@pytest.mark.parametrize(
    ("recipe", "weights", "said"),
    [
        (Recipe("mean"), [1.0, -1.0], "above 0; linear and dare take negative"),
        (Recipe("ties", 0.0), [1.0], "--density 0.0: must be above 0"),
        (Recipe("linear", 0.5), [1.0], "linear keeps all"),
        (Recipe("linear"), [], "names none"),
        (Recipe("linear"), [float("nan")], "finite"),
    ],
)
def test_weights_and_options_that_a_method_cannot_take_are_refused(
    recipe: Recipe, weights: list[float], said: str
) -> None:
    with pytest.raises(RefusedInput, match=said):
        recipe.check(weights)


def test_values_that_do_not_fit_are_refused_by_name() -> None:
    base = np.zeros((2, 3), np.float16)
    cases: list[tuple[Any, str]] = [
        (np.zeros((3, 2), np.float16), "layer.w: is 3 x 2 in skill 0, 2 x 3 in the base"),
        (np.full((2, 3), np.nan, np.float16), "layer.w: has values in skill 0 that are not finite"),
        (np.full((2, 3), 6e4, np.float16), "layer.w: the merged values do not fit float16"),
        (np.zeros((2, 3), np.int64), "layer.w: is of int64 in skill 0"),
    ]
    for skill, said in cases:
        with pytest.raises(RefusedInput, match=said):
            merge(base, parts_of([skill], [2.0]), Recipe("linear"), "layer.w")

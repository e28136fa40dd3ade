"""Evaluation: held-out streams, contenders on the same ones, and what may be concluded."""

import hashlib
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tttui.lab.evaluation import HELD_OUT, Contender, HeldOutStream, evaluate, held_out, paired
from tttui.lab.evaluation.contender import check
from tttui.lab.evaluation.statistics import fewest, interval, simultaneous
from tttui.lab.evaluation.streams import streams_text
from tttui.model.arrays import PLASTIC, Floats
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.tasks.corpus import read_corpus
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.runs.base import find_base
from tttui.tasks.pointmass.world import WorldStream

SHORT = {"steps": 160}

COMPARISONS = 400


def normal(draw: np.random.Generator, n: int) -> Floats:
    return np.exp(draw.normal(size=n))


def heavy(draw: np.random.Generator, n: int) -> Floats:
    """Losses without a mean, as where something diverges now and then."""
    return draw.pareto(0.5, n) + 1e-3


def log_cauchy(draw: np.random.Generator, n: int) -> Floats:
    return np.exp(np.clip(draw.standard_cauchy(n), -300, 300))


def often_equal(draw: np.random.Generator, n: int) -> Floats:
    """Coarse values, so that many differences are 0 or of one size."""
    return 1.0 + draw.integers(0, 4, n)


@pytest.mark.parametrize("n", [6, 8, 12, 32])
@pytest.mark.parametrize("losses", [normal, heavy, log_cauchy, often_equal])
def test_of_400_comparisons_of_equals_at_most_about_five_percent_differ(
    losses: Callable[[np.random.Generator, int], Floats], n: int
) -> None:
    draw = np.random.default_rng([n, 7])
    told = [paired(losses(draw, n), losses(draw, n)).outcome for _ in range(COMPARISONS)]
    differ = sum(outcome != "no difference" for outcome in told) / COMPARISONS
    deviation = np.sqrt(0.05 * 0.95 / COMPARISONS)
    assert differ <= 0.05 + 3 * deviation
    assert told.count("too few") == 0
    if losses is not often_equal:  # nor is the level held by never saying anything
        assert differ >= 0.01
    better, worse = told.count("better"), told.count("worse")
    assert abs(better - worse) <= 3 * np.sqrt(max(better + worse, 1)) + 1


def test_of_400_rankings_of_five_equals_at_most_about_five_percent_name_any_difference() -> None:
    draw, n, level, wrong = np.random.default_rng(3), 24, simultaneous(10), 0
    for _ in range(COMPARISONS):
        losses = [heavy(draw, n) for _ in range(5)]
        pairs = [(a, b) for i, a in enumerate(losses) for b in losses[:i]]
        outcomes = [paired(a, b, level=level).outcome for a, b in pairs]
        wrong += any(outcome != "no difference" for outcome in outcomes)
    assert 0 < wrong / COMPARISONS <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / COMPARISONS)


def test_the_interval_holds_the_true_difference_and_finds_it() -> None:
    draw, holds, result = np.random.default_rng(5), 0, 0
    for _ in range(COMPARISONS):
        world = np.exp(draw.normal(0, 3, 16))  # worlds differ by orders of magnitude
        a, b = (world * np.exp(draw.normal(0, 0.1, 16)) for _ in range(2))
        compared = paired(0.9 * a, b)
        low, high = compared.ends
        holds += low <= 10.0 <= high
        result += compared.outcome == "better"
    assert holds / COMPARISONS >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / COMPARISONS)
    assert result / COMPARISONS > 0.7


def test_what_diverges_loses_and_does_not_blur_the_rest() -> None:
    losses = np.linspace(1.0, 2.0, 12)
    mostly = np.where(np.arange(12) == 3, np.nan, 0.5 * losses)
    assert paired(mostly, losses).outcome == "better"
    assert paired(mostly, losses).losses == 1
    never = paired(np.full(12, np.inf), losses)
    assert (never.outcome, never.wins) == ("worse", 0)
    assert "without limit" in never.verdict("A", "B")
    assert paired(np.full(12, np.nan), np.full(12, np.inf)).outcome == "no difference"


def test_verdicts_say_no_difference_where_there_is_none_and_too_few_where_there_are() -> None:
    b = np.linspace(1.0, 2.0, 8)
    assert paired(b, b).verdict("A", "B").startswith("no difference between A and B")
    few = paired(0.5 * b[:5], b[:5]).verdict("A", "B")
    assert "50 % better" in few
    assert "too few" in few
    clear = paired(b - 0.5, b, ratio=False, unit="bits").verdict("A", "B")
    assert clear.startswith("A is 0.50 bits better than B (95 % interval")
    higher = paired(b, b / 2, lower_is_better=False)
    assert (higher.outcome, higher.wins) == ("better", 8)
    assert [fewest(m) for m in (1, 3, 45)] == [6, 7, 11]
    assert interval([]).outcome == "too few"
    with pytest.raises(ValueError, match="cannot be paired"):
        paired([1.0], [1.0, 2.0])


def test_held_out_streams_are_the_same_every_time_and_share_no_seed_with_others() -> None:
    first = held_out("pointmass", {"noise_std": 0.01, "chunk": 16}, 8)
    assert first == held_out("pointmass", {"noise_std": 0.01, "chunk": 64}, 8)
    seeds = {one.values["seed"] for one in first}
    assert min(seeds) >= HELD_OUT
    assert not seeds & {s.values["seed"] for s in held_out("pointmass", {}, 8, seed=1)}
    assert all(one.values["noise_std"] == 0.01 for one in first)


def test_streams_computed_side_by_side_are_those_of_one_session_each(tmp_path: Path) -> None:
    streams = held_out("pointmass", SHORT, 3)
    result = evaluate(Contender("stable", "pointmass", {}, root=tmp_path), streams)
    settings = Settings().updated({**SHORT, "seed": streams[1].values["seed"]})
    base = find_base(tmp_path, settings)
    assert base is not None
    learner, world = Learner(settings, base.weights), WorldStream(settings)
    alone = []
    for t in range(0, 160, 32):
        if learner.due(t):
            learner.transact(t)
        z, a, _ = world.advance(32)
        alone.append(learner.predict(z, a).adaptive_mse)
    np.testing.assert_allclose(result[1].adaptive, np.concatenate(alone), rtol=1e-4)
    assert result[1].commits + result[1].rollbacks == 4
    assert result[1].whole == pytest.approx(float(result[1].adaptive.mean()))


def test_a_contender_starts_with_its_own_weights_and_is_compared_with_the_base(
    tmp_path: Path,
) -> None:
    streams = held_out("pointmass", SHORT, 6)
    settings = Settings()
    base = find_base(tmp_path, settings)
    assert base is not None
    noisy = {k: 1.05 * base.weights[k] for k in PLASTIC}
    plain = evaluate(Contender("base", "pointmass", {}, root=tmp_path), streams)
    spoilt = evaluate(Contender("spoilt", "pointmass", {}, noisy, root=tmp_path), streams)
    same = Contender("same", "pointmass", {}, {k: base.weights[k] for k in PLASTIC}, tmp_path)
    again = evaluate(same, streams)
    whole = [one.whole for one in plain]
    assert paired([one.whole for one in spoilt], whole).outcome == "worse"
    assert paired([one.whole for one in again], whole).interval.high == 0.0
    np.testing.assert_array_equal(spoilt[0].frozen, plain[0].frozen)
    other = Contender("other", "pointmass", {}, noisy, tmp_path, base_sha256="f" * 64)
    with pytest.raises(RefusedInput, match="other: belongs to the base ffff"):
        check(other, streams[0])
    small = Contender("small", "pointmass", {}, {"W_u": noisy["W_u"]}, tmp_path)
    with pytest.raises(RefusedInput, match="small: B is missing, the model needs"):
        check(small, streams[0])


def test_documents_are_read_as_disjoint_parts_that_stay_what_they_were(tmp_path: Path) -> None:
    one = tmp_path / "letters.txt"
    one.write_text("Grüße aus dem Tal. " * 700)
    streams = held_out("text", {"steps": 20}, 4, data=one)
    parts = [(s.values["begin"], s.values["end"]) for s in streams]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(parts))
    assert [part.decode()[-1:] for part in (s.part() for s in streams)]  # whole characters
    assert "speaks of it and not of others" in streams_text(streams, one)
    result = evaluate(Contender("base", "text", {}), streams[:1])
    assert result[0].last < result[0].frozen_last
    one.write_text("changed " * 3000)
    with pytest.raises(TttuiError, match="has changed since"):
        streams[0].part()
    many = held_out("text", {"steps": 20}, 3)
    assert len({stream.values["file"] for stream in many}) == 3
    assert not any("pydoc_data" in stream.values["file"] for stream in many)
    assert "standard library" in streams_text(many, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "streams: 0 is not between 1 and"),
        ({"count": 4, "seed": -1}, "seed: -1 is not between"),
        ({"count": 4, "data": Path("/")}, "--data: the task pointmass reads no documents"),
        ({"task": "text", "count": 4, "data": Path("/no/such")}, "there is no such file"),
        ({"task": "text", "count": 4, "data": Path("/dev/null")}, "is neither a file nor"),
        ({"task": "text", "count": 4, "values": {"steps": 3}}, "steps: 3 are too few"),
        ({"task": "nonsense", "count": 4}, "there is no such task"),
    ],
)
def test_streams_that_cannot_be_are_refused_in_a_line(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(RefusedInput, match=message):
        held_out(**{"task": "pointmass", "values": {}, **arguments})


def test_an_empty_or_a_short_document_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(RefusedInput, match="holds no document of 1280 bytes"):
        held_out("text", {}, 4, data=tmp_path)
    (tmp_path / "short.txt").write_text("a" * 3000)
    with pytest.raises(RefusedInput, match="gives 2 parts of 1280 bytes, not 4"):
        held_out("text", {}, 4, data=tmp_path)
    assert HeldOutStream("x").settings == {}


def test_lines_of_json_are_read_as_texts_and_what_was_learned_is_left_out(tmp_path: Path) -> None:
    chats = tmp_path / "chats.jsonl"
    said = [f"What is {k}? It is the number after {k - 1}, of course." for k in range(400)]
    chats.write_text("".join(f"{json.dumps({'text': text})}\n" for text in said))
    streams = held_out("text", {"steps": 20}, 4, data=chats)
    assert streams[0].part().startswith(b"What is 0?")
    assert b"{" not in b"".join(stream.part() for stream in streams)
    learned = read_corpus(chats, include="", share=0.1, seed=0).sha256
    with pytest.raises(RefusedInput, match="a contender was trained on it"):
        held_out("text", {}, 4, data=chats, without={learned})
    for name, filling in (("known.txt", b"a "), ("new.txt", b"b "), ("binary.txt", b"\0")):
        (tmp_path / "mixed").mkdir(exist_ok=True)
        (tmp_path / "mixed" / name).write_bytes(filling * 2000)
    known = hashlib.sha256(b"a " * 2000).hexdigest()
    mixed = held_out("text", {"steps": 20}, 2, data=tmp_path / "mixed", without={known})
    assert {Path(stream.values["file"]).name for stream in mixed} == {"new.txt"}

"""Other seeds tell luck from a difference; each pair is what two sessions would have been."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runs.whatif.test_whatif import read
from tests.tasks.pointmass.runs.sessions import base_of, create, run_through, settings
from tttui.model.session import SessionData
from tttui.runs.whatif.luck import Seeds, SeedsResult
from tttui.runs.whatif.result import WhatIfRequest
from tttui.tasks.pointmass.runs.session import SessionRun


def compared(
    data: SessionData, changes: Mapping[str, Any], seeds: int = 8, at: int = 0
) -> SeedsResult:
    job = Seeds(WhatIfRequest(data, at, changes), seeds)
    while job.work():
        pass
    return job.result()


def last(directory: Path) -> float:
    return float(read(directory).steps.adaptive[-100:].mean())


def test_each_pair_is_what_two_sessions_of_that_seed_come_to(tmp_path: Path) -> None:
    recorded = read(run_through(tmp_path / "recorded"))
    result = compared(recorded, {"lr": 0.002}, 2)
    for i, seed in enumerate((6, 7)):
        for lr, scores in ((0.02, result.recorded), (0.002, result.changed)):
            wanted = settings(seed=seed, lr=lr, mu=recorded.meta.truth)
            run_through(tmp_path / f"{seed}-{lr}", wanted)
            # side by side the last bits of products differ
            assert scores[i] == pytest.approx(last(tmp_path / f"{seed}-{lr}"), rel=0.02)


def test_what_was_done_to_the_session_is_done_to_every_seed(tmp_path: Path) -> None:
    run = create(tmp_path / "recorded")
    run.advance(70)
    run.intervene("mu", 0.3)
    run.advance(130)
    run.close("completed")
    result = compared(read(run.path), {"lr": 0.004}, 1, at=100)
    mu = read(run.path).meta.truth
    for lr, scores in ((None, result.recorded), (0.004, result.changed)):
        other = SessionRun.create(
            tmp_path / f"other-{lr}", settings(seed=6, mu=mu), base_of(settings())
        )
        other.advance(70)
        other.intervene("mu", 0.3)
        other.advance(30)
        if lr is not None:
            other.intervene("settings", {"lr": lr})
        other.advance(100)
        other.close("completed")
        assert scores[0] == pytest.approx(last(other.path), rel=1e-6)


def test_a_large_difference_is_no_luck_and_none_is(tmp_path: Path) -> None:
    recorded = read(run_through(tmp_path / "recorded"))
    worse = compared(recorded, {"preset": "plain"})
    assert worse.won == 0
    assert worse.interval is not None
    assert worse.interval[1] < 0
    assert worse.sentence.startswith("over 8 other seeds: ")
    assert worse.sentence.endswith("better in 0 of 8: that is not luck")
    same = compared(recorded, {"rollback_tol": 0.3})
    assert np.array_equal(same.recorded, same.changed)
    assert same.sentence.endswith("no more than luck")


def test_the_interval_holds_the_median_as_often_as_it_says() -> None:
    draws = np.random.default_rng(0).standard_exponential((4000, 12))
    data = SessionData(None)  # type: ignore[arg-type]
    results = [
        SeedsResult(WhatIfRequest(data), "done", 12, "", np.full(12, 100.0), 100.0 - row).interval
        for row in draws
    ]
    held = np.mean([low <= np.log(2) <= high for low, high in filter(None, results)])
    assert 0.95 <= held < 0.99


def test_it_tells_what_is_there_after_every_stretch(tmp_path: Path) -> None:
    job = Seeds(WhatIfRequest(read(run_through(tmp_path / "recorded")), 0, {"lr": 0.01}), 20)
    seen = [job.result()]
    while job.work():
        seen.append(job.result())
    assert sorted({result.done for result in seen}) == [0, 16]
    assert "over 16 of 20 other seeds so far: " in seen[-1].sentence
    assert job.result().done == 20


def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    recorded = read(run_through(tmp_path / "recorded"))
    assert "seed: other seeds are compared anyway" in compared(recorded, {"seed": 3}).error
    assert "lr: -1.0 is not above 0" in compared(recorded, {"lr": -1.0}).sentence

"""Whatever a loop does in whatever order, the files agree with each other and with the weights."""

import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

import tttui
from tests.recorder.sessions import events, history, meta, rows
from tttui.artifacts.contenthash import tensor_digest, version_of

ACTS = ("score", "score", "update", "update", "rollback", "outside", "reset", "reopen")


class Loop:
    """A loop that acts at random, and remembers which weights scored which step."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.rng = path, random.Random(seed)
        self.tensor, self.array = torch.zeros(3, 4), np.ones(5, np.float32)
        self.t = -1
        self.scored: dict[int, str] = {}
        self.rec = self.opened()

    def opened(self) -> tttui.Recorder:
        plastic = {"tensor": self.tensor, "array": self.array}
        return tttui.Recorder(self.path, plastic=plastic, resume=True)

    def version(self) -> str:
        """Of the weights as they are, by the definition of a version alone."""
        results = {"tensor": self.tensor.numpy(), "array": self.array}
        return version_of((n, "float32", x.shape, tensor_digest(x)) for n, x in results.items())

    def score(self) -> None:
        self.t += self.rng.choice([1, 1, 3])
        with self.rec.score(self.t) as s:
            s.loss(self.rng.random())
        self.scored[self.t] = self.version()

    def update(self, reason: str | None = None) -> None:
        with self.rec.update(trained_on=[max(self.t, 0)]) as u:
            self.tensor.add_(self.rng.choice([0, 1]))
            self.array += self.rng.random()
            if reason is not None:
                u.rollback(reason)

    def rollback(self) -> None:
        before = self.version()
        self.update("at random")
        assert self.version() == before

    def outside(self) -> None:
        """Past torch's counter of changes."""
        self.tensor.data.view(-1).numpy()[self.rng.randrange(12)] += 1

    def reset(self) -> None:
        self.rec.rollback(to="base", why="at random")
        assert not self.tensor.any()

    def reopen(self) -> None:
        self.rec.close()
        self.rec = self.opened()

    def act(self) -> None:
        getattr(self, self.rng.choice(ACTS))()


@pytest.mark.parametrize("seed", range(25))
def test_the_files_agree_with_each_other_and_with_the_weights(tmp_path: Path, seed: int) -> None:
    loop = Loop(tmp_path / "a", seed)
    loop.score()
    for _ in range(loop.rng.randrange(1, 40)):
        loop.act()
    loop.rec.close()
    path = tmp_path / "a"
    assert [int(row["t"]) for row in rows(path)] == sorted(loop.scored)
    said = {int(row["t"]): row["version"] for row in rows(path, "scores.csv")}
    result = events(path)
    late = [(event["after"], event["t"]) for event in result if "after" in event]
    for t, version in said.items():
        # a busy machine may put off a comparison, and then the event says since when
        assert version == loop.scored[t] or any(after < t < at for after, at in late)
    version = meta(path)["base_version"]
    for event in result:
        assert event["version_before"] == version
        version = event["version"]
    assert version == loop.version()
    assert all(a["t"] <= b["t"] for a, b in pairwise(result))
    by_t = {int(row["t"]): row for row in rows(path)}
    for t, row in by_t.items():
        since = max((s for s in by_t if s < t), default=-1)
        due = [event["status"] == "commit" for event in result if since < event["t"] <= t]
        assert (row["did_update"], row["update_ok"]) == (f"{bool(due):d}", f"{any(due):d}")
    kept = history(path)
    assert (np.diff(kept["t"]) > 0).all()
    assert np.array_equal(kept["tensor"][-1], loop.tensor.numpy())
    assert np.array_equal(kept["array"][-1], loop.array)

"""examples/tent.py runs as it says, and its collapse shows in the files before all is lost."""

import importlib.util
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from tests.conftest import REPOSITORY
from tests.recorder.sessions import events, meta, rows
from tttui.cli.main import main

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def tent() -> Iterator[ModuleType]:
    """The example, whose classifier is trained once for all tests. Small models are fastest on
    one thread, above all where other processes run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    spec = importlib.util.spec_from_file_location("tent", REPOSITORY / "examples" / "tent.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tent"] = module
    spec.loader.exec_module(module)
    train: Any = module.trained

    @lru_cache(maxsize=1)
    def weights() -> dict[str, torch.Tensor]:
        torch.manual_seed(0)
        *clean, _, _ = module.digits()
        result: dict[str, torch.Tensor] = train(*clean).state_dict()
        return result

    def trained(*_: torch.Tensor) -> torch.nn.Module:
        model: torch.nn.Module = module.classifier()
        model.load_state_dict(weights())
        return model.eval()

    module.trained = trained  # type: ignore[attr-defined]
    yield module
    torch.set_num_threads(threads)


def test_adapting_beats_the_frozen_classifier(tent: ModuleType, tmp_path: Path) -> None:
    result = tent.main(["--steps", "40", "--path", str(tmp_path / "a")])
    assert result["frozen"] < 0.6 < 0.9 < result["adaptive"]
    assert len(rows(tmp_path / "a")) == 40
    said = meta(tmp_path / "a")
    assert said["controls"] == ["bn-only"]
    assert [p["name"] for p in said["plastic"]] == ["1.weight", "1.bias", "5.weight", "5.bias"]
    assert {event["why"] for event in events(tmp_path / "a")} == {"gradient"}
    assert main(["ledger", str(tmp_path / "a")]) == 0


def test_the_collapse_shows_in_the_entropy_before_accuracy_is_gone(
    tent: ModuleType, tmp_path: Path
) -> None:
    result = tent.main(
        ["--collapse", "--steps", "200", "--frozen-every", "8", "--path", str(tmp_path / "a")]
    )
    assert result["adaptive"] < 0.3 < 0.6 < result["bn-only"]
    series = rows(tmp_path / "a", "series.csv")
    entropy, accuracy = (
        np.convolve([float(row[name]) for row in series], np.ones(25) / 25, "valid")
        for name in ("entropy", "accuracy")
    )
    half_sure = int(np.argmax(entropy < entropy[0] / 2))
    lost = int(np.argmax(accuracy < 0.2))
    assert 0 < half_sure < lost

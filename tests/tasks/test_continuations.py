"""What both models expect at a byte is what they expected when they scored it."""

import sys
from dataclasses import replace
from pathlib import Path
from subprocess import run

import numpy as np
import pytest
import torch

from tests.textruns import PROSE, make_text_run
from tttui.artifacts.documentfile import DocumentFiles
from tttui.artifacts.reader import SessionReader
from tttui.model.document import Document
from tttui.model.session import SessionData
from tttui.tasks.text.continuations import ContinuationRequest, Reader, seen_before
from tttui.tasks.text.settings import TextSettings
from tttui.tasks.text.task import TextTask

CONTENT = (PROSE + "äé日\n").encode()


def opened(path: Path) -> tuple[SessionData, Document]:
    data = SessionReader(make_text_run(path, CONTENT, snapshots=(0, 4))).refresh()
    document = DocumentFiles(path).refresh(data.meta).document
    assert document is not None
    return data, document


@pytest.mark.parametrize("offset", [0, 1, 63, 64, 200, 640, len(CONTENT) - 4, len(CONTENT) - 1])
def test_the_model_looks_at_the_bytes_that_it_was_given(tmp_path: Path, offset: int) -> None:
    data, document = opened(tmp_path / "run")
    task = TextTask(TextSettings(), 0, tmp_path / "run")
    window = task.batch(document.step_of(offset))
    begin, end = document.window(document.step_of(offset))
    length = window.seen.shape[1] - (end - offset) + 1
    assert seen_before(document, offset) == window.seen[0, :length].tolist()
    losses = task.loss(task.model(), window)
    expected = Reader().continued(ContinuationRequest(data, document, offset)).frozen
    assert expected.came == pytest.approx(2 ** -float(losses.detach()[offset - begin]), rel=1e-3)
    assert torch.isfinite(losses).all()


def test_the_snapshot_is_named_with_the_updates_that_it_is_behind(tmp_path: Path) -> None:
    data, document = opened(tmp_path / "run")
    reader = Reader()
    sources = [
        reader.continued(ContinuationRequest(data, document, t * 64)).adaptive.source
        for t in (0, 2, 4, 5)
    ]
    assert sources == ["t 0", "t 0, 2 updates older", "t 4", "t 4, 1 update older"]


def test_the_adaptive_model_has_the_weights_of_its_snapshot(tmp_path: Path) -> None:
    data, document = opened(tmp_path / "run")
    reader = Reader()
    before = reader.continued(ContinuationRequest(data, document, 3 * 64))
    after = reader.continued(ContinuationRequest(data, document, 4 * 64))
    assert before.frozen == before.adaptive.__class__(
        "base", before.adaptive.likely, before.adaptive.came, before.adaptive.rank
    )
    assert after.frozen.came != after.adaptive.came


def test_there_are_five_continuations_from_the_most_probable_down(tmp_path: Path) -> None:
    data, document = opened(tmp_path / "run")
    result = Reader().continued(ContinuationRequest(data, document, 100)).frozen
    shares = [likely.share for likely in result.likely]
    assert len(shares) == 5
    assert shares == sorted(shares, reverse=True)


def test_weights_of_other_sizes_are_not_used(tmp_path: Path) -> None:
    data, document = opened(tmp_path / "run")
    path = tmp_path / "run" / "weights_history.npy"
    records = np.load(path)
    dtype = np.dtype([(n, records.dtype[n]) for n in records.dtype.names if n != "head.weight"])
    wrong = np.zeros(1, np.dtype([*dtype.descr, ("head.weight", "<f4", (256, 64))]))
    np.save(path, wrong)
    data = SessionReader(data.place).refresh()
    result = Reader().continued(ContinuationRequest(data, document, 100))
    assert "head.weight has the shape 256 x 64" in result.adaptive.why_not
    assert len(result.frozen.likely) == 5


@pytest.mark.parametrize("name", ["base_plastic.pt", "weights_history.npy"])
@pytest.mark.parametrize("what", ["missing", "damaged"])
def test_weights_that_cannot_be_read_are_named(tmp_path: Path, name: str, what: str) -> None:
    data, document = opened(tmp_path / "run")
    path = tmp_path / "run" / name
    path.unlink()
    if what == "damaged":
        path.write_bytes(b"nothing that it should be")
    data = SessionReader(data.place).refresh()
    result = Reader().continued(ContinuationRequest(data, document, 100))
    assert name in result.adaptive.why_not
    assert (name in result.frozen.why_not) == (name == "base_plastic.pt")


def test_weights_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    data, document = opened(tmp_path / "run")
    path = tmp_path / "run" / "weights_history.npy"
    records = np.load(path)
    records["norm.weight"] = np.nan
    np.save(path, records)
    data = SessionReader(data.place).refresh()
    assert (
        "no numbers"
        in Reader().continued(ContinuationRequest(data, document, 100)).adaptive.why_not
    )


def test_a_parameter_that_is_not_kept_is_named(tmp_path: Path) -> None:
    data, document = opened(tmp_path / "run")
    assert data.history is not None
    weights = {k: v for k, v in data.history.weights.items() if k != "norm.weight"}
    data = replace(data, history=replace(data.history, weights=weights))
    result = Reader().continued(ContinuationRequest(data, document, 100)).adaptive
    assert result.why_not == "weights_history.npy: has no norm.weight"


def test_no_torch_is_imported_to_ask_the_models() -> None:
    code = "import sys, tttui.panes.text.pane; sys.exit('torch' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0

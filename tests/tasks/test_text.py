"""The text task: windows that cover the document, a decoder that is causal, the shipped base."""

import lzma
import zlib
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tttui.model.errors import RefusedInput
from tttui.tasks.text.document import DOCUMENT, stored_document
from tttui.tasks.text.model import ByteDecoder, Shape
from tttui.tasks.text.settings import TextSettings
from tttui.tasks.text.shipped import BASE
from tttui.tasks.text.task import CONTEXT_EVERY, LZMA, WIDE, ZLIB, TextTask, compress_now

PROSE = b"It is a truth universally acknowledged, that a good example needs few words. "


def task(folder: Path, content: bytes, chunk: int = 64, context: int = 128) -> TextTask:
    path = folder / "document"
    path.write_bytes(content)
    return TextTask(TextSettings(str(path), chunk, context), 0)


@given(
    content=st.binary(min_size=1, max_size=400),
    chunk=st.integers(1, 100),
    more=st.integers(1, 100),
)
def test_each_byte_is_predicted_once_from_those_before_it(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, chunk: int, more: int
) -> None:
    made = task(tmp_path_factory.mktemp("a"), content, chunk, chunk + more)
    windows = [made.batch(t) for t in range(made.steps)]
    assert b"".join(bytes(window.next.tolist()) for window in windows) == content
    read = b"\n" * made.settings.context
    for window in windows:
        assert window.seen.shape == (1, made.settings.context)
        following = bytes(window.next.tolist())
        seen = bytes(window.seen[0].tolist())
        assert (read + following[:-1]).endswith(seen)
        read += following


def test_a_window_is_the_same_in_whatever_order_they_are_asked_for(tmp_path: Path) -> None:
    made = task(tmp_path, PROSE * 4)
    late = made.batch(3)
    made.batch(0)
    again = made.batch(3)
    assert torch.equal(late.seen, again.seen)
    assert torch.equal(late.next, again.next)


def test_the_decoder_never_looks_ahead() -> None:
    torch.manual_seed(0)
    model = ByteDecoder(Shape(width=16, blocks=2, heads=2, hidden=32, positions=16))
    one = torch.randint(0, 256, (1, 12))
    other = one.clone()
    other[0, 8:] = (other[0, 8:] + 1) % 256
    assert torch.equal(model(one)[:, :8], model(other)[:, :8])
    assert not torch.equal(model(one)[:, 8:], model(other)[:, 8:])


@given(last=st.integers(1, 12))
def test_the_last_positions_alone_are_those_of_all(last: int) -> None:
    torch.manual_seed(0)
    model = ByteDecoder(Shape(width=16, blocks=2, heads=2, hidden=32, positions=16))
    seen = torch.randint(0, 256, (2, 12))
    with torch.no_grad():
        torch.testing.assert_close(model(seen, last), model(seen)[:, -last:])


def test_the_shipped_base_has_learned_to_read(tmp_path: Path) -> None:
    made = task(tmp_path, PROSE * 3)
    with torch.no_grad():
        losses = [float(made.loss(made.model(), made.batch(t)).mean()) for t in range(made.steps)]
    assert sum(losses) / len(losses) < 4.5
    assert BASE.stat().st_size < 1_500_000


def test_two_bases_share_nothing(tmp_path: Path) -> None:
    made = task(tmp_path, PROSE)
    one, other = made.model(), made.model()
    with torch.no_grad():
        next(one.parameters()).zero_()
    assert bool(next(other.parameters()).any())


def test_a_session_reads_the_document_that_it_kept(tmp_path: Path) -> None:
    made = task(tmp_path, PROSE)
    made.keep(tmp_path)
    (tmp_path / "document").unlink()
    assert TextTask(made.settings, 0, tmp_path).document == PROSE
    (tmp_path / DOCUMENT).unlink()
    with pytest.raises(RefusedInput, match="cannot go on"):
        stored_document(tmp_path)


def test_a_document_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(PROSE)
    session = tmp_path / "run"
    session.mkdir()
    (session / DOCUMENT).symlink_to(secret)
    with pytest.raises(RefusedInput, match=DOCUMENT):
        stored_document(session)


def test_twice_the_context_is_the_base_that_looks_back_twice_as_far(tmp_path: Path) -> None:
    made = task(tmp_path, PROSE * 40)
    wide = task(tmp_path, PROSE * 40, context=256)
    with torch.no_grad():
        expected = float(wide.loss(wide.model(), wide.batch(CONTEXT_EVERY)).mean())
    assert made.measured(CONTEXT_EVERY)[WIDE] == expected
    assert WIDE not in made.measured(CONTEXT_EVERY + 1)
    assert WIDE not in wide.measured(CONTEXT_EVERY)


def test_compressors_are_measured_on_all_that_was_read(tmp_path: Path) -> None:
    made = task(tmp_path, PROSE * 40)
    result = made.measured(31)
    read = made.document[: 32 * 64]
    assert result[ZLIB] == 8 * len(zlib.compress(read, 9)) / len(read)
    assert result[LZMA] < 8 * len(lzma.compress(read)) / len(read)
    times = [t for t in range(4096) if compress_now(t)]
    assert sum(t + 1 for t in times) < 8 * 4096


def test_each_weight_has_a_step_by_the_size_of_its_gradients(tmp_path: Path) -> None:
    made = task(tmp_path, PROSE)
    scales, weights = made.scales(), dict(made.model().named_parameters())
    assert {name: s.shape for name, s in scales.items()} == {
        name: p.shape for name, p in weights.items()
    }
    assert all(float(s.min()) > 0.0 and float(s.max()) < 100.0 for s in scales.values())
    same = TextTask(TextSettings(str(tmp_path / "document"), scaled=False), 0)
    assert same.scales() == {}

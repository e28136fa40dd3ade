"""What is computed where the weights are is what would be computed in host memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tttui
from tests.recorder.sessions import events, history
from tttui.artifacts.contenthash import CHUNK, tensor_digest
from tttui.artifacts.tensorwriter import Stored
from tttui.recorder import ondevice, watched
from tttui.recorder.ondevice import DeviceFigures, HostCopy, device_digest
from tttui.recorder.statistics import FigureTracker

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(
    not torch.cuda.is_available(), reason="there is no GPU"
))]  # fmt: skip


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("count", [0, 5, 40_001, 2 * CHUNK * 4 + 1, 300_007])
def test_digests_are_the_same(device: str, dtype: torch.dtype, count: int) -> None:
    x = torch.randn(count, generator=torch.Generator().manual_seed(0)).to(dtype)
    raw = x.view(torch.int16).numpy() if dtype == torch.bfloat16 else x.numpy()
    assert device_digest(x.to(device)) == tensor_digest(raw)


@pytest.mark.parametrize("device", DEVICES)
def test_digests_of_many_blocks_and_of_views_are_the_same(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ondevice, "BLOCK", CHUNK * 8)
    x = torch.randn(401, 501, generator=torch.Generator().manual_seed(0))
    assert device_digest(x.to(device)) == tensor_digest(x.numpy())
    assert device_digest(x.to(device).t()) == tensor_digest(x.t().contiguous().numpy())
    flat = x.view(-1)[1:]
    assert device_digest(flat.to(device)) == tensor_digest(flat.numpy())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", [(7,), (40, 50), (3, 4, 5), (1, 8), (0, 2)])
def test_figures_are_the_same(device: str, shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    now = torch.randn(shape, generator=generator)
    before = now + 0.1 * torch.randn(shape, generator=generator)
    there, here = DeviceFigures(), FigureTracker()
    for _ in range(30):  # the largest singular value is approached
        result = there.of(now.to(device), before.to(device))
        expected = here.of(Stored.of(now.numpy()), Stored.of(before.numpy()))
    assert result == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_nan_stays_nan() -> None:
    now = torch.full((40, 40), float("nan"))
    assert all(value != value for value in DeviceFigures().of(now, now).values())


class FakeStream:
    """Does nothing until somebody waits for it, as the stream of a device may."""

    def __init__(self) -> None:
        self.queue: list[Callable[[], Any]] = []

    def wait_event(self, event: "FakeEvent") -> None:
        self.queue.append(event.synchronize)

    def run(self, until: int) -> None:
        while self.queue and until:
            self.queue.pop(0)()
            until -= 1


class FakeEvent:
    def record(self, stream: FakeStream) -> None:
        self._stream, self._left = stream, [1]
        stream.queue.append(self._left.clear)

    def synchronize(self) -> None:
        while self._left:
            self._stream.run(1)


class FakeStreams:
    """In place of torch.cuda."""

    Event = FakeEvent

    def __init__(self) -> None:
        self.current = FakeStream()

    def current_stream(self, _device: torch.device) -> FakeStream:
        return self.current


STREAMS = FakeStreams()


class Queued(torch.Tensor):
    """A tensor whose copies are queued on the current fake stream."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.copy_:
            into, source = (x.as_subclass(torch.Tensor) for x in args[:2])
            STREAMS.current.queue.append(lambda: into.copy_(source))
            return args[0]
        return super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[no-untyped-call]


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> FakeStreams:
    monkeypatch.setattr(ondevice, "streams", STREAMS)
    STREAMS.current = FakeStream()
    return STREAMS


def test_a_snapshot_holds_what_the_weights_were_when_it_was_begun(streams: FakeStreams) -> None:
    kept = torch.zeros(3).as_subclass(Queued)
    first = HostCopy(kept)
    kept.copy_(torch.ones(3))
    second = HostCopy(kept)
    kept.copy_(torch.full((3,), 2.0))
    assert second.stored().array.tolist() == [1, 1, 1]
    assert first.stored().array.tolist() == [0, 0, 0]
    assert len(streams.current.queue) == 1  # nobody waited for what came after


def test_another_stream_waits_before_it_writes_over_what_is_being_copied(
    streams: FakeStreams,
) -> None:
    kept = torch.zeros(3).as_subclass(Queued)
    copy = HostCopy(kept)
    streams.current = other = FakeStream()
    copy.let_pass()
    kept.copy_(torch.ones(3))
    other.run(2)
    assert kept.tolist() == [1, 1, 1]
    assert copy.stored().array.tolist() == [0, 0, 0]


@pytest.mark.usefixtures("streams")
def test_weights_on_a_device_are_recorded_as_those_in_host_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record(path: Path) -> None:
        torch.manual_seed(0)
        weights = {"a": torch.randn(40, 50), "b": torch.randn(7).bfloat16()}
        with tttui.Recorder(path, plastic=weights) as rec:
            for t in range(5):
                rec.step(t, adaptive=1.0)
                with rec.update(trained_on=[t]) as u:
                    for x in weights.values():
                        x += 0.1 * torch.randn(x.shape).to(x.dtype)
                    if t == 3:
                        u.rollback("no")

    record(tmp_path / "host")
    monkeypatch.setattr(watched, "is_elsewhere", lambda _: True)
    record(tmp_path / "device")
    assert np.array_equal(history(tmp_path / "device"), history(tmp_path / "host"))
    for there, here in zip(events(tmp_path / "device"), events(tmp_path / "host"), strict=True):
        assert there["version"] == here["version"]
        assert there.get("weights", {}).keys() == here.get("weights", {}).keys()

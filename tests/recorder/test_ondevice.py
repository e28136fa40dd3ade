"""What is computed where the weights are is what would be computed in host memory."""

import pytest
import torch

from tttui.artifacts.contenthash import CHUNK, tensor_digest
from tttui.artifacts.tensorwriter import Stored
from tttui.recorder import ondevice
from tttui.recorder.ondevice import DeviceFigures, device_digest
from tttui.recorder.statistics import Figures

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
    there, here = DeviceFigures(), Figures()
    for _ in range(30):  # the largest singular value is approached
        found = there.of(now.to(device), before.to(device))
        expected = here.of(Stored.of(now.numpy()), Stored.of(before.numpy()))
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_nan_stays_nan() -> None:
    now = torch.full((40, 40), float("nan"))
    assert all(value != value for value in DeviceFigures().of(now, now).values())

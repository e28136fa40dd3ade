"""How busy the machine is, and which devices it has, with GPUs and without."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.nvml import FakeNvml
from tttui.engine import device
from tttui.engine.device import check_device, check_device_name
from tttui.engine.machine import LoadMeter, gpu_count
from tttui.model.errors import RefusedInput

Gpus = Callable[..., FakeNvml]


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Gpus:
    """Gives the machine so many GPUs."""

    def give(count: int, *broken: str) -> FakeNvml:
        fake = FakeNvml(count)
        fake.broken.update(broken)
        monkeypatch.setitem(sys.modules, "pynvml", fake)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        return fake

    return give


def test_processor_and_memory_are_told_in_one_line(gpus: Gpus) -> None:
    gpus(0)
    load = LoadMeter().load()
    assert load.gpus == ()
    assert 0 <= load.cpu <= 100
    assert 0 < load.memory <= load.memory_total
    assert str(load).endswith("no GPU")


@pytest.mark.parametrize(
    ("count", "broken", "told"),
    [
        (1, (), ("GPU 0 35 %, 1.5 of 80 GB",)),
        (2, (), ("GPU 0 35 %, 1.5 of 80 GB", "GPU 1 45 %, 3.0 of 80 GB")),
        (8, (), ("8 GPUs 35 to 105 %, 54.0 of 640 GB",)),
        (1, ("init",), ()),
        (2, ("busy 1",), ("GPU 0 35 %, 1.5 of 80 GB", "GPU 1 busy ?, 3.0 of 80 GB")),
        (2, ("memory 0",), ("GPU 0 35 %, memory ?", "GPU 1 45 %, 3.0 of 80 GB")),
        (2, ("handle 0",), ("GPU 0 busy ?, memory ?", "GPU 1 45 %, 3.0 of 80 GB")),
        (4, tuple(f"busy {i}" for i in range(4)), ("4 GPUs busy ?, 15.0 of 320 GB",)),
    ],
)
def test_each_gpu_tells_what_it_can(
    gpus: Gpus, count: int, broken: tuple[str, ...], told: tuple[str, ...]
) -> None:
    gpus(count, *broken)
    assert LoadMeter().load().gpus == told


def test_a_driver_that_fails_later_is_named_and_hides_nothing_else(gpus: Gpus) -> None:
    fake = gpus(2)
    machine = LoadMeter()
    assert len(machine.load().gpus) == 2
    fake.broken.add("count")
    assert machine.load().gpus == ("the GPUs do not tell",)
    fake.broken.clear()
    assert len(machine.load().gpus) == 2


def test_a_machine_without_the_binding_has_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpu_count() is None
    assert LoadMeter().load().gpus == ()


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0", "cuda:1"])
def test_a_device_that_is_there_is_accepted(gpus: Gpus, name: str) -> None:
    gpus(2)
    check_device_name(name)


@pytest.mark.parametrize(
    ("count", "name", "why"),
    [
        (2, "cuda:2", "this machine has 2 GPUs, cuda:0 to cuda:1"),
        (1, "cuda:1", "this machine has one GPU, cuda:0"),
        (0, "cuda", "this machine has no GPU; choose cpu"),
        (2, "gpu", "'gpu' is none; choose cpu, cuda or cuda:N"),
        (2, "cuda:", "'cuda:' is none"),
        (2, "cuda:-1", "'cuda:-1' is none"),
        (2, "CUDA:0", "'CUDA:0' is none"),
    ],
)
def test_a_device_that_is_not_there_is_refused(
    gpus: Gpus, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, count: int, name: str, why: str
) -> None:
    gpus(count)
    monkeypatch.setattr(device, "ROCM", tmp_path / "none")
    with pytest.raises(RefusedInput) as caught:
        check_device(name)
    assert why in str(caught.value)


def test_only_visible_gpus_count(gpus: Gpus, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(4)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    check_device_name("cuda:1")
    with pytest.raises(RefusedInput, match="has 2 GPUs"):
        check_device_name("cuda:2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(RefusedInput, match="no GPU"):
        check_device_name("cuda")


def test_gpus_of_another_maker_are_left_to_torch(
    gpus: Gpus, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    gpus(0, "init")
    monkeypatch.setattr(device, "ROCM", tmp_path)
    check_device_name("cuda:1")

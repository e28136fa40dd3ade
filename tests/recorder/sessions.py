"""Small models, and what a recorder wrote about them."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

Row = dict[str, str]


def rows(directory: Path, name: str = "per_step.csv") -> list[Row]:
    with (directory / name).open(newline="") as file:
        return list(csv.DictReader(file))


def events(directory: Path) -> list[dict[str, Any]]:
    lines = (directory / "update_events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def meta(directory: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / "session" / "meta.json").read_text())
    return document


def status(directory: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / "status.json").read_text())
    return document


def history(directory: Path) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = np.load(directory / "weights_history.npy")
    return values


def small_model(*, batch_norm: bool = False) -> nn.Sequential:
    """Three features to two classes, by way of a norm layer."""
    torch.manual_seed(0)
    norm: nn.Module = nn.BatchNorm1d(4) if batch_norm else nn.LayerNorm(4)
    return nn.Sequential(nn.Linear(3, 4), norm, nn.ReLU(), nn.Linear(4, 2))


def batch(n: int = 16) -> torch.Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(1))


def loss_of(output: torch.Tensor) -> torch.Tensor:
    return (output - 1).square().mean()


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor) -> torch.Tensor:
    """One step; returns the loss before it."""
    loss = loss_of(model(x))
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()

"""TENT on digits that were corrupted on the way, recorded for tttui.

    python examples/tent.py                       # adapts; then: tttui runs/tent-contrast
    python examples/tent.py --corruption blur
    python examples/tent.py --collapse            # too small batches, too large steps

A small classifier learns scikit-learn's digits. Then a stream of corrupted ones arrives without
labels, and the scale and shift of its norm layers learn to make the entropy of its predictions
small (Wang et al., "Tent: Fully Test-Time Adaptation by Entropy Minimization", 2021). Beside it
run the frozen classifier, and the control "bn-only": the statistics of each batch instead of those
of the training, and no learning at all. Labels are used for scores alone.

Needs scikit-learn: pip install scikit-learn
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, cross_entropy

import tttui


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images [n, 1, 8, 8] in 0 to 1 and labels [n]: half to train on, half for the stream."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.images))
    images = torch.tensor(data.images[order, None] / 16, dtype=torch.float32)
    labels = torch.tensor(data.target[order])
    half = len(images) // 2
    return images[:half], labels[:half], images[half:], labels[half:]


def contrast(images: Tensor) -> Tensor:
    """Faint grey images."""
    return 0.35 * images + 0.35


def blur(images: Tensor) -> Tensor:
    """The mean of three by three pixels."""
    return avg_pool2d(images, 3, stride=1, padding=1)


def noise(images: Tensor) -> Tensor:
    """Random grey values on every pixel."""
    return images + 0.35 * torch.randn(images.shape, generator=torch.Generator().manual_seed(5))


CORRUPTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "contrast": contrast,
    "blur": blur,
    "noise": noise,
}


def classifier() -> nn.Sequential:
    """Two convolutions with norm layers and a linear layer: [n, 1, 8, 8] to logits [n, 10]."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 16, 10),
    )


def trained(images: Tensor, labels: Tensor) -> nn.Sequential:
    """A classifier that knows clean digits."""
    model = classifier().train()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(12):
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(epoch))
        for batch in torch.split(order, 64):
            optimizer.zero_grad()
            cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
    return model.eval()


def configure(model: nn.Module) -> list[nn.Parameter]:
    """As TENT has it: statistics of the batch, and only norm layers learn. Returns what learns."""
    model.train().requires_grad_(False)
    learned = []
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.track_running_stats = False
            layer.running_mean = layer.running_var = None
            learned += list(layer.requires_grad_().parameters())
    return learned


def entropy(logits: Tensor) -> Tensor:
    """Mean entropy of the predictions in nats."""
    return -(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()


def accuracy(logits: Tensor, labels: Tensor) -> float:
    return (logits.argmax(1) == labels).float().mean().item()


def adapt(
    path: Path, *, corruption: str, batch: int, lr: float, steps: int, frozen_every: int
) -> dict[str, float]:
    """Record one stream; returns the mean accuracies of its last quarter."""
    torch.manual_seed(0)
    *clean, images, labels = digits()
    model = trained(*clean)
    images = CORRUPTIONS[corruption](images)
    rec = tttui.Recorder(
        path,
        model,
        plastic=["1.*", "5.*"],
        frozen_every=frozen_every,
        settings={"corruption": corruption, "batch": batch, "lr": lr, "steps": steps},
        loss_name="cross-entropy",
        unit="nats",
        task="tent",
        seed=0,
    )  # before the model is configured: the frozen twin is the model as it is now
    learned = configure(model)
    optimizer = torch.optim.Adam(learned, lr=lr)
    found: dict[str, list[float]] = {"frozen": [], "bn-only": [], "adaptive": []}
    generator = torch.Generator().manual_seed(1)
    with rec:
        for t in range(steps):
            chosen = torch.randint(len(images), (batch,), generator=generator)
            x, y = images[chosen], labels[chosen]

            def judge(who: str, model: nn.Module, x: Tensor = x, y: Tensor = y) -> Tensor:
                logits = model(x)
                found[who].append(accuracy(logits, y))
                return cross_entropy(logits, y)

            with rec.score(t) as s:
                logits = model(x)
                s.loss(cross_entropy(logits, y))
                s.frozen(partial(judge, "frozen"))
                s.control("bn-only", partial(judge, "bn-only"))
                uncertainty = entropy(logits)
                found["adaptive"].append(accuracy(logits, y))
                s.record(entropy=uncertainty, accuracy=found["adaptive"][-1])
                if t % frozen_every == 0:
                    s.record(**{"frozen accuracy": found["frozen"][-1]})
            with rec.update(trained_on=[t]) as u:
                u.pre_loss = uncertainty
                optimizer.zero_grad()
                uncertainty.backward()
                u.grad_norm = nn.utils.get_total_norm(
                    [p.grad for p in learned if p.grad is not None]
                )
                optimizer.step()
    return {
        who: float(np.mean(values[-(len(values) // 4 or 1) :])) for who, values in found.items()
    }


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description="TENT on corrupted digits, recorded for tttui.")
    parser.add_argument("--path", type=Path, help="directory of the session [runs/tent-CORRUPTION]")
    parser.add_argument("--corruption", choices=CORRUPTIONS, default="contrast")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--steps", type=int, help="batches [150, with --collapse 400]")
    parser.add_argument("--frozen-every", type=int, default=1)
    parser.add_argument(
        "--collapse", action="store_true", help="batches of 8 and lr 0.02 on blurred digits"
    )
    given = parser.parse_args(arguments)
    if given.collapse:
        given.corruption, given.batch, given.lr = "blur", 8, 0.02
    given.steps = given.steps or (400 if given.collapse else 150)
    name = "tent-collapse" if given.collapse else f"tent-{given.corruption}"
    path = given.path or Path("runs") / name
    found = adapt(
        path,
        corruption=given.corruption,
        batch=given.batch,
        lr=given.lr,
        steps=given.steps,
        frozen_every=given.frozen_every,
    )
    print(f"accuracy on {given.corruption}, mean of the last quarter of {given.steps} batches")
    for who, value in found.items():
        print(f"  {who:<9} {value:.3f}")
    print(f"look at it: tttui {path}")
    return found


if __name__ == "__main__":
    main()

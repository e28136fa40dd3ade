"""Train the base of the text task, as it ships: `python -m benchmarks.text_base [SECONDS]`.

With `moments` for SECONDS the base stays, and only the sizes of its gradients are measured anew.

On the documentation that every Python carries (`pydoc_data.topics`), for some minutes of one
core; the last 5 % are held out. What it writes replaces `tttui/tasks/text/base.pt`.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.text_documents import corpus
from tttui.artifacts.ptfile import write_pt
from tttui.engine.optimizers import Muon
from tttui.tasks.text.model import ByteDecoder

SHAPES = ((8, 128), (4, 256))
"""Sequences in a batch, and the length of each, in turn: the base can look at both."""

SEED = 0

WINDOWS = 250
"""From which the size of the gradients is taken."""

LN_2 = 0.6931471805599453

BASE = Path(__file__).parents[1] / "tttui" / "tasks" / "text" / "base.pt"


def tokens() -> Tensor:
    return torch.frombuffer(bytearray(corpus()), dtype=torch.uint8).long()


def loss_of(model: ByteDecoder, stretch: Tensor) -> Tensor:
    """Nats a byte over stretches [batch, length + 1]."""
    logits = model(stretch[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), stretch[:, 1:].flatten())


def stretches(text: Tensor, batch: int, length: int, generator: torch.Generator) -> Tensor:
    starts = torch.randint(len(text) - length - 1, (batch, 1), generator=generator)
    return text[starts + torch.arange(length + 1)]


@torch.no_grad()
def held_out(model: ByteDecoder, text: Tensor) -> float:
    """Bits a byte of what it was not trained on."""
    rows = text[: len(text) // 129 * 129].view(-1, 129)
    return float(loss_of(model, rows)) / LN_2


def train(seconds: float) -> ByteDecoder:
    """A decoder trained for so long, with a cosine from full speed to none."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    model = ByteDecoder()
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and n.startswith("blocks")]
    others = [p for p in model.parameters() if all(p is not m for m in matrices)]
    muon = Muon(matrices, 0.02, momentum=0.95, weight_decay=0.01)
    adam = torch.optim.AdamW(others, 3e-3, betas=(0.9, 0.95), weight_decay=0.01)
    text = tokens()
    cut = int(len(text) * 0.95)
    began = time.process_time()
    step = 0
    while (done := (time.process_time() - began) / seconds) < 1.0:
        share = min(1.0, step / 50) * (0.5 + 0.5 * float(torch.cos(torch.tensor(done * torch.pi))))
        muon.param_groups[0]["lr"], adam.param_groups[0]["lr"] = 0.02 * share, 3e-3 * share
        batch, length = SHAPES[step % len(SHAPES)]
        loss = loss_of(model, stretches(text[:cut], batch, length, generator))
        torch.autograd.backward(loss)
        for optimizer in (muon, adam):
            optimizer.step()
            optimizer.zero_grad()
        if step % 200 == 0:
            bits = held_out(model, text[cut:])
            print(f"step {step}: {loss.item() / 0.693:.3f} bits, {bits:.3f} held out", flush=True)
        step += 1
    print(f"step {step}: {held_out(model, text[cut:]):.3f} bits/byte held out")
    return model


def moments(model: ByteDecoder) -> dict[str, list[np.ndarray[Any, Any]]]:
    """Mean squares of the gradients of single windows of what it was trained on: of a matrix by
    row and by column, of a vector by element."""
    text = tokens()
    text = text[: int(len(text) * 0.95)]
    generator = torch.Generator().manual_seed(SEED)
    squares = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    for _ in range(WINDOWS):
        stretch = stretches(text, 1, 128, generator)
        logits = model(stretch[:, :-1], 64)[0]
        bits = functional.cross_entropy(logits, stretch[0, -64:]) / LN_2
        model.zero_grad()
        torch.autograd.backward(bits)
        for name, p in model.named_parameters():
            assert p.grad is not None
            squares[name] += p.grad.square() / WINDOWS
    return {
        name: [s.mean(1).numpy(), s.mean(0).numpy()] if s.ndim == 2 else [s.numpy()]
        for name, s in squares.items()
    }


def main() -> None:
    torch.set_num_threads(1)
    if sys.argv[1:] == ["moments"]:
        from tttui.tasks.text.task import base

        model = base()
    else:
        model = train(float(sys.argv[1]) if len(sys.argv) > 1 else 400.0)
    state = {name: p.detach().half().numpy() for name, p in model.state_dict().items()}
    shape = model.shape.asdict()
    content = write_pt({"shape": shape, "weights": state, "moments": moments(model)})
    BASE.write_bytes(content)
    print(f"{BASE}: {len(content)} bytes")


if __name__ == "__main__":
    main()

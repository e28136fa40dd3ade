"""A small decoder over bytes: pre-norm, learned positions, no biases."""

from dataclasses import asdict

import torch
from torch import Tensor, nn
from torch.nn import functional

from tttui.model.dataclass import dataclass

BYTES = 256


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a decoder."""

    width: int = 128
    blocks: int = 3
    heads: int = 4
    hidden: int = 512
    """Width of the feed-forward layer."""
    positions: int = 256
    """Bytes that it can look at."""

    def asdict(self) -> dict[str, int]:
        return asdict(self)


class Attention(nn.Module):
    """Causal self-attention; x [batch, length, width] -> the same shape."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv_proj = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out_proj = nn.Linear(shape.width, shape.width, bias=False)

    def forward(self, x: Tensor, last: int) -> Tensor:
        """Of the `last` positions only."""
        batch, length, width = x.shape
        qkv = self.qkv_proj(x).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        if last == length:
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            ones = torch.ones(last, length, dtype=torch.bool, device=x.device)
            mask = ones.tril(length - last)
            mixed = functional.scaled_dot_product_attention(q[:, :, -last:], k, v, attn_mask=mask)
        out: Tensor = self.out_proj(mixed.transpose(1, 2).reshape(batch, last, width))
        return out


class FeedForward(nn.Module):
    """Two projections with a GELU between them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.up_proj = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down_proj = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down_proj(functional.gelu(self.up_proj(x)))
        return out


class Block(nn.Module):
    """Attention and feed-forward, each added to what it reads."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width, bias=False)
        self.attention = Attention(shape)
        self.feed_forward_norm = nn.LayerNorm(shape.width, bias=False)
        self.feed_forward = FeedForward(shape)

    def forward(self, x: Tensor, last: int) -> Tensor:
        """Of the `last` positions only."""
        x = x[:, -last:] + self.attention(self.attention_norm(x), last)
        out: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return out


class ByteDecoder(nn.Module):
    """Predicts the next byte after each of a stretch of bytes."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        self.embedding = nn.Embedding(BYTES, shape.width)
        self.position = nn.Embedding(shape.positions, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(shape.width, bias=False)
        self.head = nn.Linear(shape.width, BYTES, bias=False)

    def forward(self, tokens: Tensor, last: int | None = None) -> Tensor:
        """Logits [batch, last, 256] of the bytes after the `last` of tokens [batch, length]."""
        length = tokens.shape[1]
        x = self.embedding(tokens) + self.position.weight[:length]
        for i, block in enumerate(self.blocks):
            # Of the positions before the last ones only the inputs of later blocks are needed.
            x = block(x, length if last is None or i + 1 < len(self.blocks) else last)
        logits: Tensor = self.head(self.norm(x))
        return logits

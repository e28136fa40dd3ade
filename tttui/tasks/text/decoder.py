"""The small decoder over bytes as a function of arrays: what it expects after a stretch of bytes.

The same arithmetic as `tasks.text.model`, which a test compares it with. Symbols: x [batch, n,
width]; q, k, v [batch, heads, n, width / heads].
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass

BYTES = 256

EPSILON = 1e-5
"""Of the normalisations."""

Cache = tuple[tuple[Floats, Floats], ...]
"""Keys and values of every block, of what was read so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoder:
    """Weights by their names, as `shapes` has them."""

    weights: Mapping[str, Floats]
    heads: int

    @property
    def positions(self) -> int:
        """Bytes that it can look at."""
        return int(self.weights["position.weight"].shape[0])

    @property
    def blocks(self) -> int:
        return sum(name.endswith("attention.qkv_proj.weight") for name in self.weights)

    def read(self, tokens: Ints, before: Cache = ()) -> tuple[Floats, Cache]:
        """Logits [batch, 256] after tokens [batch, n], which follow what `before` was read."""
        W = self.weights
        past = before[0][0].shape[2] if before else 0
        n = tokens.shape[1]
        x = W["embedding.weight"][tokens] + W["position.weight"][past : past + n]
        cache = []
        for i in range(self.blocks):
            at = f"blocks.{i}"
            normed = _normed(x, W[f"{at}.attention_norm.weight"])
            mixed, state = self._attention(normed, at, before[i] if before else None)
            x = x + mixed
            cache.append(state)
            normed = _normed(x, W[f"{at}.feed_forward_norm.weight"])
            hidden = _gelu(normed @ W[f"{at}.feed_forward.up_proj.weight"].T)
            x = x + hidden @ W[f"{at}.feed_forward.down_proj.weight"].T
        logits = _normed(x[:, -1], W["norm.weight"]) @ W["head.weight"].T
        return logits, tuple(cache)

    def _attention(
        self, x: Floats, at: str, before: tuple[Floats, Floats] | None
    ) -> tuple[Floats, tuple[Floats, Floats]]:
        batch, n, width = x.shape
        qkv = x @ self.weights[f"{at}.attention.qkv_proj.weight"].T
        qkv = qkv.reshape(batch, n, 3, self.heads, width // self.heads).transpose(2, 0, 3, 1, 4)
        q, k, v = qkv
        if before is not None:
            k, v = (np.concatenate(pair, axis=2) for pair in zip(before, (k, v), strict=True))
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(np.float32(width // self.heads))
        past = k.shape[2] - n
        ahead = np.arange(k.shape[2]) > past + np.arange(n)[:, None]
        mixed = softmax(np.where(ahead, np.float32(-np.inf), scores)) @ v
        mixed = mixed.transpose(0, 2, 1, 3).reshape(batch, n, width)
        return mixed @ self.weights[f"{at}.attention.out_proj.weight"].T, (k, v)

    def continuations(
        self, read: Sequence[int], most: int, longest: int
    ) -> tuple[Floats, list[bytes]]:
        """Probabilities [256] of the byte after these, and the `most` probable ones, each with
        what is most probable after it, up to `longest` bytes."""
        logits, cache = self.read(np.array([read], dtype=np.int64))
        probable = softmax(logits)[0]
        first = np.argsort(-probable, kind="stable")[:most]
        chosen = [first]
        cache = tuple((np.repeat(k, most, axis=0), np.repeat(v, most, axis=0)) for k, v in cache)
        for _ in range(min(longest - 1, self.positions - len(read))):
            logits, cache = self.read(chosen[-1][:, None], cache)
            chosen.append(logits.argmax(axis=1))
        return probable, [bytes(column) for column in np.array(chosen, dtype=np.uint8).T]


def softmax(x: Floats) -> Floats:
    """Over the last axis."""
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return np.asarray(e / e.sum(axis=-1, keepdims=True))


def _normed(x: Floats, weight: Floats) -> Floats:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + np.float32(EPSILON)) * weight)


def _gelu(x: Floats) -> Floats:
    return np.asarray(np.float32(0.5) * x * (1 + _erf(x * np.float32(np.sqrt(0.5)))))


def _erf(x: Floats) -> Floats:
    """To 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26)."""
    size = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * size)
    terms = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
    total = np.zeros_like(t)
    for term in reversed(terms):
        total = (total + np.float32(term)) * t
    return np.asarray(np.copysign(1 - total * np.exp(-size * size), x))

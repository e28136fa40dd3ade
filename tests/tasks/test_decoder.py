"""The decoder as a function of arrays computes what the module of torch computes."""

import numpy as np
import torch

from tttui.tasks.text.decoder import Decoder, softmax
from tttui.tasks.text.shipped import shipped
from tttui.tasks.text.task import base

TOKENS = np.random.default_rng(0).integers(0, 256, (3, 96))


def decoder() -> Decoder:
    shape, weights = shipped()
    return Decoder(weights, shape["heads"])


def logits_of_torch(tokens: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return np.asarray(base()(torch.from_numpy(tokens))[:, -1].numpy())


def test_logits_are_those_of_torch() -> None:
    logits, _ = decoder().read(TOKENS)
    np.testing.assert_allclose(logits, logits_of_torch(TOKENS), atol=1e-4)


def test_logits_are_those_of_torch_with_other_weights() -> None:
    shape, weights = shipped()
    rng = np.random.default_rng(1)
    moved = {
        name: W + 0.05 * rng.standard_normal(W.shape).astype(np.float32)
        for name, W in weights.items()
    }
    model = base()
    model.load_state_dict({name: torch.from_numpy(W) for name, W in moved.items()})
    with torch.no_grad():
        expected = model(torch.from_numpy(TOKENS))[:, -1].numpy()
    logits, _ = Decoder(moved, shape["heads"]).read(TOKENS)
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_reading_on_is_reading_all_at_once() -> None:
    model = decoder()
    _, cache = model.read(TOKENS[:, :40])
    _, cache = model.read(TOKENS[:, 40:41], cache)
    logits, _ = model.read(TOKENS[:, 41:], cache)
    np.testing.assert_allclose(logits, model.read(TOKENS)[0], atol=1e-4)


def test_continuations_are_the_most_probable_bytes_and_what_follows_them() -> None:
    read = list(b"import os\nimport sys\nimport ")
    probable, texts = decoder().continuations(read, 5, 4)
    np.testing.assert_allclose(probable.sum(), 1.0, rtol=1e-5)
    expected = softmax(logits_of_torch(np.array([read])))[0]
    assert [text[0] for text in texts] == np.argsort(-expected)[:5].tolist()
    for text in texts:
        for k in range(1, 4):
            following = logits_of_torch(np.array([[*read, *text[:k]]]))
            assert text[k] == int(following.argmax())


def test_continuations_end_where_the_model_can_look_no_further() -> None:
    _, texts = decoder().continuations([10] * 254, 5, 10)
    assert {len(text) for text in texts} == {3}

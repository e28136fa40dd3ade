"""Names of parameters are shortened so that what they are called longest stays."""

import pytest

from tttui.model.names import name_forms
from tttui.model.numbers import choose

ADAPTER = "model.layers.0.self_attn.q_proj.lora_A.default.weight"


@pytest.mark.parametrize(
    ("name", "room", "shown"),
    [
        (ADAPTER, 60, ADAPTER),
        (ADAPTER, 40, "model.layers.0.self_attn.q_proj.lora_A"),
        (ADAPTER, 30, "m.l.0.self_attn.q_proj.lora_A"),
        (ADAPTER, 17, "0.s.q_proj.lora_A"),
        (ADAPTER, 12, "0.s.q_proj.A"),
        ("blocks.0.feed_forward.up_proj.weight", 13, "b.0.f.up_proj"),
        ("blocks.0.norm.bias", 13, "b.0.norm.bias"),
        ("weight", 6, "weight"),
    ],
)
def test_a_name_keeps_what_tells_it_from_others(name: str, room: int, shown: str) -> None:
    assert choose(name_forms(name), room) == shown

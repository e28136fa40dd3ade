"""Names of parameters, shortened to the room there is."""

from tttui.model.numbers import Forms

SAYS_NOTHING = ("weight", "default")
"""Endings that parameters have where nothing tells them apart: a bias keeps its name, and the
adapters of peft are `default`."""


def name_forms(name: str) -> Forms:
    """A name from whole to short, as `layers.0.attn.q.lora_A.default.weight`: without its endings,
    `l.0.attn.q.lora_A`, `l.0.a.q.lora_A`, `0.a.q.lora_A`, `0.a.q.A`: what a layer is called tells
    most."""
    parts = name.split(".")
    texts = [name]
    while len(parts) > 1 and parts[-1] in SAYS_NOTHING:
        del parts[-1]
    number = next((i for i, part in enumerate(parts) if part.isdigit()), 0)
    layer = len(parts) - (2 if parts[-1].startswith("lora_") else 1)
    texts.append(".".join(parts))
    for i in range(layer):
        parts[i] = parts[i] if parts[i].isdigit() else parts[i][:1]
        if i + 1 >= number:
            texts.append(".".join(parts))
    parts = parts[number:]
    texts.append(".".join(parts))
    parts[-1] = parts[-1].removeprefix("lora_")
    texts.append(".".join(parts))
    parts = [part if part.isdigit() or part.isupper() else part[:1] for part in parts]
    return tuple(dict.fromkeys([*texts, ".".join(parts)]))

"""Names of parameters, shortened to the room there is."""

from tttui.model.numbers import Forms


def name_forms(name: str) -> Forms:
    """A name from whole to short: `blocks.0.norm.weight`, `b.0.norm.weight`, `b.0.n.weight`."""
    parts = name.split(".")
    texts = [name]
    for i in range(len(parts) - 1):
        parts[i] = parts[i] if parts[i].isdigit() else parts[i][:1]
        texts.append(".".join(parts))
    return tuple(texts)

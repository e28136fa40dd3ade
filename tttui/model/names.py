"""Names of parameters, shortened to the room there is."""

from tttui.model.numbers import Forms


def name_forms(name: str) -> Forms:
    """A name from whole to short: `blocks.0.norm.weight`, `b.0.norm.weight`, `b.0.norm.w`,
    `b.0.n.w`: what a layer is called tells most."""
    parts = name.split(".")
    texts, last = [name], len(parts) - 1
    for i in (*range(last - 1), last, last - 1) if last else ():
        parts[i] = parts[i] if parts[i].isdigit() else parts[i][:1]
        texts.append(".".join(parts))
    return tuple(dict.fromkeys(texts))

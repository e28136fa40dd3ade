"""The faults that can be injected on purpose into a running session."""

FAULTS: dict[str, str] = {
    "nan": "the observation at STEP is NaN",
    "gradient": "the gradient of the first update at or after STEP is blown up",
    "mu": "the hidden friction jumps to the other end of its range at STEP",
    "chunk": "one chunk of observations from STEP on is garbage",
    "disk": "the disk is full at STEP",
}
"""Kind -> what it does."""


def fault_at_step(text: str) -> tuple[int, str]:
    """`nan@200` -> (200, "nan"). Raises ValueError saying what is wrong."""
    kind, _, step = text.partition("@")
    if kind not in FAULTS:
        raise ValueError(f"{text!r} is of an unknown kind {kind!r}; known are {', '.join(FAULTS)}")
    if not step.isdigit() or int(step) < 1:
        raise ValueError(f"{text!r} needs a step of at least 1, for example {kind}@200")
    return int(step), kind

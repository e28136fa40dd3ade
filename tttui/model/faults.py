"""The faults that can be injected on purpose into a running session."""

FAULTS: dict[str, str] = {
    "nan": "the observation at STEP is NaN",
    "gradient": "the gradient of the first update at or after STEP is blown up",
    "mu": "the hidden friction jumps to the other end of its range at STEP",
    "chunk": "one chunk of observations from STEP on is garbage",
    "disk": "the disk is full at STEP",
}
"""Kind -> what it does."""

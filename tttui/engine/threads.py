"""How compute threads wait for each other.

Those of a CPU's torch spin while they wait, and when a machine has other things to do as well, two
of them are then a hundred times slower than one. Asleep they cost a few microseconds to wake.
"""

import os


def let_threads_sleep() -> None:
    """Let waiting threads sleep, unless the person chose; call it before torch is imported."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

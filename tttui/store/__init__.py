"""The headless core of the app: a thread that reads, and a feed for each part of what is shown."""

from tttui.store.core import Store
from tttui.store.snapshot import Snapshot

__all__ = ["Snapshot", "Store"]

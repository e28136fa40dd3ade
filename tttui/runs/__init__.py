"""Sessions as they are run, and what would have become of them."""

"""Matrix: what providers can do and how fast, and tests of it."""

"""Jobs: all of them, one in detail, and what can be done with it."""

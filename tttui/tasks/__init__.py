"""Tasks: those that ship, and the protocol for others."""

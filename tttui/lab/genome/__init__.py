"""Compositions of skills over one base, and which skills a process holds in memory."""

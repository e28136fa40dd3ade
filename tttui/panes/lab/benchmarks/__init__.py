"""Benchmarks: rankings with their intervals, two contenders side by side, and the history."""

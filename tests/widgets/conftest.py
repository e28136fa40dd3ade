"""Widgets are shown by small apps of their own."""

from tests.waiting import no_guessing

__all__ = ["no_guessing"]

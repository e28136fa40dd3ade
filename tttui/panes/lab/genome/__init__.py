"""The view of skills over their base."""

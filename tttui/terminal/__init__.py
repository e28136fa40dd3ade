"""What the app writes to: a terminal that may be slow, strange, or go away."""

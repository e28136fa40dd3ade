"""The task that ships first: a point mass with hidden friction."""

"""What a session of the point mass is, for all who read or write one: its settings, checked."""

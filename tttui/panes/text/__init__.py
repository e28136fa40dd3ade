"""Tab 4 of tasks that read a text."""

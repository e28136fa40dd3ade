"""What a model can be asked to do while it learns: the tasks that ship, and those of others."""

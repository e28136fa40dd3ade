"""Training: jobs that train, their curves over each other, and what can be done with them."""

"""Training on data as a job: the loop, its estimates, and what comes of it."""

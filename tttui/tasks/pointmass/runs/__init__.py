"""The sessions of the point mass: made, run, continued, forked and verified."""

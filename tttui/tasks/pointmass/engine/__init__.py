"""The learner of the point mass: the frozen and the adaptive model, alone or many side by side."""

"""Tab 4: Physics for the point mass, recorded series for other tasks."""

"""The dashboard: an overview of the current activity."""

"""The dashboard: what goes on now, at a glance."""

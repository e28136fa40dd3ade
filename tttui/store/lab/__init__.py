"""The headless core of the lab: jobs, events and what else lies below `<root>/.lab`."""

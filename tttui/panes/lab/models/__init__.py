"""The view of the registry: versions, personas, where they come from."""

"""The terminal of the app, which may be slow, limited, or disconnected."""

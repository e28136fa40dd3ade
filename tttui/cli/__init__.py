"""The command line: everything the app can do to a session, for scripts; a module a command."""

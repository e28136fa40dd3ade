"""Logs and Events: tables of what comes, the newest at the end, and one of it in full."""

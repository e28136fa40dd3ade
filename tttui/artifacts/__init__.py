"""Finding, reading, tailing, watching and writing the files of a session; no torch, no screen."""

"""Sessions with spoiled files, and everything that is done to sessions.

    python -m tests.fuzz 10000

spoils 10 000 files, one after another, and says what ended with a traceback, took more than 5 s,
more than 500 MB, changed or showed a file outside, or printed anything but text. Cases are
numbered: `--seed` and a number give the same case again (`--only 1234`).
"""

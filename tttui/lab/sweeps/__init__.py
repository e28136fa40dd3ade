"""Sweeps: one task under many settings, on the same held-out streams.

`space` reads what is varied and makes the members of it, `plan` is what is fixed before the first
one is computed, `computing` computes members, on one device side by side where they can be, and
`outcome` says what came of them: a table, the effect of each setting, the best.
"""

"""What-if: what a session would have become with other settings, computed in memory.

    reason = can_replay(data)                          # why not, and what would make it possible
    found = knobs(data, at=0)                          # what can be turned, and how
    value = found[1].turned(found[1].value, -2)        # two ticks down: lr 0.02 -> 0.012
    asked = changes(found, {"lr": value})              # what differs from the recorded session
    refusal(data, 0, asked)                            # why the engine would not, one line or ''

    worker = WhatIfWorker(publish)                     # publish(result): in the worker's thread
    known = PastStates()                               # one for each session that is looked at
    worker.ask(WhatIf(Request(data, at=0, changes=asked), known))
    ...                                                # the next ask takes its place at once
    worker.close()

`data` is the SessionData of the reader (in the app: the snapshot's). `result.WhatIfResult` is what
`publish` gets: steps, transactions, sentence and table, from step `at` on. The names stand in
`replayable`, `knobs`, `whatif`, `worker`, `result` and `pointmass`.
"""

"""What-if: what a session would have become with other settings, computed in memory.

    reason = can_replay(data)                          # why not, and what would make it possible
    found = knobs(data, at=0)                          # what can be turned, and how
    value = found[1].turned(found[1].value, -2)        # two ticks down: lr 0.02 -> 0.012
    asked = changes(found, {"lr": value})              # what differs from the recorded session
    refusal(data, 0, asked)                            # why the engine would not, one line or ''

    worker = WhatIfWorker(publish)                     # publish(result): in the worker's thread
    known = PastStates()                               # one for each session and worker
    request = Request(data, at=0, changes=asked)
    worker.ask(WhatIf(request, known))                 # publishes WhatIfResults
    worker.ask(Seeds(request, 32))                     # instead: is it luck? SeedsResults
    worker.ask(Sensitivity(request, known))            # instead: what matters? SensitivityResults
    worker.close()                                     # the next ask would take its place at once
    keep(result, root, told)                           # in a thread: a session of a WhatIfResult

`data` is the SessionData of the reader (in the app: the snapshot's). A `result.WhatIfResult` has
steps, transactions, `sentence`, `verdict` and table (`lines`) from step `at` on; `luck.SeedsResult`
and `sensitivity.SensitivityResult` have a `sentence` as well. All say how far they are (`state`,
`finished`) and, in one line, what failed (`error`).
"""

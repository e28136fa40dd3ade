"""The lab: asynchronous jobs with their launchers, events and logs, all of it in files.

For screens and programs: `jobs` lists and finds, `reader` follows one job, `starting` starts,
`steering` cancels, resumes and removes, `events.subscribe` tells what changes.
"""

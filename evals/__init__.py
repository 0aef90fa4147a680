"""The phone on this machine, its desk, and whether an agent does what is expected of it.

    local       the harness and the twin in one process
    format      what a scenario may say, and its file
    playing     a scenario played on the twin, and what is to be seen of it
    records     records of real turns: made into scenarios, and taken again
    custom      evaluators of your own
    judging     whether what is expected was done, and how it was texted
    runs        scenarios gathered and evaluated, and the runs they came to
    verdicts    what runs allow to say, and how surely
    reports     what runs came to, for people and for a build server
    desk        what one can do about a phone's turns, in the browser
    commands    the commands about all that

Each may import those above it, never one below. `evals/scenarios/` has the scenarios themselves.
"""

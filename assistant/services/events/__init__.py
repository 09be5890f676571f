"""Tell followers live what happens to a job, by a log of numbered events and a cursor into it.

    worker ──► log (a Redis stream per job) ──► hub (one reader per web process) ──► followers

Events are numbered, always growing, also across attempts and a flushed Redis: `attempt · 2³² + n`.
While an attempt runs only its worker emits, counting `n` from 0. What others say of a job (that it
is queued again) has `n = 2³¹ + version`; `done` is the last number there is.

The log may be lost at any time. What a follower misses is made up for from PostgreSQL, where each
checkpoint keeps a reply's text together with the number of the event that it includes; and the
last event always comes from there. So the text put together from the events is the stored one.
"""

"""What is so in the end: nothing lost, nothing twice, nothing left of what was deleted."""

from collections import Counter

from benchmarks.beside.crowd import STORIES, Crowd
from benchmarks.beside.papers import large
from benchmarks.beside.people import NEW, OLD
from benchmarks.beside.releases import MARK, Releases
from benchmarks.drill.audit import Audit
from benchmarks.drill.documents import chunks_whole, vectors_equal
from benchmarks.drill.ending import OPEN, UPKEEP_SECONDS, Rows
from benchmarks.drill.ledger import Ledger, Strike
from benchmarks.drill.promise import Promise
from benchmarks.drill.promises import lawful, repeated
from benchmarks.drill.victims import until

# With all that the release of now reads anew by itself.
LIMIT_SECONDS = 300.0
BOTH = ((OLD, NEW), (NEW, OLD))
LEAST_KILLS = 4
# Who does the same in both releases; what is long is left to the new one.
WORK = ("replies", "indexing")
QUOTES = """
    SELECT count(*) FROM messages m, jsonb_to_recordset(m.citations) AS cited
        (document_id uuid, quote text)
    WHERE jsonb_typeof(m.citations) = 'array' AND cited.quote IS NOT NULL
        AND NOT EXISTS (SELECT FROM documents d WHERE d.id = cited.document_id
            AND d.deleted_at IS NULL)
"""


def verdict(releases: Releases, crowd: Crowd, ledger: Ledger) -> list[Promise]:
    """Wait until everything has ended, and check every promise."""
    ended = until(lambda: releases.books.one(OPEN) == 0, LIMIT_SECONDS)
    rows = Rows(releases)
    audit = Audit(releases.books)
    return [
        Promise("stories that went wrong", f"{len(crowd.broken)}", crowd.broken),
        _played(crowd),
        _by_both(rows),
        _killed(ledger),
        _ended(rows, in_time=ended),
        _accepted(crowd, rows),
        repeated(None, rows),
        lawful(None, rows),
        chunks_whole(None, rows),
        vectors_equal(None, rows),
        Promise("writes without the right to", audit.figure, audit.broken),
        _quotes(releases),
    ]


def _played(crowd: Crowd) -> Promise:
    """Each story was played in both directions."""
    names = [story.__name__ for story in (*STORIES, large)]
    missing = [f"{n}, {a} to {b}" for n in names for a, b in BOTH if not crowd.played[n, a, b]]
    figure = f"{crowd.played.total()} stories of {len(names)} kinds"
    return Promise("stories that were not played across", figure, missing)


def _by_both(rows: Rows) -> Promise:
    """Both releases worked on the jobs, and went on with what the other had begun."""
    workers = Counter(a.worker.partition("@")[0] for tries in rows.attempts.values() for a in tries)
    missing = [name for work in WORK for name in (work, f"{MARK}{work}") if not workers[name]]
    figure = ", ".join(f"{name} {count}" for name, count in sorted(workers.items()))
    return Promise("workers that did nothing", figure, missing)


def deaths(ledger: Ledger) -> list[Strike]:
    """Return the kills that met somebody with a job."""
    return [strike for strike in ledger.strikes if strike.victims]


def _killed(ledger: Ledger) -> Promise:
    """Enough of them died in the middle of a job."""
    hits = deaths(ledger)
    figure = f"{len(hits)} of {len(ledger.strikes)} kills, with {sum(len(s.victims) for s in hits)}"
    few = [figure] * (len(hits) < LEAST_KILLS)
    return Promise(f"deaths with a job (at least {LEAST_KILLS})", f"{figure} attempts", few)


def _ended(rows: Rows, *, in_time: bool) -> Promise:
    """All jobs have ended; those that failed were told why, and nobody expected it."""
    states = Counter(job.state for job in rows.jobs.values())
    broken = [f"{j.id} {j.kind} is {j.state}" for j in rows.jobs.values() if not j.finished_at]
    broken += [] if in_time or broken else ["they had not ended in time"]
    return Promise(
        "jobs that did not end", ", ".join(f"{n} {s}" for s, n in states.items()), broken
    )


def _accepted(crowd: Crowd, rows: Rows) -> Promise:
    """Whatever was answered with 202 is there."""
    accepted = {job for person in crowd.cast.people for job in person.accepted}
    missing = [f"{job}: no such row" for job in sorted(accepted - rows.jobs.keys())]
    return Promise("lost", f"{len(missing)} of {len(accepted)} accepted", missing)


def _quotes(releases: Releases) -> Promise:
    """No reply quotes what was deleted, whichever release deleted it, once upkeep has looked."""
    until(lambda: releases.books.one(QUOTES) == 0, UPKEEP_SECONDS)
    left = releases.books.one(QUOTES)
    return Promise("quotes of deleted documents", str(left), [f"{left} are left"] * (left > 0))

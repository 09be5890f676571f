"""The account of a fuzz: what was promised, what was seen, and what was broken."""

import os
import platform
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.accept import cpu_name
from benchmarks.drill.books import Books
from benchmarks.drill.promise import Promise
from benchmarks.drill.report import tell
from benchmarks.fuzz.folders import Folders
from benchmarks.fuzz.neighbour import Neighbour
from benchmarks.fuzz.processes import Watch
from benchmarks.fuzz.senders import Senders, wrong
from benchmarks.stack import Whole
from benchmarks.uploads import GOAL

OPEN = "SELECT id, kind, state FROM jobs WHERE finished_at IS NULL"
ATTEMPTS = """
    SELECT attempt.job_id, attempt.queue, attempt.outcome, attempt.reason ->> 'code' AS code
    FROM job_attempts AS attempt
    WHERE attempt.outcome = 'lease_lost' OR attempt.queue = 'quarantine'
       OR attempt.reason ->> 'code' = 'internal_error'
"""
ENDS = """
    SELECT state, coalesce(error ->> 'code', state) AS code, count(*) AS jobs FROM jobs
    WHERE document_id IN (SELECT id FROM documents WHERE parent_id IS NOT NULL)
    GROUP BY 1, 2 ORDER BY 1, 2
"""
# What Celery says of a process of its pool that died, and anybody of what was not foreseen.
TROUBLE = re.compile(r"Traceback \(most recent|WorkerLostError|exited with .signal|unexpectedly")


@dataclass
class Seen:
    """What there is to look at when the last job has ended."""

    whole: Whole
    senders: Senders
    neighbour: Neighbour
    watch: Watch
    folders: Folders
    seconds: float


def verdict(seen: Seen, books: Books, seed: int) -> bool:
    """Print all figures, and return whether every promise was kept."""
    _figures(seen)
    good = tell(list(_promises(seen, books)))
    print(f"\n{os.cpu_count()} cores, {cpu_name()}, Python {platform.python_version()},", end=" ")
    print(f"{seen.seconds:.0f} s; seed {seed}")
    return good


def _figures(seen: Seen) -> None:
    statuses = seen.senders.statuses
    print(f"\n{'answers':<24} {_counted(statuses)}")
    print(f"{'ends':<24} {_counted(Counter(one.end for one in seen.senders.sent))}")


def _promises(seen: Seen, books: Books) -> Iterator[Promise]:
    sent, watch, neighbour = seen.senders.sent, seen.watch, seen.neighbour
    failures = [
        f"{n} answers of {status}" for status, n in seen.senders.statuses.items() if status >= 500
    ]
    yield Promise("answers of 5xx", f"{len(failures)} kinds", failures)
    bad = list(wrong(sent))
    yield Promise("files that ended wrongly", f"{len(bad)} of {len(sent)}", bad)
    unended = [str(row.id) for row in books.rows(OPEN)]
    yield Promise("jobs without an end", str(len(unended)), unended)
    within = books.rows(ENDS)
    figure = ", ".join(f"{row.jobs} {row.code}" for row in within) or "none"
    unexpected = [row.code for row in within if row.code == "internal_error"]
    yield Promise("attachments, as documents of their own", figure, unexpected)
    lost = [f"{row.job_id}: {row.queue}, {row.outcome}, {row.code}" for row in books.rows(ATTEMPTS)]
    yield Promise("internal errors, lost leases, quarantine", str(len(lost)), lost)
    died = watch.died()
    yield Promise("programs that died", f"{len(died)} of {len(watch.programs())}", died)
    lines = _troubles(seen)
    yield Promise("troubles in the logs", str(len(lines)), lines)
    parsers = list(watch.parsers.values())
    memory = max((one.memory for one in parsers), default=0)
    seconds = max((one.seconds for one in parsers), default=0.0)
    figure = f"of {len(parsers)} seen; most memory {memory >> 20} MiB, longest {seconds:.1f} s"
    yield Promise("parsers over their limits", figure, watch.over())
    left = watch.left()
    yield Promise("parsers that still run", str(len(left)), left)
    changed = seen.folders.changed()
    yield Promise("files where none should be", str(len(changed)), changed)
    yield _delays(neighbour)


def _delays(neighbour: Neighbour) -> Promise:
    times, idle = neighbour.times, neighbour.idle
    late = [time for time in times if time > GOAL * idle]
    broken = [*neighbour.troubles, *(f"{time:.0f} ms" for time in sorted(late, reverse=True))]
    if not times:
        return Promise("another owner's files delayed", "none was measured", ["none"])
    figure = f"{len(late)} of {len(times)} above {GOAL:g} times {idle:.0f} ms; "
    figure += f"median {median(times) / idle:.2f} times, worst {max(times) / idle:.2f} times"
    return Promise("another owner's files delayed", figure, broken)


def _troubles(seen: Seen) -> list[str]:
    found = []
    for path in sorted(seen.whole.stack.folder.log.iterdir()):
        text = path.read_text(errors="replace") if path.is_file() else ""
        for match in TROUBLE.finditer(text):
            found.append(f"{path.name}: {text[match.start() : match.start() + 300]!r}")
    return found


def _counted(counts: Counter[int] | Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items(), key=str))

"""What was promised of workers that thaw when others have their jobs, and of those that leave."""

import json

from benchmarks.drill.audit import Audit
from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending
from benchmarks.drill.enough import freezes
from benchmarks.drill.ledger import LINGERING, POSTGRES, Strike, overlap
from benchmarks.drill.promise import Promise
from benchmarks.drill.stage import Stage

WORKERS = ("replies", "indexing", "long_indexing", "quarantine")
LONGEST_LEAVING = 20.0


def refused(drill: Drill, ending: Ending) -> Promise:
    """Attempts that were overtaken while their worker was frozen tried to write, and could not."""
    strikes = [s for s in freezes(drill.ledger.strikes) if s.victims]
    overtaken = {
        (str(job), number)
        for strike in strikes
        for job, number in strike.victims
        if _outcome(ending, str(job), number) == "lease_lost"
    }
    attempts = refused_attempts(drill.stage)
    figure = f"{len(attempts & overtaken)} of {len(overtaken)} attempts overtaken in {len(strikes)}"
    figure += f" freezes, and {len(attempts - overtaken)} others"
    least = drill.scale.least_refused
    short = len(attempts & overtaken) < least
    return Promise(f"frozen attempts refused (at least {least})", figure, [figure] * short)


def refused_attempts(stage: Stage) -> set[tuple[str, int]]:
    """Return the attempts of which a worker tells that the fence refused a write."""
    found = set()
    for path in stage.application.logs(*WORKERS):
        for line in path.read_text(errors="replace").splitlines():
            if "write refused" in line and line.startswith("{"):
                said = json.loads(line)
                if said.get("message") == "write refused" and "attempt" in said:
                    found.add((str(said["job_id"]), int(said["attempt"])))
    return found


def written(drill: Drill, ending: Ending) -> Promise:
    """No attempt wrote anything once another had taken its job, or its job had ended."""
    audit = Audit(drill.stage.books)
    return Promise("writes without the right to", audit.figure, audit.broken)


def leaving(drill: Drill, ending: Ending) -> Promise:
    """Who is told to leave gives its jobs back and is gone in time; nothing counts as a loss."""
    ledger, broken, given, longest = drill.ledger, [], 0, 0.0
    strikes = [s for s in ledger.strikes if s.kind.startswith("SIGTERM")]
    for strike in strikes:
        seconds = strike.ended - strike.began
        longest = max(longest, seconds)
        if seconds > LONGEST_LEAVING:
            broken.append(f"{strike.kind} at {strike.began:.1f}: {seconds:.1f} s")
        others = {v for s in ledger.strikes if s is not strike for v in s.victims}
        for victim in set(strike.victims) - others:
            outcome = _outcome(ending, str(victim[0]), victim[1])
            given += outcome == "released"
            if outcome == "lease_lost" and not _while_postgres_failed(drill, strike):
                broken.append(f"{strike.kind}: {victim[0]} attempt {victim[1]} was lost")
    figure = f"{len(strikes)} deploys, {given} jobs given back, gone after at most {longest:.1f} s"
    return Promise("deploys that did harm", figure, broken)


def _outcome(ending: Ending, job_id: str, number: int) -> str | None:
    attempts = ending.attempts.get(job_id, [])
    return next((a.outcome for a in attempts if a.attempt == number), None)


def _while_postgres_failed(drill: Drill, strike: Strike) -> bool:
    windows = drill.ledger.windows(*POSTGRES, after=LINGERING)
    return overlap(strike.began, strike.ended, windows)

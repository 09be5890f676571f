"""`python -m benchmarks.beside`: OLD names the earlier release; SECONDS, SEED and KEEP as usual."""

import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.beside import papers
from benchmarks.beside.checkout import NoSuchCommit, check_out
from benchmarks.beside.crowd import Crowd
from benchmarks.beside.kills import Kills
from benchmarks.beside.people import NEW, OLD, Broken, Person, Web
from benchmarks.beside.releases import Releases, flask, set_up
from benchmarks.beside.scene import Cast
from benchmarks.beside.verdict import LEAST_KILLS, deaths, verdict
from benchmarks.beside.views import READ_ANEW, demand_quotes, unlike, view
from benchmarks.drill.ending import OPEN
from benchmarks.drill.ledger import Ledger
from benchmarks.drill.promise import Promise
from benchmarks.drill.report import tell
from benchmarks.drill.victims import find, until
from tests.upgrades import fill

SECONDS = 60.0
# On a busy machine it takes longer until each story was played in each direction.
PLAYED_SECONDS = 900.0
COMPARED = 30
SHOWN = 12


def main() -> None:
    """Run both releases beside each other, and leave with the verdict."""
    old = os.environ.get("OLD") or sys.exit("OLD names no commit: make beside OLD=<commit>")
    seed = int(os.environ.get("SEED") or secrets.randbelow(1_000_000))
    seconds = float(os.environ.get("SECONDS") or SECONDS)
    keep, began = os.environ.get("KEEP", ""), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="beside-") as name:
        folder = Path(name)
        try:
            code = check_out(old, folder / "code")
        except NoSuchCommit as error:
            print(f"SKIPPED, and nothing was shown. {error}")
            return
        say(f"make beside OLD={old} SECONDS={seconds:g} SEED={seed}", began)
        try:
            with set_up(folder, code) as releases:
                promises = Run(releases, seed, seconds, began).promises()
        finally:
            for log in folder.glob("*/log") if keep else ():
                shutil.copytree(log, Path(keep) / log.parent.name, dirs_exist_ok=True)
    good = tell(promises)
    say("All promises were kept." if good else "BROKEN", began)
    sys.exit(0 if good else 1)


def say(words: str, began: float) -> None:
    """Print how long it has taken until here, and what comes."""
    print(f"{time.monotonic() - began:4.0f} s: {words}", flush=True)


class Run:
    """One run, phase by phase."""

    def __init__(self, releases: Releases, seed: int, seconds: float, began: float) -> None:
        self.releases = releases
        self.seconds = seconds
        self.began = began
        self.seed = seed
        self.ledger = Ledger()
        self.old = Web(OLD, releases.old.url)
        self.new = Web(NEW, releases.new.url)

    def promises(self) -> list[Promise]:
        """Fill, migrate, run beside each other, let the old one leave; return what was kept."""
        crowd = self.fill()
        try:
            self.migrate(crowd)
            deaths = self.beside(crowd)
            alike = self.compare(crowd)
            self.leave(crowd)
        finally:
            crowd.leave()
        say(f"{crowd.played.total()} stories; waiting for the end.", self.began)
        promises = verdict(self.releases, crowd, self.ledger)
        return [*promises, alike, self.before(), self.answered(), deaths]

    def fill(self) -> Crowd:
        """Start the old release, and fill its database through its API."""
        say("Starting the release before.", self.began)
        releases = self.releases
        releases.start(releases.old)
        admin = Person("operator")
        secret = releases.old.settings.data_dir / "operator"
        secret.write_text(admin.password)
        mail = "operator@example.org"
        flask(
            releases.old, "users", "create-admin", admin.name, mail, "--password-file", str(secret)
        )
        admin.sign_in(self.old)
        say("Filling it.", self.began)
        fill.fill(f"{releases.old.url}/api/v1")
        self.known = [Person(name, fill.PASSWORD) for name in ("ada", "Robert")]
        self.views = {}
        for somebody in self.known:
            somebody.sign_in(self.old)
            self.views[somebody.name] = view(somebody, self.old)
        crowd = Crowd(Cast(releases.books, admin), self.seed)
        crowd.go_on((self.old, self.old))
        until(crowd.has_played_all, PLAYED_SECONDS)
        return crowd

    def migrate(self, crowd: Crowd) -> None:
        """Migrate, and start the new release, while the old one serves."""
        say(f"{crowd.played.total()} stories; migrating while they go on.", self.began)
        releases = self.releases
        flask(releases.new, "db", "upgrade")
        say(f"{crowd.played.total()} stories; starting the release of now beside.", self.began)
        releases.start(releases.new)

    def beside(self, crowd: Crowd) -> Promise:
        """Let both serve and work, and kill of both."""
        say(f"{crowd.played.total()} stories; both are there.", self.began)
        crowd.cast.new_is_there = True
        crowd.go_on((self.old, self.new), (self.new, self.old), once=[papers.large])
        kills = Kills(self.releases, self.ledger)
        kills.start()
        enough = time.monotonic() + self.seconds

        def is_done() -> bool:
            killed = len(deaths(self.ledger)) >= LEAST_KILLS
            return time.monotonic() > enough and killed and crowd.has_played_all()

        until(is_done, PLAYED_SECONDS)
        kills.stop()
        crowd.rest()
        return Promise("troubles of the killer", str(len(kills.broken)), kills.broken)

    def compare(self, crowd: Crowd) -> Promise:
        """While nothing happens, both show the same to everybody."""
        say(f"{crowd.played.total()} stories; comparing what both show.", self.began)
        broken: list[str] = []
        people = [*self.known, *crowd.cast.people[-COMPARED:]]
        # What the new release reads anew by itself, too.
        until(lambda: self.releases.books.one(OPEN) == 0, PLAYED_SECONDS)
        for somebody in people:
            somebody.sign_in(self.new)
            seen = view(somebody, self.old), view(somebody, self.new)
            different = unlike(*seen, grown=False)
            broken += [f"{somebody.name} {each}" for each in different[:SHOWN]]
        return Promise("what old and new show differently", f"to {len(people)} people", broken)

    def leave(self, crowd: Crowd) -> None:
        """Stop the old release while the new one goes on."""
        say("Stopping the release before.", self.began)
        crowd.go_on((self.new, self.new))
        self.releases.stop(self.releases.old)
        until(crowd.has_played_all, PLAYED_SECONDS)
        crowd.rest()
        # A sweeper that has just started looks at all that the old release has left.
        if (sweeper := find(self.releases, "sweeper")) is not None:
            sweeper.signal(signal.SIGTERM)

    def before(self) -> Promise:
        """What was there before the upgrade is shown as it was then."""
        broken: list[str] = []
        for somebody in self.known:
            somebody.sign_in(self.new)
            seen = view(somebody, self.new)
            different = unlike(self.views[somebody.name], seen, READ_ANEW, grown=True)
            broken += [f"{somebody.name} {each}" for each in different[:SHOWN]]
            try:
                demand_quotes(somebody, self.new, seen)
            except Broken as error:
                broken.append(str(error))
        return Promise("what was there before and is not", f"of {len(self.known)} people", broken)

    def answered(self) -> Promise:
        """Nobody was answered with an error of the server."""
        broken = [
            f"{web.release}: {count} times {status}"
            for web in (self.old, self.new)
            for status, count in sorted(web.statuses.items())
            if status >= 500
        ]
        figure = (
            f"of {self.old.statuses.total()} by the old, {self.new.statuses.total()} by the new"
        )
        return Promise("answers with 5xx", figure, broken)


if __name__ == "__main__":
    main()

"""People who use the API of either release, and insist on what it promises."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

# What the releases are called here.
OLD, NEW = "old", "new"
PAUSE = 0.2
WAIT_SECONDS = 20.0
ENDED = ("succeeded", "failed", "cancelled")
# A worker may have died with it, twice; then it waits for its turn in quarantine.
ENDED_SECONDS = 600.0


class Broken(Exception):
    """Something that was promised is not so."""


def demand(is_so: object, words: str) -> None:
    """Raise `Broken` with these words unless it is so."""
    if not is_so:
        raise Broken(words)


class Web:
    """The API of a release, and a count of how it answered."""

    def __init__(self, release: str, url: str) -> None:
        self.release = release
        self.statuses: Counter[int] = Counter()
        self._lock = threading.Lock()
        self.http = httpx.Client(base_url=f"{url}/api/v1", timeout=90, trust_env=False)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request; no answer, and one that blames the server, is a broken promise."""
        try:
            response = self.http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise Broken(f"{self.release}: {method} {path}: {error!r}") from error
        with self._lock:
            self.statuses[response.status_code] += 1
        if response.status_code >= 500:
            raise Broken(self._told(response))
        return response

    def _told(self, response: httpx.Response) -> str:
        asked = response.request
        said = response.text[:300]
        return f"{self.release}: {asked.method} {asked.url.path}: {response.status_code} {said}"


@dataclass
class Person:
    """Somebody with a name and a password, who may be signed in."""

    name: str
    password: str = "correct horse battery"
    id: str = ""
    token: str = ""
    refresh_token: str = ""
    accepted: list[str] = field(default_factory=list)

    def register(self, web: Web) -> None:
        """Become a user."""
        account = {
            "username": self.name,
            "email": f"{self.name}@example.org",
            "password": self.password,
        }
        self.id = self.call(web, "POST", "/auth/register", json=account)["id"]

    def sign_in(self, web: Web) -> None:
        """Get a pair of tokens."""
        form = {"username": self.name, "password": self.password}
        self.take(self.call(web, "POST", "/auth/token", data=form))

    def take(self, tokens: dict[str, Any]) -> None:
        """Use these tokens from now on."""
        self.token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]

    def try_(
        self, web: Web, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Send a request with the token, and return whatever is answered."""
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        response = web.send(method, path, headers=headers, **more)
        if response.status_code == 202:
            self.accepted.append(response.json()["id"])
        return response

    def call(self, web: Web, method: str, path: str, **more: Any) -> Any:
        """Send a request that has to succeed; return the JSON of the answer."""
        response = self.try_(web, method, path, **more)
        told = f"{web.release}: {method} {path}: {response.status_code} {response.text[:300]}"
        demand(response.is_success, told)
        return response.json() if response.content else None

    def refused(self, web: Web, method: str, path: str, *statuses: int, **more: Any) -> None:
        """Send a request that has to be answered with one of these."""
        response = self.try_(web, method, path, **more)
        told = f"{web.release}: {method} {path}: {response.status_code} {response.text[:300]}"
        demand(response.status_code in statuses, f"{told}, not {statuses}")

    def until(
        self,
        web: Web,
        path: str,
        true: Callable[[dict[str, Any]], object],
        seconds: float = ENDED_SECONDS,
    ) -> dict[str, Any]:
        """Return what is at this path as soon as this is true of it."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            found: dict[str, Any] = self.call(web, "GET", path)
            if true(found):
                return found
            time.sleep(PAUSE)
        raise Broken(f"{web.release}: after {seconds:.0f} s {path} is {found}")

    def ended(self, web: Web, job_id: str, state: str = "succeeded") -> dict[str, Any]:
        """Return a job once it has ended, which has to be in this state."""
        path = f"/jobs/{job_id}?wait={WAIT_SECONDS:.0f}"
        job = self.until(web, path, lambda job: job["state"] in ENDED)
        demand(job["state"] == state, f"{web.release}: job {job_id} is {job}, not {state}")
        return job

"""Asks the servers of a local run whether they answer."""

import urllib.error
import urllib.request

# A proxy for the internet cannot reach this machine's own interface.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url: str, timeout: float = 5.0) -> tuple[int, str]:
    """Return the status and the beginning of the body; status 0 if nothing answers."""
    try:
        with _opener.open(url, timeout=timeout) as response:
            return response.status, response.read(2000).decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(2000).decode(errors="replace")
    except (OSError, ValueError) as error:
        return 0, str(getattr(error, "reason", error))


def answers_ok(url: str) -> bool:
    """Return whether a GET is answered with 200."""
    return ask(url)[0] == 200

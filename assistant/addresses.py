"""Which addresses the settings may name, and in what form."""

import re
from urllib.parse import urlsplit

HIGHEST_PORT = 65535
DEFAULT_PORTS = {"http": 80, "https": 443}

# As SQLAlchemy reads it, which takes characters into a password that `urlsplit` would not.
POSTGRES = re.compile(
    r"(?:postgres|postgresql|postgresql\+psycopg2)://"
    r"(?:[^:/@]*(?::[^@]*)?@)?"
    r"(?:\[[^\]/?@\s]+\]|[^\s:/?@\[\]]*)(?::(?P<port>\d+))?"
    r"(?:/[^?]*)?(?:\?.*)?",
    re.ASCII,
)
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9._-]+(?::(?P<port>\d+))?", re.ASCII | re.I)
HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]+))?", re.I)
ENCODED = "special characters in a password are written as %XX"


def postgres(url: str) -> str:
    """Return the address with its driver, which SQLAlchemy 2.1 would not choose by itself."""
    found = POSTGRES.fullmatch(url)
    if found is None or not _is_port(found["port"]):
        form = "postgresql://role:password@host:5432/database"
        raise ValueError(f"Input should be an address like {form}; {ENCODED}")
    return f"postgresql+psycopg2://{url.partition('://')[2]}"


def redis(url: str) -> str:
    """Return the address of a Redis server; raise `ValueError` if it is none."""
    if not _leads_to_a_host(url, "redis", "rediss") or not re.fullmatch(
        r"/?\d*", urlsplit(url).path, re.ASCII
    ):
        form = "redis://:password@host:6379/0, or with TLS rediss://…"
        raise ValueError(f"Input should be an address like {form}; {ENCODED}")
    return url


def http(url: str) -> str:
    """Return the address of an HTTP server; raise `ValueError` if it is none."""
    if not _leads_to_a_host(url, "http", "https"):
        raise ValueError("Input should be an address like http://host:port or https://host")
    return url


def public(url: str | None) -> str | None:
    """Return the address that clients use, without a slash at its end.

    Raises `ValueError` for what cannot stand before a path.
    """
    parts = urlsplit(http(url)) if url is not None else None
    if parts is not None and (parts.query or parts.fragment or "@" in parts.netloc):
        raise ValueError(
            "Input should be an address like https://host or https://host/path, without a name, a "
            "password and a query"
        )
    return url.rstrip("/") if url is not None else None


def origin(url: str | None) -> str | None:
    """Return the origin of an address as browsers write it; None without an address."""
    if not url:
        return None
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{named}{port}"


def chroma(url: str) -> str:
    """Return the address of a Chroma server; raise `ValueError` for what its client leaves out.

    The client takes host and port alone, and would ask a proxy at another path, without a name.
    """
    parts = urlsplit(http(url))
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(
            "Input should be an address like http://host:port, without a path, a name or a "
            "password: Chroma's client leaves them out"
        )
    return url


def origins(listed: list[str]) -> list[str]:
    """Return web origins without a slash at their end; raise `ValueError` for anything else.

    flask-cors would take an entry with a wildcard or a bracket for a regular expression, and match
    only the beginning of an origin with it: `https://*.example.org` would let in others.
    """
    for origin in listed:
        found = ORIGIN.fullmatch(origin.removesuffix("/"))
        if origin != "*" and (found is None or not _is_port(found["port"])):
            raise ValueError(
                "Input should be * or origins like https://chat.example.org:8443, separated by "
                f"commas, without paths and wildcards, not {origin.rpartition('@')[2]!r}"
            )
    return [origin.removesuffix("/") for origin in listed]


def hosts(listed: list[str]) -> list[str]:
    """Return hosts, each with a port or without; raise `ValueError` for anything else."""
    for host in listed:
        found = HOST.fullmatch(host)
        if found is None or not _is_port(found["port"]):
            raise ValueError(
                "Input should be hosts like wiki.example, 10.0.0.7:8080 or [fd00::7], separated "
                f"by commas, without schemes, paths and wildcards, not {host!r}"
            )
    return listed


def _leads_to_a_host(url: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    known = parts.scheme in schemes and bool(parts.hostname)
    return known and port != 0 and not re.search(r"\s", url)


def _is_port(digits: str | None) -> bool:
    return digits is None or 1 <= int(digits) <= HIGHEST_PORT

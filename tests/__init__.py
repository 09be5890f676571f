"""Tests of everything, on real servers."""

import os

from assistant.local import ports

# Of two processes of tests, none may open a port that the other has chosen and not opened yet.
if _number := os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw"):
    ports.FREE_PORTS = [port for port in ports.FREE_PORTS if port % 2 == int(_number) % 2]

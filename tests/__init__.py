"""Tests of everything, on real servers."""

import os

from assistant.local import ports

# Of the processes of tests, none may open a port that another has chosen and not opened yet.
if _number := os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw"):
    _all = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    # One that takes the place of a process that died has a higher number.
    _mine = int(_number) % _all
    ports.FREE_PORTS = [port for port in ports.FREE_PORTS if port % _all == _mine]

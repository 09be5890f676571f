"""Work in a thread of the system beside gevent."""

import subprocess
import sys

PROGRAM = """
from gevent import monkey; monkey.patch_all()
from assistant.adapters.offloading import offload
print(offload(lambda: 7))
try:
    offload(lambda: 1 / 0)
except ZeroDivisionError as error:
    print(error)
"""


def test_an_error_is_raised_and_not_printed_as_well() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split("\n")[:2] == ["7", "division by zero"]
    assert done.stderr == ""

"""The drill at a small size: nearly everything is broken at least once, and no promise is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SIZE = {"JOBS": "40", "SECONDS": "40", "SEED": "2"}
# Somebody else's servers: a drill that did not ignore them would find nobody there.
OTHERS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "CHROMA_URL": "http://127.0.0.1:1",
}
LIMIT_SECONDS = 280


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(LIMIT_SECONDS + 20)
def test_a_small_drill_keeps_every_promise(tmp_path: Path) -> None:
    said, status = tmp_path / "drill.txt", "it took too long"
    with said.open("w") as output:
        drill = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.drill"],
            cwd=PROJECT,
            env={**os.environ, **SIZE, **OTHERS},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            status = str(drill.wait(LIMIT_SECONDS))
        except subprocess.TimeoutExpired:
            # Its servers end with it.
            drill.kill()
            drill.wait()
    assert status == "0", said.read_text()

"""What every process of a run tries beside its work, and what others know of the run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from assistant.config import Settings
from tests.live import Live
from tests.services.factories import wait_for

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def test_readiness_tells_what_was_tried(live: Live) -> None:
    checks: dict[str, str] = {}

    def all_well() -> bool:
        checks.update(httpx.get(f"{live.stack.api_url}/health/ready").json()["checks"])
        return set(checks.values()) == {"ok"}

    wait_for(all_well, 30)
    assert checks.keys() > {"database", "schema", "chroma", "uploads", "temporary files", "logs"}


def test_a_command_in_another_terminal_knows_the_run(live: Live) -> None:
    """It has no settings of its own but the folder, and finds servers, model and secrets."""
    clean = {n: v for n, v in os.environ.items() if n.lower() not in Settings.model_fields}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "doctor", "--json"],
        cwd=PROJECT,
        env={**clean, "DATA_DIR": str(live.stack.folder.path)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    for name in ("PostgreSQL", "Redis", "Chroma", "language model", "SECRET_KEY", "uploads"):
        assert checks[name]["status"] == "ok", checks[name]
    assert "scripted-model" in checks["language model"]["detail"]

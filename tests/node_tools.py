"""Pinned tools of node that read the OpenAPI document, installed beside nothing of ours."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parent / "clients"
MANIFEST = ("package.json", "package-lock.json")
# These tools would ask their makers for news, and tell them of their use.
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}

OLDEST = (20, 19)
# How npm says that there is no network, or no such server in it.
AWAY = re.compile("ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH")


def _has_node() -> bool:
    if not (shutil.which("npm") and shutil.which("node")):
        return False
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=20).stdout
    return tuple(int(part) for part in said.strip().removeprefix("v").split(".")[:2]) >= OLDEST


needs_npm = pytest.mark.skipif(
    not _has_node(), reason="npm and node, of 20.19 or newer, are not installed"
)


def installed() -> Path:
    """Return a folder with the tools, which is filled once for each set of versions."""
    locked = b"".join((CLIENTS / name).read_bytes() for name in MANIFEST)
    digest = hashlib.sha256(locked).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"assistant-document-tools-{os.getuid()}-{digest}"
    if not folder.exists():
        # Whoever is first puts it there whole; another one's work is thrown away.
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            for name in MANIFEST:
                shutil.copy(CLIENTS / name, made)
            _fetch(Path(made))
            try:
                os.rename(made, folder)
            except OSError:
                assert folder.exists()
            Path(made).mkdir(exist_ok=True)
    return folder


def _fetch(folder: Path) -> None:
    """Install what the manifest in a folder names; skip the test where nobody can be asked."""
    try:
        run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        if isinstance(error, subprocess.TimeoutExpired) or AWAY.search(str(error)):
            pytest.skip("npm reaches no registry, so its tools are not tried")
        raise


def run(command: Sequence[str | Path], folder: Path) -> str:
    """Run a tool in a folder, and return what it says; raise with that if it fails."""
    tools = installed() / "node_modules/.bin" if command[0] != "npm" else folder
    environment = {**os.environ, **QUIET, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout

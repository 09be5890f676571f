"""The vector index of a local run: Chroma's own server."""

import sys
from pathlib import Path

from assistant.local.probe import answers_ok
from assistant.local.program import Program, Server, server_environment

# What the package's script `chroma` does; this way it is found wherever the package is.
START = "import sys; from chromadb.cli.cli import app; sys.exit(app())"


def chroma_server(data_dir: Path, port: int) -> Server:
    """Return the server that keeps its index in this folder."""
    folder = data_dir / "chroma"
    folder.mkdir(mode=0o700, exist_ok=True)
    command = [sys.executable, "-c", START, "run", "--path", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    return Server(
        Program(
            name="chroma",
            command=command,
            folder=folder,
            environment=server_environment(ANONYMIZED_TELEMETRY="False", NO_COLOR="1"),
        ),
        answers=lambda: answers_ok(f"{url}/api/v2/heartbeat"),
        settings={"chroma_url": url},
    )

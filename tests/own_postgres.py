"""PostgreSQL servers of a test's own, whose limits and disks it may exhaust."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.local.ports import free_port
from assistant.local.postgres import postgres_server
from tests.services.factories import wait_for


class OwnPostgres:
    """A running server; its data folder may lie on a small disk."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        self.secrets.mkdir(mode=0o700, exist_ok=True)
        self.port = free_port()
        server = postgres_server(folder, self.secrets, self.port)
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (folder / "postgres.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*server.program.command, *given],
                env=server.program.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(server.answers, 60)
        self.url = str(server.settings["database_url"])

    @property
    def admin_url(self) -> str:
        """Return the address for its superuser."""
        password = (self.secrets / "postgres_admin_password").read_text().strip()
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/assistant"

    def stop(self) -> None:
        """End it at once."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)


@contextmanager
def own_postgres(folder: Path, **options: str) -> Iterator[OwnPostgres]:
    """Run a server with these options while the block lasts."""
    server = OwnPostgres(folder, **options)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of this size there while the block lasts; it is a folder of memory."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def may_mount(folder: Path) -> bool:
    """Return whether file systems may be mounted here."""
    if os.geteuid() != 0:
        return False
    try:
        with small_disk(folder / "trial", "64k"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def fill(folder: Path) -> Path:
    """Use up what is left of a disk, and return the file that does."""
    path = folder / "filling"
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1024 * 64)):
                pass
        except OSError:
            pass
        try:
            while file.write(b"x"):
                pass
        except OSError:
            pass
    return path

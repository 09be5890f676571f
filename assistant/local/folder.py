"""The data folder of a local run: one run at a time, and where each thing lies in it."""

import contextlib
import fcntl
import os
import time
from pathlib import Path

from assistant.local.errors import LocalRunError
from assistant.local.ownership import demand_own
from assistant.run_settings import LOCK

# How long an earlier run, whose runner was killed, may take to stop its servers.
PATIENCE_SECONDS = 40.0


class DataFolder:
    """A data folder, made where it is missing, and the lock on it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.secrets = self.path / "secrets"
        self.run = self.path / "run"
        self.log = self.path / "log"
        self.lock = -1

    def claim(self) -> None:
        """Lock the folder, or raise `LocalRunError` if another run has it."""
        try:
            self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
            if os.geteuid() == 0:
                demand_own(self.path)
            ours = self._is_ours()
            for folder in (self.secrets, self.run, self.log):
                folder.mkdir(mode=0o700, exist_ok=True)
            if ours:
                self._close_to_others()
            self.lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise LocalRunError(
                f"The data folder {self.path} cannot be used: {error.strerror} "
                f"({error.filename}). Set DATA_DIR to another one."
            ) from None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._try_lock():
            owner = os.pread(self.lock, 20, 0).decode().strip()
            if _exists(owner) or time.monotonic() > deadline:
                self.release()
                raise LocalRunError(
                    f"Another local run (process {owner or 'unknown'}) uses {self.path}. Stop it, "
                    "or set DATA_DIR, PORT and FLOWER_PORT to have one more beside it."
                )
            # A blocking lock would wait without a limit.
            time.sleep(0.2)
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, str(os.getpid()).encode(), 0)

    def _is_ours(self) -> bool:
        """Return whether the folder is for local runs alone: new, empty, or used by one before."""
        names = [path.name for path in self.path.iterdir()]
        return not names or LOCK in names

    def _close_to_others(self) -> None:
        """Let others see nothing in it; root's PostgreSQL, which is somebody else, passes it."""
        found = self.path.stat()
        if found.st_uid == os.geteuid():
            self.path.chmod(0o711 if found.st_uid == 0 else found.st_mode & 0o711)
        for server in ("postgres", "valkey", "chroma"):
            folder = self.path / server
            if folder.exists() and folder.stat().st_uid in (os.geteuid(), 0):
                folder.chmod(0o700)

    def release(self) -> None:
        """Let the next run have the folder."""
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    def _try_lock(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False


def _exists(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

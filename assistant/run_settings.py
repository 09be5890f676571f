"""What the local run beside this process was told, as it has written down for others."""

import fcntl
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values

LOCAL_ENV = "local.env"
# Held for as long as a run and its servers live.
LOCK = "local.lock"


def of_run(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the values of these settings in the run that holds this folder; none without one.

    Left out is what the environment of this process says by itself.
    """
    if not _is_held(folder / LOCK):
        return {}
    try:
        told = dotenv_values(folder / LOCAL_ENV, interpolate=False)
    except OSError:
        return {}
    here = {name.upper() for name, value in os.environ.items() if value}
    return {
        name: value
        for name in names
        if (value := told.get(name.upper())) is not None
        and not here & {name.upper(), f"{name.upper()}_FILE"}
    }


def _is_held(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def as_lines(values: Mapping[str, str]) -> str:
    """Return settings in the form in which they are read, whatever is in them."""
    return "".join(f"{name.upper()}={_quoted(value)}\n" for name, value in sorted(values.items()))


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

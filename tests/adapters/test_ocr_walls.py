"""What a program may do that a hostile picture has taken over."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.adapters.documents import apart, landlock

ECHO, OTHER = Path("/bin/echo").resolve(), Path("/bin/cat").resolve()

CONFINED = """
import os, sys
from assistant.adapters.documents.confinement import confine
confine(os.getppid(), 0, programs=[{echo!r}])
told = []
for name, attempt in {{
    "file": lambda: open({private!r}).read(),
    "other program": lambda: os.execv({other!r}, [{other!r}]),
}}.items():
    try:
        attempt()
        told.append(name)
    except OSError:
        pass
os.execv({echo!r}, ["echo", "got", *told])
"""


def confined(private: Path) -> str:
    """Return what a process says that becomes the one program which it may be."""
    program = CONFINED.format(echo=str(ECHO), private=str(private), other=str(OTHER))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(apart.ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(
    ECHO == OTHER or not ECHO.exists() or landlock.version(ctypes.CDLL(None)) < 1,
    reason="there are no such programs, or no Landlock",
)
def test_it_can_become_one_program_and_nothing_else(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.write_text("secret")
    assert confined(private) == "got"


def test_neither_engine_starts_threads_which_no_wall_would_bind() -> None:
    program = (
        "import os, assistant.adapters.ocr.rapid_program as program; "
        "program.cv2.setNumThreads(1); program.RapidOCR(params=program.PARAMETERS); "
        "print(len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            "PYTHONPATH": str(apart.ROOT),
            "PATH": os.defpath,
            **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"),
        },
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stdout.strip().endswith("1"), done.stdout + done.stderr

"""The program that becomes tesseract behind walls: a picture on standard input."""

import os
import sys

from assistant.adapters.documents.confinement import confine

MEMORY = 1024**3


def main(program: str, tessdata: str, cpu_seconds: int, *rest: str) -> None:
    """Confine this process and become the program, which can then start no other."""
    *options, parent = rest
    confine(
        int(parent),
        os.fstat(0).st_size,
        readable=[tessdata],
        programs=[program],
        memory=MEMORY,
        cpu_seconds=cpu_seconds,
    )
    # Threads would be refused, and the processors belong to others, too.
    environment = {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C", "TESSDATA_PREFIX": tessdata}
    os.execve(program, [program, "stdin", "stdout", *options], environment)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])

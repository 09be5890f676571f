"""What chance does to a file that can be read."""

import io
import re
import zipfile
from collections.abc import Callable
from random import Random

from benchmarks.fuzz.made import Made

Change = Callable[[Random, bytes], bytes]
NUMBER = re.compile(rb"\d+")
NUMBERS = (b"-1", b"0", b"2147483648", b"9" * 20, b"9" * 400, b"1e999", b"NaN", b"0.000001")
# Sizes in the headers of binary files.
WIDE = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x80", b"\xff\xff\xff\x7f")
ODD = (b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xef\xbf\xbe", b"\x1b$B", b"\r", b"<![")
MOST_BYTES = 200_000


def flip(chance: Random, content: bytes) -> bytes:
    """Turn a few bits over."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 4, 30, 300)) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut_off(chance: Random, content: bytes) -> bytes:
    """Keep only the beginning, or only the end."""
    place = chance.randrange(len(content) + 1)
    return content[:place] if chance.random() < 0.8 else content[place:]


def lose(chance: Random, content: bytes) -> bytes:
    """Take a block out of the middle."""
    start, end = _block(chance, content)
    return content[:start] + content[end:]


def repeat(chance: Random, content: bytes) -> bytes:
    """Put a block there several times, or very often."""
    start, end = _block(chance, content)
    times = min(chance.choice((2, 9, 5000)), MOST_BYTES // max(end - start, 1) + 1)
    return content[:start] + content[start:end] * times + content[end:]


def swap(chance: Random, content: bytes) -> bytes:
    """Let two neighbouring blocks change places."""
    start, end = _block(chance, content)
    middle = (start + end) // 2
    return content[:start] + content[middle:end] + content[start:middle] + content[end:]


def overwrite(chance: Random, content: bytes) -> bytes:
    """Write noise over a block."""
    start, end = _block(chance, content)
    return content[:start] + chance.randbytes(min(end - start, 4000)) + content[end:]


def other_number(chance: Random, content: bytes) -> bytes:
    """Make a number that is written in digits an impossible one."""
    found = list(NUMBER.finditer(content))
    if not found:
        return flip(chance, content)
    match = chance.choice(found)
    return content[: match.start()] + chance.choice(NUMBERS) + content[match.end() :]


def other_size(chance: Random, content: bytes) -> bytes:
    """Make a number of four bytes near the beginning or the end an impossible one."""
    place = chance.randrange(min(len(content), 400) or 1)
    if chance.random() < 0.3:
        place = max(len(content) - place, 0)
    return content[:place] + chance.choice(WIDE) + content[place + 4 :]


def odd_letters(chance: Random, content: bytes) -> bytes:
    """Put bytes there that are no text in the encoding, or say that it is another one."""
    if chance.random() < 0.3:
        return content.decode("latin-1").encode(chance.choice(("utf-16-le", "utf-16", "utf-32")))
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.choice(ODD) * chance.choice((1, 3, 999)) + content[place:]


CHANGES: tuple[Change, ...] = (
    *(flip, cut_off, lose, repeat, swap, overwrite),
    *(other_number, other_size, odd_letters),
)


def inside(chance: Random, content: bytes) -> bytes:
    """Change the parts of an archive, and pack them again so that the archive itself is whole."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    changed = {chance.randrange(len(parts)) for _ in range(chance.choice((1, 1, 3)))}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, part) in enumerate(parts):
            if number not in changed:
                archive.writestr(name, part)
            elif chance.random() > 0.1:
                archive.writestr(name, chance.choice(CHANGES)(chance, part))
    return packed.getvalue()


def mutated(chance: Random, seeds: dict[str, list[bytes]]) -> Made:
    """Return one of the seeds with one to three changes, or put together from two of them."""
    ending = chance.choice(sorted(seeds))
    content = chance.choice(seeds[ending])
    how, draw = [], chance.random()
    if zipfile.is_zipfile(io.BytesIO(content)) and draw < 0.6:
        content, how = inside(chance, content), ["inside"]
    elif draw < 0.07:
        other = chance.choice(seeds[chance.choice(sorted(seeds))])
        content, how = cut_off(chance, content) + cut_off(chance, other), ["spliced"]
    elif draw < 0.12:
        other = chance.choice(seeds[chance.choice(sorted(seeds))])
        content, how = other[:8] + content[8:], ["other magic"]
    elif draw < 0.2:
        ending, how = chance.choice(sorted(seeds)), [f"{ending[1:]} named otherwise"]
    else:
        for change in chance.choices(CHANGES, k=chance.choice((1, 1, 2, 3))):
            content = change(chance, content)[: 9 * MOST_BYTES]
            how.append(change.__name__)
    return Made(f"{ending[1:]}: {', '.join(how)}", f"mutated{ending}", content)


def _block(chance: Random, content: bytes) -> tuple[int, int]:
    start = chance.randrange(len(content) + 1)
    return start, min(len(content), start + chance.choice((1, 16, 500, 20_000)))

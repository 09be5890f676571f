"""What a file of the fuzz is, and which ends are right for it."""

from dataclasses import dataclass

READ = "succeeded"
# How a job about a file that cannot be read may end: each tells its owner what to do.
TOLD = frozenset(
    ["broken_file", "no_text", "encrypted_file", "too_large_to_parse", "parse_timeout"]
)
# How an upload may be refused: too large, of a type that is not read, or empty.
REFUSED = frozenset(["413", "415", "422"])
# What may become of a file of which only chance knows what is left of it.
ANY = TOLD | REFUSED | {READ}
# In names that try to leave their folder, so that a file which did can be found.
MARK = "left-its-folder"


@dataclass(frozen=True)
class Made:
    """One file: how it came about, its name, its content, and the ends that are right."""

    kind: str
    name: str
    content: bytes
    ends: frozenset[str] = ANY


def ends(words: str) -> frozenset[str]:
    """Return the ends that these words name; without any, whatever an owner is told is right."""
    return frozenset(words.split()) or ANY

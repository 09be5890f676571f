"""Names of users: how they are spelled, and when two are the same or look it."""

import re
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Iterable

from assistant.look_alikes import STANDS_FOR

# What keys and looks are made by: what these functions do, which has a number to raise with it,
# the Unicode of this Python, and the table. Those of other rules are not to be compared with.
_TABLE = zlib.crc32(repr(sorted(STANDS_FOR.items())).encode())
RULES = f"1-{unicodedata.unidata_version}-{_TABLE:08x}"

_ID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
# What users who are gone were called by earlier releases.
_GONE = "deleted-"
_GONE_ADDRESSES = "deleted.invalid"


def is_id(text: str) -> bool:
    """Return whether this is written as an id."""
    return _ID.fullmatch(text.strip()) is not None


def is_reserved(name: str) -> bool:
    """Return whether a name is the system's: an id, or what it calls users who are gone."""
    plain = folded(name)
    return is_id(plain) or (plain.startswith(_GONE) and is_id(plain.removeprefix(_GONE)))


def is_reserved_address(address: str) -> bool:
    """Return whether an e-mail address is one that the system gives to users who are gone."""
    domain = folded(address).rpartition("@")[2].rstrip(".")
    return domain == _GONE_ADDRESSES or domain.endswith(f".{_GONE_ADDRESSES}")


def spelled(name: str) -> str:
    """Return the one spelling of a name, whatever keyboard and system it was typed with (NFKC)."""
    return unicodedata.normalize("NFKC", name.strip())


def folded(name: str) -> str:
    """Return what is equal for names that differ in spelling and case only."""
    # Folding can take a name apart, as it does some Greek letters.
    return spelled(spelled(name).casefold())


def look_of(name: str) -> str:
    """Return what is equal for names that a person could take for each other, as written."""
    # Accents are set aside, since a letter and its double may be composed with them or not; and
    # letters are compared before their case is folded: I is like l, but i is not.
    apart = unicodedata.normalize("NFKD", spelled(name))
    return apart.translate(STANDS_FOR).casefold().replace("rn", "m")


def key_of(name: str) -> str:
    """Return what is equal for names that are the same, or look it once in small letters."""
    return look_of(folded(name))


def alike(names: Iterable[str]) -> list[list[str]]:
    """Return which names are the same or look it, together."""
    keyed, looking = defaultdict(list), defaultdict(list)
    for name in names:
        keyed[key_of(name)].append(name)
        looking[look_of(name)].append(name)
    found = {tuple(group) for group in (*keyed.values(), *looking.values()) if len(group) > 1}
    return sorted(map(list, found))

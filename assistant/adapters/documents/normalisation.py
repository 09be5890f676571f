"""Making any file's text safe to store, show and split."""

import re

# What PostgreSQL and UTF-8 cannot hold, and what nobody sees. The joiners U+200C and U+200D stay:
# Persian, the Indic scripts and emoji need them. Unicode's tag characters carry hidden orders.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
LINE_END = re.compile("\r\n|[\r\v\f]")


def normalise(text: str) -> str:
    """Return `text` with LF line ends and without characters that are invisible or invalid."""
    return INVISIBLE.sub("", LINE_END.sub("\n", text))

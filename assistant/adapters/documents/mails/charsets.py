"""Decoding the text of mails, whose declared character sets are often wrong."""

import codecs
import re

from assistant.adapters.documents import plain

# What programs name and what they mean by it (https://encoding.spec.whatwg.org/#names-and-labels).
MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
}
ALIASES = {"ks_c_5601-1987": "cp949", "x-sjis": "cp932", "x-gbk": "gb18030", "cp-850": "cp850"}
LABEL = re.compile(r"[A-Za-z0-9_.:-]+")
# In these any bytes are text, so that they say nothing against UTF-8.
TAKE_ANYTHING = ("cp12", "cp85", "iso8859", "koi8", "mac")


def decoded(data: bytes, *charsets: str | None) -> str:
    """Return the text in the first known character set, or in the one that it is more likely in."""
    name = next(filter(None, map(_meant, charsets)), None)
    if name is None or name.startswith(TAKE_ANYTHING):
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    return plain.decode(data, name)


def _meant(charset: str | None) -> str | None:
    """Return the name of a character set; ASCII, which is what most say, means none."""
    label = LABEL.search(charset or "")
    if label is None:
        return None
    try:
        name = codecs.lookup(ALIASES.get(label[0].lower(), label[0])).name
        b"".decode(name)  # some codecs are not about text
    except (LookupError, UnicodeError, ValueError):
        return None
    return None if name == "ascii" else MEANT.get(name, name)

"""Text of documents as data: nothing in it can close its fence, or its message."""

# ruff: noqa: RUF001

import re
import unicodedata

OPEN, CLOSE = "<<<", ">>>"

# What is seen as angle brackets, by how many of them.
_LESS = {
    "<": 1,
    "＜": 1,
    "﹤": 1,
    "‹": 1,
    "〈": 1,
    "⟨": 1,
    "\u2329": 1,
    "❮": 1,
    "❰": 1,
    "˂": 1,
    "ᐸ": 1,
    "❬": 1,
    "⦑": 1,
    "⧼": 1,
    "≺": 1,
    "≮": 1,
}
_LESS |= {"«": 2, "《": 2, "≪": 2, "⟪": 2, "︽": 2, "⋘": 3}
_MORE = {
    ">": 1,
    "＞": 1,
    "﹥": 1,
    "›": 1,
    "〉": 1,
    "⟩": 1,
    "\u232a": 1,
    "❯": 1,
    "❱": 1,
    "˃": 1,
    "ᐳ": 1,
    "❭": 1,
    "⦒": 1,
    "⧽": 1,
    "≻": 1,
    "≯": 1,
}
_MORE |= {"»": 2, "》": 2, "≫": 2, "⟫": 2, "︾": 2, "⋙": 3}
_COUNTS = {**_LESS, **_MORE}
# Joiners are letters' business, but not between brackets.
_BETWEEN = r"[\u200c\u200d\u034f\ufe00-\ufe0f]*"
_FENCE = re.compile(
    "|".join(rf"[{''.join(signs)}](?:{_BETWEEN}[{''.join(signs)}])*" for signs in (_LESS, _MORE))
)
# Nobody sees them, and some of them spell ASCII: tags, selectors, widths of zero.
_UNSEEN = re.compile(
    r"[\u00ad\u180e\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

_TAGS = (
    "s|bos|eos|pad|unk|sep|cls|mask|think|thinking|tool|tools|tool_calls?|tool_response|tool_results?|functions?"
    "|function_calls?|system|observation"
    "|user|human|assistant|model|developer|turn|im_start|im_end|start_of_turn|end_of_turn"
    r"|begin_of_text|end_of_text|start_header_id|end_header_id|eot_id|eom_id|sop|eop|extra_id_\d+"
)
_WORDS = (
    "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|MODEL_SETTINGS|ARGS"
    "|CALL_ID|THINK|gMASK|sMASK"
)
# Servers read their template's own marks wherever they stand, so a document must not hold any. Some
# see through wide letters and odd brackets, so these are read as what they stand for.
_OPENING = re.compile(rf"[{''.join(sign for sign, count in _LESS.items() if count == 1)}\[［]")
_LONGEST_MARK = 48
_TEMPLATE_MARK = re.compile(
    rf"<\s*(?:\||(?i:/?\s*(?:{_TAGS})\s*/?>)|</?SYS>>)|\[\s*/?(?:{_WORDS})\s*\]"
)
_JOINERS = re.compile(_BETWEEN[:-1])
_READ_AS = str.maketrans(
    {sign: "<" for sign, count in _LESS.items() if count == 1}
    | {sign: ">" for sign, count in _MORE.items() if count == 1}
    | dict.fromkeys("¦ǀ│∣❘", "|")
)


def as_data(text: str) -> str:
    """Break up what could end the fence or the message, and leave out what nobody sees."""
    text = _LINE_ENDS.sub("\n", _UNSEEN.sub("", text))
    return without_marks(_FENCE.sub(_broken, text))


def fenced(text: str, heading: str = "") -> str:
    """Return a text as data within its fence, under a heading of one line that is data, too."""
    data = [" ".join(as_data(heading).split())] if heading else []
    return "\n".join([OPEN, *data, as_data(text), CLOSE])


def without_marks(text: str) -> str:
    """Break up the marks of chat templates."""
    return _OPENING.sub(_not_a_mark, text)


def _not_a_mark(opening: re.Match[str]) -> str:
    following = opening.string[opening.start() : opening.start() + _LONGEST_MARK]
    plain = unicodedata.normalize("NFKC", _JOINERS.sub("", following)).translate(_READ_AS)
    return f"{opening[0]} " if _TEMPLATE_MARK.match(plain) else opening[0]


def _broken(run: re.Match[str]) -> str:
    signs = [sign for sign in run[0] if sign in _COUNTS]
    return run[0] if sum(_COUNTS[sign] for sign in signs) < len(OPEN) else " ".join(signs)

"""Text of documents as data: nothing in it can close its fence, or its message."""

# ruff: noqa: RUF001

import re

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
    "s|bos|eos|pad|unk|sep|cls|mask|think|tool|tools|tool_calls?|tool_response|functions?|system"
    "|user|human|assistant|model|developer|turn|im_start|im_end|start_of_turn|end_of_turn"
    r"|begin_of_text|end_of_text|start_header_id|end_header_id|eot_id|eom_id|sop|eop|extra_id_\d+"
)
_WORDS = (
    "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|MODEL_SETTINGS|ARGS"
    "|CALL_ID|THINK|gMASK|sMASK"
)
# Servers read their template's own marks wherever they stand, so a document must not hold any.
_TEMPLATE_MARK = re.compile(
    rf"[<＜﹤‹](?=[|｜¦ǀ]|(?i:/?(?:{_TAGS})\s*/?>)|</?SYS>>)|\[(?=/?(?:{_WORDS})\])"
)


def as_data(text: str) -> str:
    """Break up what could end the fence or the message, and leave out what nobody sees."""
    text = _LINE_ENDS.sub("\n", _UNSEEN.sub("", text))
    return without_marks(_FENCE.sub(_broken, text))


def without_marks(text: str) -> str:
    """Break up the marks of chat templates."""
    return _TEMPLATE_MARK.sub(lambda mark: f"{mark[0]} ", text)


def _broken(run: re.Match[str]) -> str:
    signs = [sign for sign in run[0] if sign in _COUNTS]
    return run[0] if sum(_COUNTS[sign] for sign in signs) < len(OPEN) else " ".join(signs)

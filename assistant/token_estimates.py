"""How many tokens a text has for a model, guessed."""

import re

DIGIT = re.compile(r"[0-9]")
TWO_BYTES = re.compile(r"[\u0080-\u07ff]")
HANGUL = re.compile(r"[\uac00-\ud7a3]")
# What chat templates put around each message.
MESSAGE_TOKENS = 8


def estimate_tokens(text: str) -> int:
    """Guess the tokens of a text, rather too many than too few.

    A digit counts 1, other ASCII 1/2.8, an accented, Greek, Cyrillic, Hebrew or Arabic character
    1, Hangul 3, and everything else, such as Chinese and Japanese, 2.
    """
    ascii_count = len(text.encode("ascii", "ignore"))
    digits = len(DIGIT.findall(text))
    narrow = len(TWO_BYTES.findall(text))
    hangul = len(HANGUL.findall(text))
    wide = len(text) - ascii_count - narrow - hangul
    return digits + -(-(ascii_count - digits) * 10 // 28) + narrow + 3 * hangul + 2 * wide

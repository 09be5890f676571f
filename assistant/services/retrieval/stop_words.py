"""Words that say nothing of what a question is about, in the languages that are asked most.

They are left out of questions only. What they leave out is indexed all the same, so `The Who` is
found by a question of nothing else.
"""

from pathlib import Path

from assistant.terms import words_of

_LISTED = Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8")
WORDS = frozenset(word.written for word, _ in words_of(_LISTED))
# Chinese words of grammar and of asking, by signs that are rarely part of any others.
_CHINESE = frozenset("的了吗嗎呢么麼什是啊吧谁誰哪您你我们們这這那")


def says_nothing(word: str) -> bool:
    """Return whether a word of a question, with its ending, is grammar or a way to ask."""
    if word in WORDS:
        return True
    if len(word) > 2:
        return False
    # Japanese writes its grammar in hiragana, and little else in two of them.
    hiragana = all("\u3041" <= sign <= "\u309f" for sign in word)
    return hiragana or not _CHINESE.isdisjoint(word)

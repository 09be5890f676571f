"""Find out the language of a question, and say in it that the documents hold no answer."""

# ruff: noqa: RUF001

import re
import threading
from functools import cache
from typing import Any

REFUSALS = {
    "ar": "لم أجد في المستندات ما يجيب عن هذا السؤال.",
    "cs": "V dokumentech jsem nenašel nic, co by na tuto otázku odpovídalo.",
    "da": "Jeg fandt intet i dokumenterne, der besvarer dette spørgsmål.",
    "de": "Ich habe in den Dokumenten nichts gefunden, das diese Frage beantwortet.",
    "en": "I found nothing in the documents that answers this question.",
    "es": "No he encontrado en los documentos nada que responda a esta pregunta.",
    "fi": "En löytänyt asiakirjoista mitään, mikä vastaisi tähän kysymykseen.",
    "fr": "Je n'ai rien trouvé dans les documents qui réponde à cette question.",
    "he": "לא מצאתי במסמכים דבר שעונה על השאלה הזאת.",
    "hi": "मुझे दस्तावेज़ों में ऐसा कुछ नहीं मिला जो इस प्रश्न का उत्तर देता हो।",
    "it": "Nei documenti non ho trovato nulla che risponda a questa domanda.",
    "ja": "文書の中に、この質問の答えになる内容は見つかりませんでした。",
    "ko": "문서에서 이 질문에 답하는 내용을 찾지 못했습니다.",
    "nl": "Ik heb in de documenten niets gevonden dat deze vraag beantwoordt.",
    "pl": "W dokumentach nie ma nic, co odpowiadałoby na to pytanie.",
    "pt": "Não encontrei nos documentos nada que responda a esta pergunta.",
    "ru": "В документах не нашлось ничего, что отвечает на этот вопрос.",
    "sv": "Jag hittade inget i dokumenten som besvarar den här frågan.",
    "tr": "Belgelerde bu soruyu yanıtlayan bir şey bulamadım.",
    "uk": "У документах не знайшлося нічого, що відповідає на це запитання.",
    "zh": "我在文档中没有找到能回答这个问题的内容。",
}

NAMES = {
    **{"ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "en": "English"},
    **{"es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi"},
    **{"it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish"},
    **{"pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "tr": "Turkish"},
    **{"uk": "Ukrainian", "zh": "Chinese"},
}

# Scripts that one of our languages alone is written in; they need no statistics.
SCRIPTS = (
    ("ko", re.compile(r"[\u1100-\u11ff\uac00-\ud7a3]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
HAN_OR_KANA = re.compile(r"[\u3041-\u30ff\u3400-\u9fff]")
KANA = re.compile(r"[\u3041-\u30ff]")
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
UKRAINIAN = re.compile(r"[іїєґ]|\b(?:хто|що|це|чи|чому|коли|скільки|та|або)\b")
RUSSIAN = re.compile(r"[ыэъё]")
LETTER = re.compile(r"[^\W\d_]")
# A question may quote a foreign name, so a script counts from this share of the letters.
SHARE = 0.3
SAMPLE = 2000

_loading = threading.Lock()


def detect(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, of those that have a refusal."""
    sample = text[:SAMPLE].lower()
    letters = len(LETTER.findall(sample))
    if not letters:
        return "en"

    def written_in(script: re.Pattern[str]) -> bool:
        return len(script.findall(sample)) >= SHARE * letters

    if written_in(HAN_OR_KANA):
        return "ja" if KANA.search(sample) else "zh"
    for language, script in SCRIPTS:
        if written_in(script):
            return language
    if written_in(CYRILLIC) and UKRAINIAN.search(sample):
        return "uk"
    if written_in(CYRILLIC) and RUSSIAN.search(sample):
        return "ru"
    return str(load().classify(text[:SAMPLE])[0])


def name_of(code: str) -> str:
    """Return the English name of a language, which every model knows."""
    return NAMES[code]


def refusal(question: str) -> str:
    """Return the sentence that says that nothing was found, in the question's language."""
    return REFUSALS[detect(question)]


def load() -> Any:
    """Return what tells languages apart, loaded once; the first call takes a while."""
    with _loading:
        return _identifier()


@cache
def _identifier() -> Any:
    # Its model takes a third of a second and 70 MB, so only processes that need it pay.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(sorted(REFUSALS))
    return identifier

"""Find out the language of a question, and say in it that the documents hold no answer."""

# ruff: noqa: RUF001

import re
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

from assistant.adapters import language_guess
from assistant.services.generation.wording import small_talk
from assistant.services.generation.wording.function_words import WORDS, words_of

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
    "th": "ไม่พบข้อมูลในเอกสารที่ตอบคำถามนี้",
    "tr": "Belgelerde bu soruyu yanıtlayan bir şey bulamadım.",
    "uk": "У документах не знайшлося нічого, що відповідає на це запитання.",
    "zh": "我在文档中没有找到能回答这个问题的内容。",
}

# Said behind it: the person can always have the model's own answer.
WITHOUT_DOCUMENTS = {
    "ar": "يمكنك طرح السؤال من دون المستندات ليجيب النموذج بنفسه.",
    "cs": "Bez dokumentů se můžete zeptat přímo modelu.",
    "da": "Spørg uden dokumenter, hvis modellen selv skal svare.",
    "de": "Fragen Sie ohne Dokumente, wenn das Modell selbst antworten soll.",
    "en": "Ask without documents to have the model answer by itself.",
    "es": "Pregunte sin documentos si quiere que el modelo responda por sí mismo.",
    "fi": "Kysy ilman asiakirjoja, jos haluat mallin vastaavan itse.",
    "fr": "Posez la question sans documents pour que le modèle réponde de lui-même.",
    "he": "אפשר לשאול בלי מסמכים, והמודל יענה בעצמו.",
    "hi": "दस्तावेज़ों के बिना पूछें, तो मॉडल स्वयं उत्तर देगा।",
    "it": "Chieda senza documenti se vuole che risponda il modello da solo.",
    "ja": "文書を使わずに質問すれば、モデルが自分の知識で答えます。",
    "ko": "문서 없이 질문하면 모델이 스스로 답합니다.",
    "nl": "Stel de vraag zonder documenten om het model zelf te laten antwoorden.",
    "pl": "Zapytaj bez dokumentów, jeśli model ma odpowiedzieć sam.",
    "pt": "Pergunte sem documentos para que o modelo responda por si mesmo.",
    "ru": "Задайте вопрос без документов, чтобы модель ответила сама.",
    "sv": "Fråga utan dokument om modellen själv ska svara.",
    "th": "ถามโดยไม่ใช้เอกสารเพื่อให้โมเดลตอบเอง",
    "tr": "Modelin kendisinin yanıtlaması için belgesiz sorun.",
    "uk": "Запитайте без документів, щоб модель відповіла сама.",
    "zh": "如果想让模型自己回答，请不使用文档再问一次。",
}

NAMES = {
    **{"ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "en": "English"},
    **{"es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi"},
    **{"it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish"},
    **{"pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "tr": "Turkish"},
    **{"th": "Thai"},
    **{"uk": "Ukrainian", "zh": "Chinese"},
}

# Scripts that one of our languages alone is written in; they need no statistics.
SCRIPTS = (
    ("ko", re.compile(r"[\u1100-\u11ff\uac00-\ud7a3]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
HAN_OR_KANA = re.compile(r"[\u3041-\u30ff\u3400-\u9fff]")
KANA = re.compile(r"[\u3041-\u30ff]")
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
UKRAINIAN = re.compile(r"[іїєґ]|\b(?:хто|що|це|чи|чому|коли|скільки|та|або)\b")
LETTER = re.compile(r"[^\W\d_]")
# A question may quote a foreign name, so a script counts from this share of the letters.
SHARE = 0.3
SAMPLE = 2000

_loading = threading.Lock()


# Fewer letters than these, in an alphabet of many languages, are too few for statistics.
FEW_LETTERS = 20
# Japanese questions may be written without kana if they are as short as this.
FEW_HAN = 5


def detect(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, of those that have a refusal."""
    if not LETTER.search(text[:SAMPLE]):
        return "en"
    return _by_script(text) or str(load().classify(text[:SAMPLE])[0])


def of_question(text: str, before: Sequence[str] = ()) -> str:
    """Return the language of a question, `before` being what its conversation said, oldest first.

    Where its alphabet is that of many languages, its little words count first. A question of few
    letters that can be in several, or in any, has the language of its conversation, or else is in
    English, if that is one of them.
    """
    possible = _possible(text)
    if len(possible) == 1:
        return possible[0]
    if len(LETTER.findall(text[:SAMPLE])) < FEW_LETTERS:
        said = " ".join(before)[-SAMPLE:]
        spoken = of_question(said) if LETTER.search(said) else "en"
        for language in (spoken, "en"):
            if not possible or language in possible:
                return language
    if not possible:
        return detect(text)
    ranked = [str(code) for code, _ in load().rank(text[:SAMPLE])]
    return next(code for code in ranked if code in possible)


def _possible(text: str) -> list[str]:
    """Return the languages that a text's script and little words allow; none if they do not say."""
    written = _by_script(text)
    if written == "zh" and len(LETTER.findall(text)) < FEW_HAN:
        return ["zh", "ja"]
    if written is not None:
        return [written]
    greeted = small_talk.languages_of(text[:SAMPLE])
    if greeted is not None:
        return sorted(greeted)
    words = words_of(text[:SAMPLE])
    counts = {code: sum(word in known for word in words) for code, known in WORDS.items()}
    most = max(counts.values())
    return [code for code, count in counts.items() if count == most] if most else []


def _by_script(text: str) -> str | None:
    sample = text[:SAMPLE].lower()
    letters = len(LETTER.findall(sample))

    def written_in(script: re.Pattern[str]) -> bool:
        return letters > 0 and len(script.findall(sample)) >= SHARE * letters

    if written_in(HAN_OR_KANA):
        return "ja" if KANA.search(sample) else "zh"
    for language, script in SCRIPTS:
        if written_in(script):
            return language
    if written_in(CYRILLIC):
        return "uk" if UKRAINIAN.search(sample) else "ru"
    return None


def name_of(code: str) -> str:
    """Return the English name of a language, which every model knows."""
    return NAMES[code]


def refusal(question: str, before: Sequence[str] = ()) -> str:
    """Return what says, in the question's language, that nothing was found and what to do next."""
    language = of_question(question, before)
    return f"{REFUSALS[language]} {WITHOUT_DOCUMENTS[language]}"


def is_refusal(text: str) -> bool:
    """Return whether a reply says that nothing was found, and nothing else."""
    return text.startswith(tuple(REFUSALS.values()))


def load() -> Any:
    """Return what tells languages apart, loaded once; the first call takes a while."""
    with _loading:
        return _identifier()


@cache
def _identifier() -> Any:
    # It takes time and memory, so only processes that need it pay.
    return language_guess.load(REFUSALS)

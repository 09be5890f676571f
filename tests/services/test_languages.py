"""The language of short questions, and the refusal in it."""

import threading
import time

import pytest

from assistant.services.generation import languages

# ruff: noqa: E501, RUF001
QUESTIONS = {
    "en": "What does it cost?|Who wrote this?|When was it founded?|How do I install it?|What is the main idea?|Is there a warranty?|Where is the office?|Why did it fail?|Summarize the document|Which version is required?",
    "de": "Was kostet das?|Wer hat das geschrieben?|Wann wurde es gegründet?|Wie installiere ich es?|Was ist die Hauptidee?|Gibt es eine Garantie?|Wo ist das Büro?|Warum ist es gescheitert?|Fasse das Dokument zusammen|Welche Version brauche ich?",
    "fr": "Combien ça coûte ?|Qui a écrit cela ?|Quand a-t-elle été fondée ?|Comment l'installer ?|Quelle est l'idée principale ?|Y a-t-il une garantie ?|Où se trouve le bureau ?|Pourquoi cela a-t-il échoué ?|Résume le document|Quelle version faut-il ?",
    "es": "¿Cuánto cuesta?|¿Quién escribió esto?|¿Cuándo se fundó?|¿Cómo lo instalo?|¿Cuál es la idea principal?|¿Hay garantía?|¿Dónde está la oficina?|¿Por qué falló?|Resume el documento|¿Qué versión necesito?",
    "it": "Quanto costa?|Chi ha scritto questo?|Quando è stata fondata?|Come si installa?|Qual è l'idea principale?|C'è una garanzia?|Dove si trova l'ufficio?|Perché è fallito?|Riassumi il documento|Quale versione serve?",
    "pt": "Quanto custa?|Quem escreveu isto?|Quando foi fundada?|Como eu instalo?|Qual é a ideia principal?|Existe garantia?|Onde fica o escritório?|Por que falhou?|Resuma o documento|Qual versão é necessária?",
    "nl": "Wat kost het?|Wie heeft dit geschreven?|Wanneer is het opgericht?|Hoe installeer ik het?|Wat is het hoofdidee?|Is er garantie?|Waar is het kantoor?|Waarom is het mislukt?|Vat het document samen|Welke versie heb ik nodig?",
    "pl": "Ile to kosztuje?|Kto to napisał?|Kiedy została założona?|Jak to zainstalować?|Jaka jest główna myśl?|Czy jest gwarancja?|Gdzie jest biuro?|Dlaczego to się nie udało?|Streść dokument|Która wersja jest wymagana?",
    "sv": "Vad kostar det?|Vem skrev detta?|När grundades det?|Hur installerar jag det?|Vad är huvudidén?|Finns det någon garanti?|Var ligger kontoret?|Varför misslyckades det?|Sammanfatta dokumentet|Vilken version krävs?",
    "da": "Hvad koster det?|Hvem skrev dette?|Hvornår blev det grundlagt?|Hvordan installerer jeg det?|Hvad er hovedideen?|Er der garanti?|Hvor ligger kontoret?|Hvorfor mislykkedes det?|Opsummér dokumentet|Hvilken version kræves?",
    "fi": "Mitä se maksaa?|Kuka tämän kirjoitti?|Milloin se perustettiin?|Miten asennan sen?|Mikä on pääajatus?|Onko takuuta?|Missä toimisto on?|Miksi se epäonnistui?|Tiivistä asiakirja|Mikä versio vaaditaan?",
    "cs": "Kolik to stojí?|Kdo to napsal?|Kdy byla založena?|Jak to nainstaluji?|Jaká je hlavní myšlenka?|Je na to záruka?|Kde je kancelář?|Proč to selhalo?|Shrň dokument|Kterou verzi potřebuji?",
    "ru": "Сколько это стоит?|Кто это написал?|Когда она была основана?|Как это установить?|Какова главная мысль?|Есть ли гарантия?|Где находится офис?|Почему это не удалось?|Кратко изложи документ|Какая версия нужна?",
    "uk": "Скільки це коштує?|Хто це написав?|Коли її заснували?|Як це встановити?|Яка головна думка?|Чи є гарантія?|Де знаходиться офіс?|Чому це не вдалося?|Стисло виклади документ|Яка версія потрібна?",
    "th": "ราคาเท่าไหร่?|ใครเขียนสิ่งนี้?|ก่อตั้งเมื่อไหร่?|ติดตั้งอย่างไร?|แนวคิดหลักคืออะไร?|มีการรับประกันไหม?|สำนักงานอยู่ที่ไหน?|ทำไมจึงล้มเหลว?|สรุปเอกสาร|ต้องใช้รุ่นไหน?",
    "tr": "Bu ne kadar?|Bunu kim yazdı?|Ne zaman kuruldu?|Nasıl kurarım?|Ana fikir nedir?|Garanti var mı?|Ofis nerede?|Neden başarısız oldu?|Belgeyi özetle|Hangi sürüm gerekli?",
    "ar": "كم يكلف هذا؟|من كتب هذا؟|متى تأسست؟|كيف أثبته؟|ما الفكرة الرئيسية؟|هل يوجد ضمان؟|أين المكتب؟|لماذا فشل؟|لخص المستند|ما الإصدار المطلوب؟",
    "he": "כמה זה עולה?|מי כתב את זה?|מתי זה נוסד?|איך מתקינים את זה?|מה הרעיון המרכזי?|האם יש אחריות?|איפה המשרד?|למה זה נכשל?|סכם את המסמך|איזו גרסה נדרשת?",
    "hi": "इसकी कीमत क्या है?|इसे किसने लिखा?|यह कब स्थापित हुआ?|इसे कैसे स्थापित करें?|मुख्य विचार क्या है?|क्या वारंटी है?|कार्यालय कहाँ है?|यह क्यों विफल हुआ?|दस्तावेज़ का सारांश दें|कौन सा संस्करण चाहिए?",
    "zh": "这个多少钱？|这是谁写的？|它是什么时候成立的？|怎么安装？|主要思想是什么？|有保修吗？|办公室在哪里？|为什么失败了？|总结这份文件|需要哪个版本？",
    "ja": "いくらですか？|誰が書きましたか？|いつ設立されましたか？|インストール方法は？|主な考えは何ですか？|保証はありますか？|事務所はどこですか？|なぜ失敗したのですか？|文書を要約して|必要なバージョンは？",
    "ko": "얼마예요?|누가 썼나요?|언제 설립되었나요?|어떻게 설치하나요?|핵심 내용은 무엇인가요?|보증이 있나요?|사무실은 어디인가요?|왜 실패했나요?|문서를 요약해 줘|어떤 버전이 필요한가요?",
}


@pytest.mark.parametrize("language", QUESTIONS)
def test_short_questions(language: str) -> None:
    """Two misses in ten are allowed: two or three words may fit a neighbour as well."""
    questions = QUESTIONS[language].split("|")
    found = [languages.of_question(question) for question in questions]

    assert len(questions) == 10
    assert found.count(language) >= 8, found


def test_every_language_has_a_refusal() -> None:
    assert QUESTIONS.keys() == languages.REFUSALS.keys() == languages.WITHOUT_DOCUMENTS.keys()
    assert languages.NAMES.keys() == languages.REFUSALS.keys()
    refused = languages.refusal("Wie teuer ist die Fähre?")
    assert refused == f"{languages.REFUSALS['de']} {languages.WITHOUT_DOCUMENTS['de']}"
    assert languages.is_refusal(refused)


@pytest.mark.parametrize("question", ["hi", "ok", "42?", "KX-217", "KX 9", "???"])
def test_few_letters_have_their_conversations_language_or_english(question: str) -> None:
    assert languages.of_question(question) == "en"
    if question not in ("hi", "ok"):
        assert languages.of_question(question, ["Wann öffnet das Museum?"]) == "de"
        assert (
            languages.of_question(question, ["博物馆什么时候开门？请告诉我它的地址和营业时间。"])
            == "zh"
        )


@pytest.mark.parametrize(
    ("question", "before", "language"),
    [
        ("Et en hiver ?", "Quand le refuge est-il gardé ?", "fr"),
        ("料金？", "チェックインは何時からですか？", "ja"),
        ("料金？", "茶馆几点关门？", "zh"),
        ("Hi", "Wann öffnet das Museum?", "de"),
        ("Hi", "茶馆几点关门？", "en"),
    ],
)
def test_what_can_be_in_several_is_in_that_of_the_talk(
    question: str, before: str, language: str
) -> None:
    assert languages.of_question(question, [before]) == language


@pytest.mark.parametrize(
    ("question", "language"),
    [("Warum?", "de"), ("Why?", "en"), ("Pourquoi ?", "fr"), ("Et la deuxième ?", "fr")],
)
def test_one_word_can_tell(question: str, language: str) -> None:
    assert languages.of_question(question, ["これは何ですか？ 教えてください。"]) == language


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("", "en"),
        ("42?", "en"),
        ("Who wrote 資本論 and when was it printed?", "en"),
        ("What does ы stand for in this text?", "en"),
        ("WAS KOSTET DIE MITGLIEDSCHAFT?", "de"),
        ("東京の人口は?", "ja"),
    ],
)
def test_mixed_questions(question: str, language: str) -> None:
    assert languages.of_question(question) == language


def test_refusals_are_in_their_language() -> None:
    for language, sentence in languages.REFUSALS.items():
        assert languages.of_question(sentence) == language
        assert languages.detect(languages.WITHOUT_DOCUMENTS[language]) == language


def test_threads_share_one_model() -> None:
    languages._identifier.cache_clear()
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(languages.detect("Wo ist das Büro?")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert found == ["de"] * 8
    assert languages._identifier.cache_info().misses == 1


def test_long_texts_are_quick() -> None:
    started = time.perf_counter()
    languages.detect("Das ist ein langer Text. " * 100_000)

    assert time.perf_counter() - started < 0.1

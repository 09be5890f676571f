"""What kind of message it is, told by words alone, and never so that an answer is lost."""

# ruff: noqa: RUF001

import pytest

from assistant.services.generation import follow_ups
from assistant.services.generation.follow_ups import Leaning
from assistant.services.generation.wording import small_talk
from assistant.services.generation.wording.comparing import compares
from assistant.services.generation.wording.whole_documents import is_about_a_whole
from benchmarks.questions import cases

ORDINARY = [
    case
    for folder in cases.FOLDERS
    for language in cases.languages(folder)
    for case in cases.read(folder, language)
    if case.kind == "answer"
]
WHOLE = [
    "Summarise this file.",
    "What is this document about?",
    "Translate it",
    "Translate this document into French, please.",
    "Who wrote this?",
    "What is the title?",
    "When was it written?",
    "tl;dr",
    "Can you give me a short summary of the attached PDF?",
    "What are the key points?",
    "What are the main points of this document?",
    "Summarise it in three sentences.",
    "What is in this file?",
    "Describe this document briefly.",
    "How many pages does it have?",
    "What's this about?",
    "Sum it up for me",
    "give me an overview of both documents",
    "Please translate this to German",
    "Fasse das Dokument zusammen",
    "Worum geht es in diesem Dokument?",
    "Fass bitte die Datei in drei Sätzen zusammen.",
    "Übersetze es ins Englische",
    "Wer hat das geschrieben?",
    "Résume ce fichier",
    "De quoi parle ce document ?",
    "Traduis-le en anglais",
    "Quel est le titre du document ?",
    "Qui a écrit ce texte ?",
    "¿De qué trata este documento?",
    "Resume el documento",
    "总结这份文件",
    "这份文件是关于什么的？",
    "翻译成英文",
    "请把这份文件翻译成英文",
    "作者是谁？",
    "这份文件的标题是什么？",
    "この文書を要約してください",
    "この文書は何について書かれていますか？",
    "文書を要約して",
    "英語に翻訳してください",
    "この文書のタイトルは何ですか？",
    "لخص المستند",
    "عن ماذا يتحدث هذا المستند؟",
    "ترجم هذا الملف إلى الإنجليزية",
    "Riassumi il documento",
    "Di cosa parla questo documento?",
    "Resuma o documento",
    "Vat het document samen",
    "Streść dokument",
    "Sammanfatta dokumentet",
    "Opsummér dokumentet",
    "Tiivistä asiakirja",
    "Shrň dokument",
    "Кратко изложи документ",
    "О чём этот документ?",
    "Стисло виклади документ",
    "Belgeyi özetle",
    "סכם את המסמך",
    "दस्तावेज़ का सारांश दें",
    "문서를 요약해 줘",
    "สรุปเอกสาร",
]
IN_IT = [
    "Summarise the notice rules.",
    "What is the museum about?",
    "Who founded it?",
    "When was it founded?",
    "What does it cost?",
    "Who wrote Hamlet?",
    "What is the title of the second book by Orwell?",
    "Translate 'bread' into French",
    "What are the key points of the contract on notice?",
    "What is it called?",
    "How long is it?",
    "What does it say about dogs?",
    "How long is the workshop?",
    "What is in the tower?",
    "Explain the second rule",
    "Read the meter",
    "What is the date of the harvest festival?",
    "What is the name of the director?",
    "Who is the author of the poem on the wall?",
    "Was kostet es?",
    "Wann wurde es gegründet?",
    "Wie heißt der Gründer?",
    "Qui a fondé le musée ?",
    "谁创立了博物馆？",
    "作者的妻子是谁？",
    "这个博物馆是关于什么的？",
    "主要展品有哪些？",
    "入場料はいくらですか？",
    "タイトル戦はいつですか？",
]
TALK = [
    "hi",
    "Hi!",
    "hello there",
    "thanks!",
    "Thank you so much for your help",
    "bonjour",
    "你好",
    "danke",
    "Vielen Dank!",
    "ok",
    "谢谢！再见",
    "Guten Tag",
    "👍",
    ":)",
    "ありがとうございます",
    "good morning everyone",
    "merci beaucoup pour votre aide",
    "hi?",
    "مرحبا",
    "شكرا جزيلا!",
    "great, thanks",
    "How are you?",
    "Gracias por la ayuda",
    "안녕하세요",
    "Привет!",
    "नमस्ते",
    "สวัสดีครับ",
    "תודה רבה",
    "Ciao",
    "Olá",
    "Hej",
    "Cześć",
    "Merhaba",
    "Ahoj",
    "Hoi",
    "Moi",
    "Дякую",
]
NO_TALK = [
    "Hi, how much is a ticket?",
    "thanks, and the second one?",
    "42",
    "KX-217",
    "help",
    "Hello World program",
    'What does "bonjour" mean?',
    "good morning hours",
    "OK Corral",
    "Danke, und der zweite?",
    "谢谢，那第二个呢？",
    "Is hi a word?",
    "Who is Ciao?",
    "?",
]


@pytest.mark.parametrize("text", WHOLE)
def test_it_is_about_a_whole_document(text: str) -> None:
    assert is_about_a_whole(text)
    assert small_talk.languages_of(text) is None


@pytest.mark.parametrize("text", IN_IT)
def test_it_is_about_something_in_a_document(text: str) -> None:
    assert not is_about_a_whole(text)


@pytest.mark.parametrize("text", TALK)
def test_it_is_talk(text: str) -> None:
    assert small_talk.languages_of(text)


@pytest.mark.parametrize("text", NO_TALK)
def test_what_asks_for_anything_is_no_talk(text: str) -> None:
    assert small_talk.languages_of(text) is None


@pytest.mark.parametrize("case", ORDINARY, ids=lambda case: case.question)
def test_an_ordinary_question_is_only_searched(case: cases.Case) -> None:
    assert not is_about_a_whole(case.question)
    assert small_talk.languages_of(case.question) is None
    assert not compares(case.question)
    asked = follow_ups.read(case.question, ())
    assert (asked.language, asked.leaning) == (case.language, Leaning.NOT)


@pytest.mark.parametrize(
    "question",
    [
        "And what about the second one?",
        "How long does the first one last?",
        "Who founded it?",
        "Et la deuxième ?",
        "Yes, tell me more",
        "Why?",
        "那第二个呢？",
        "它是谁创立的？",
        "二つ目はどうですか？",
        "Und der zweite?",
        "Wie lange dauert er?",
        "وماذا عن الثاني؟",
        "When?",
        "And in winter?",
        "¿Y el segundo?",
        "What about children?",
        "E il secondo?",
        "А второй?",
        "続けて",
        "계속",
    ],
)
def test_it_leans_on_what_was_said(question: str) -> None:
    asked = follow_ups.read(
        question, [("user", "Which workshops are there?"), ("assistant", "Two, by Marta Lind.")]
    )
    assert asked.leaning is Leaning.SURELY
    assert asked.widened == f"Which workshops are there?\nMarta Lind\n{question}"


@pytest.mark.parametrize(
    "question",
    [
        "Where can I buy a ticket for the demonstration on Sunday?",
        "Wer gewann 1998 die Weltmeisterschaft im Fußball?",
        "博物馆星期几关门？",
        "Quels papiers sont demandés pour l'inscription à la bibliothèque ?",
        "ما هو ارتفاع جبل إفرست في آسيا؟",
    ],
)
def test_it_stands_alone(question: str) -> None:
    asked = follow_ups.read(
        question, [("user", "Which workshops are there?"), ("assistant", "Two.")]
    )
    assert asked.widened is None


def test_it_leans_on_the_last_question_that_stood_alone() -> None:
    history = [
        ("user", "How long is the warranty of the green controller?"),
        ("assistant", "Thirty months."),
        ("user", "Why?"),
        ("assistant", "I found nothing in the documents that answers this question."),
        ("user", "thanks"),
        ("assistant", "You are welcome."),
    ]
    asked = follow_ups.read("And in winter?", history)
    assert (
        asked.widened == "How long is the warranty of the green controller?\nWhy?\nAnd in winter?"
    )
    assert follow_ups.read("And in winter?", history[4:]).widened is None

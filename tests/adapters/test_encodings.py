"""Text is decoded right, whatever wrote it."""

import unicodedata
from pathlib import Path

import pytest

from assistant.adapters.documents import html, legacy, plain, wide
from tests.adapters.encoded import ENCODINGS, SENTENCES

INPUTS = Path(__file__).parents[1] / "inputs"
TONES = "\u0300\u0301\u0303\u0309\u0323"


def read(data: bytes) -> str:
    return plain.extract(data)[0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("french-cp1252.txt", ["coûte", "L’entrée", "élèves"]),  # noqa: RUF001
        ("hebrew-cp1255.txt", ["המוזיאון סגור ביום שני"]),
    ],
)
def test_files_of_other_times(name: str, words: list[str]) -> None:
    text = read((INPUTS / name).read_bytes())
    assert all(word in text for word in words)


def test_only_the_odd_byte_of_utf_8_is_replaced() -> None:
    text = read((INPUTS / "one-bad-byte.txt").read_bytes())
    assert "Schließdienst prüft" in text
    assert text.count("\ufffd") == 1
    assert read("Größe prüfen, für ".encode() + b"\xfc ok") == "Größe prüfen, für \ufffd ok"


def test_the_share_of_legacy_encodings_that_is_read_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(ENCODINGS) == 23
    right: dict[int, list[bool]] = {1: [], 12: []}
    table = [f"{'encoding':<12} one line  twelve lines"]
    for encoding, languages in ENCODINGS.items():
        shares = []
        for count in right:
            texts = [
                "\n".join(SENTENCES[language][(first + i) % 2] for i in range(count))
                for language in languages
                for first in (0, 1)
            ]
            found = [read(text.encode(encoding)) == text for text in texts]
            right[count] += found
            shares.append(sum(found) / len(found))
        table.append(f"{encoding:<12} {shares[0]:8.0%}  {shares[1]:12.0%}")
    shares = [sum(found) / len(found) for found in right.values()]
    with capsys.disabled():
        print("\n" + "\n".join(table), f"\n{'all':<12} {shares[0]:8.1%}  {shares[1]:12.1%}")
    assert shares[0] >= 0.95
    assert shares[1] == 1.0


def test_vietnamese_has_its_tones_apart_and_is_put_together() -> None:
    text = SENTENCES["Vietnamese"][0]
    apart = "".join(
        unicodedata.normalize("NFC", "".join(c for c in parts if c not in TONES))
        + "".join(c for c in parts if c in TONES)
        for parts in (unicodedata.normalize("NFD", character) for character in text)
    )
    assert read(apart.encode("cp1258")) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32"])
@pytest.mark.parametrize("language", ["French", "Russian", "Hebrew", "Japanese", "Korean"])
def test_wide_characters_with_and_without_a_mark(encoding: str, language: str) -> None:
    text = SENTENCES[language][0]
    assert read(text.encode(encoding)) == text
    assert read(f"{text}\n{text}".encode(encoding)) == f"{text}\n{text}"


@pytest.mark.parametrize("data", [b"text\0text", b"text\0tex", b"\0\1\0\2" * 20, b"ab\0\0" * 9])
def test_bytes_that_are_no_wide_text(data: bytes) -> None:
    assert wide.wide_encoding(data) is None


def test_encodings_that_switch_alphabets() -> None:
    for language, encoding in (("Japanese", "iso2022_jp"), ("Korean", "iso2022_kr")):
        text = "\n".join(SENTENCES[language])
        assert read(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Questa pagina non è stata trovata.", "cp1252"),
        ("It’s “five” euros – not more.", "cp1252"),  # noqa: RUF001
        ("Probar los siguientes términos: ñandú, ándale, ésta, índice, cargó, último", "cp1252"),
        ("Klöster und Schlösser", "iso8859-1"),
        ("Bсеки човек има право на образование.", "cp1251"),  # noqa: RUF001
    ],
)
def test_the_common_encoding_of_a_language_wins(text: str, encoding: str) -> None:
    assert read(text.encode(encoding)) == text


@pytest.mark.parametrize("language", ["French", "Czech", "Russian", "Japanese"])
def test_tags_are_no_words(language: str) -> None:
    encoding = {"Czech": "cp1250", "Russian": "koi8-r", "Japanese": "euc-jp"}.get(
        language, "cp1252"
    )
    text = SENTENCES[language][0]
    page = "<ul class='a i'>" + f"<li><a href=x><i>{text}</i></a></li>" * 9 + "</ul>"
    assert text in html.extract(page.encode(encoding))[0]


def test_a_long_file_is_judged_by_its_unusual_part() -> None:
    text = "plain words\n" * 20_000 + "Ärger über größere Gebühren\n" * 300
    assert read(text.encode("cp1252")) == text
    assert legacy.guess(("x" * 50_000 + "für").encode("cp1252")) == "cp1252"


def test_orders_to_terminals_and_printers_are_no_text() -> None:
    colours = "\x1b[1;31mERROR\x1b[0m disk \x1b]0;title\x07full\x1b(B \x1b[2K\x9b32mok\x9b0m"
    assert read(colours.encode()) == "ERROR disk full ok"
    assert read(b"N\x08NA\x08AM\x08ME\x08E  _\x08l_\x08s") == "NAME  ls"
    assert read(b"a [31m] stays") == "a [31m] stays"

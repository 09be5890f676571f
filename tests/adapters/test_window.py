"""No chunk is longer than the embedding model reads, in any language, and nothing is lost."""

import time
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

from assistant.adapters import embedding
from assistant.adapters.embedding import SentenceTransformerModel
from assistant.adapters.splitting import StructuredSplitter
from assistant.pieces import Piece

FOLDER = embedding.locate("all-MiniLM-L6-v2")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="the bundled model is not installed")

# ruff: noqa: RUF001  # other alphabets are what this is about
SENTENCES = {
    "English": "On day {n} the keeper of the old lighthouse writes down how far the fog reached. ",
    "German": "Am {n}. Tag schreibt die Leuchtturmwärterin auf, wie weit der Küstennebel reichte. ",
    "Russian": "На {n}-й день смотритель старого маяка записывает, как далеко дошёл туман. ",
    "Chinese": "第{n}天，老灯塔的看守人记下了雾气蔓延到了多远的地方。",
    "Japanese": "{n}日目に、古い灯台の番人は霧がどこまで届いたかをノートに書き留めた。",
}
MODEL = SentenceTransformerModel("all-MiniLM-L6-v2")


def lost(text: str, pieces: list[Piece]) -> str:
    """Return what of a text, besides blanks, is in no chunk."""
    end, gaps = 0, ""
    for piece in pieces:
        gaps += text[end : max(end, piece.start)]
        end = max(end, piece.end)
    return (gaps + text[end:]).strip()


def tokens(text: str, pieces: list[Piece]) -> list[int]:
    """Count the tokens of what is embedded of each chunk."""
    return [len(found) for found in MODEL.locate_tokens([one.embedded(text) for one in pieces])]


@pytest.mark.parametrize("size", [100, 250, 1000])
@pytest.mark.parametrize("language", SENTENCES)
def test_the_model_reads_all_of_each_chunk(language: str, size: int) -> None:
    sentences = [SENTENCES[language].format(n=n) for n in range(400)]
    text = "".join(sentence + "\n\n" * (n % 23 == 22) for n, sentence in enumerate(sentences))
    pieces = StructuredSplitter(size=size, overlap=size // 7, model=MODEL).split(text)

    counts = tokens(text, pieces)
    most = min(size, MODEL.window)
    assert max(counts) <= most
    assert lost(text, pieces) == ""
    # The room is used, cuts lie between sentences, and neighbours have something in common.
    assert sum(counts) / len(counts) > 0.6 * most
    assert all(text[piece.end - 1] in ".。" for piece in pieces)
    overlapping = sum(before.end > after.start for before, after in pairwise(pieces))
    assert overlapping > len(pieces) / 2 or size == 100


PIECES = st.sampled_from(
    [
        *("a", "word ", "Same sentence. ", "\n\n", "  ", "\u3000", "\x1f", ".", "7", "©", "\u00ad"),
        *("。", "日本語の文章です。", "ひらがなばかり", "👩\u200d👩\u200d👧 ", "e\u0301", "İ", "ﬁ"),
        *(
            "# Heading\n\n",
            "| a | b |\n|---|---|\n",
            "| 1 | длинный ответ |\n",
            "```\n",
            "\n## B\n",
        ),
        *("длинноеслово", "https://example.org/" + "x7" * 40, "ก็ไม่รู้", "한국어 "),
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(st.text(max_size=3000), st.lists(PIECES, max_size=400).map("".join)),
    size=st.integers(50, 1000),
    share=st.floats(0, 0.5),
)
def test_whatever_the_text_is(text: str, size: int, share: float) -> None:
    pieces = StructuredSplitter(size=size, overlap=int(size * share), model=MODEL).split(text)
    assert max(tokens(text, pieces), default=0) <= MODEL.window
    assert lost(text, pieces) == ""
    starts = [piece.start for piece in pieces]
    assert starts == sorted(set(starts))


def test_a_tokenizer_that_cannot_locate_its_tokens_bounds_chunks_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = SentenceTransformerModel("all-MiniLM-L6-v2")
    text = "".join(SENTENCES["German"].format(n=n) for n in range(200))
    assert FOLDER is not None
    slow = BertTokenizerLegacy(str(FOLDER / "vocab.txt"))
    loaded = SimpleNamespace(
        tokenizer=slow, prompts={}, default_prompt_name=None, max_seq_length=256
    )
    monkeypatch.setattr(model, "_model", loaded)
    pieces = StructuredSplitter(size=250, overlap=25, model=model).split(text)
    assert max(tokens(text, pieces)) <= MODEL.window
    assert lost(text, pieces) == ""


@pytest.mark.parametrize("language", ["English", "Japanese"])
def test_takes_linear_time(language: str) -> None:
    sentence = SENTENCES[language]
    megabytes = [sentence.format(n=n) for n in range(5_000_000 // len(sentence.encode()))]
    text = "".join(megabytes)
    MODEL.locate_tokens([""])
    begin = time.process_time()
    assert StructuredSplitter(size=250, overlap=25, model=MODEL).split(text)
    seconds = time.process_time() - begin
    print(f"{language}: 5 MB in {seconds:.1f} s")
    assert seconds < 60

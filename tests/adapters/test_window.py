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
from assistant.adapters.splitting import RecursiveSplitter
from assistant.ports import Span

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


def lost(text: str, spans: list[Span]) -> str:
    """Return what of a text, besides blanks, is in no chunk."""
    end, gaps = 0, ""
    for span in spans:
        gaps += text[end : max(end, span.start)]
        end = max(end, span.end)
    return (gaps + text[end:]).strip()


def unread(text: str, spans: list[Span]) -> int:
    """Count the tokens that the model does not read of the chunks."""
    counts = map(len, MODEL.locate_tokens([text[span.start : span.end] for span in spans]))
    return sum(max(0, count - MODEL.window) for count in counts)


@pytest.mark.parametrize("size", [1000, 4000])
@pytest.mark.parametrize("language", SENTENCES)
def test_the_model_reads_all_of_each_chunk(language: str, size: int) -> None:
    sentences = [SENTENCES[language].format(n=n) for n in range(400)]
    text = "".join(sentence + "\n\n" * (n % 23 == 22) for n, sentence in enumerate(sentences))
    plain = RecursiveSplitter(size=size, overlap=150).split(text)
    spans = RecursiveSplitter(size=size, overlap=150, model=MODEL).split(text)

    assert unread(text, plain) > 0 or (language, size) == ("English", 1000)
    assert unread(text, spans) == 0
    assert lost(text, spans) == ""
    assert max(span.end - span.start for span in spans) <= size
    # The room is used, cuts lie between sentences, and neighbours have something in common.
    if size == 4000:
        chunks = [text[span.start : span.end] for span in spans]
        mean = sum(map(len, MODEL.locate_tokens(chunks))) / len(chunks)
        assert mean > 0.6 * MODEL.window
    assert all(text[span.end - 1] in ".。" for span in spans)
    overlapping = sum(before.end > after.start for before, after in pairwise(spans))
    assert overlapping > len(spans) / 2


PIECES = st.sampled_from(
    [
        *("a", "word ", "Same sentence. ", "\n\n", "  ", "\u3000", "\x1f", ".", "7", "©", "\u00ad"),
        *("。", "日本語の文章です。", "ひらがなばかり", "👩\u200d👩\u200d👧 ", "e\u0301", "İ", "ﬁ"),
        *("длинноеслово", "https://example.org/" + "x7" * 40, "ก็ไม่รู้", "한국어 "),
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(st.text(max_size=3000), st.lists(PIECES, max_size=400).map("".join)),
    size=st.integers(200, 4000),
    share=st.floats(0, 0.5),
)
def test_whatever_the_text_is(text: str, size: int, share: float) -> None:
    spans = RecursiveSplitter(size=size, overlap=int(size * share), model=MODEL).split(text)
    assert unread(text, spans) == 0
    assert lost(text, spans) == ""
    starts = [span.start for span in spans]
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
    spans = RecursiveSplitter(size=4000, overlap=400, model=model).split(text)
    assert unread(text, spans) == 0
    assert lost(text, spans) == ""


@pytest.mark.parametrize("language", ["English", "Japanese"])
def test_takes_linear_time(language: str) -> None:
    sentence = SENTENCES[language]
    megabytes = [sentence.format(n=n) for n in range(5_000_000 // len(sentence.encode()))]
    text = "".join(megabytes)
    MODEL.locate_tokens([""])
    begin = time.process_time()
    assert RecursiveSplitter(size=1000, overlap=150, model=MODEL).split(text)
    seconds = time.process_time() - begin
    print(f"{language}: 5 MB in {seconds:.1f} s")
    assert seconds < 60

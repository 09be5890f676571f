"""The words of real servers, and what is read from them."""

import httpx2
import openai
import pytest

from assistant.adapters.chat import complaints


def error(body: object) -> openai.APIError:
    return openai.APIError("", httpx2.Request("POST", "http://model"), body=body)


@pytest.mark.parametrize(
    ("words", "window", "prompt"),
    [
        (
            "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"
            " (4000 in the messages, 1000 in the completion). Please reduce the length.",
            4096,
            4000,
        ),
        (
            "This model's maximum context length is 128,000 tokens. However, your messages resulted"
            " in 150,000 tokens.",
            128_000,
            150_000,
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum "
            "context length is 32768 tokens and your request has 29000 input tokens "
            "(4096 > 32768 - 29000).",
            32_768,
            29_000,
        ),
        (
            "This model's maximum context length is 2048 tokens. However, you requested 0 output "
            "tokens and your prompt contains at least 2049 input tokens.",
            2048,
            2049,
        ),
        (
            "request (66202 tokens) exceeds the available context size (65536 tokens), try "
            "increasing it",
            65_536,
            66_202,
        ),
        ("prompt is too long: 208310 tokens > 200000 maximum", 200_000, 208_310),
        (
            "input length and `max_tokens` exceed context limit: 178902 + 32000 > 200000, decrease "
            "input length or `max_tokens` and try again",
            200_000,
            178_902,
        ),
        (
            "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 "
            "maximum context length",
            32_768,
            40_000,
        ),
        (
            "The input (150000 tokens) is longer than the model's context length (128000 tokens).",
            128_000,
            150_000,
        ),
        (
            "Requested token count exceeds the model's maximum context length of 4096 tokens. You "
            "requested a total of 5000 tokens: 4000 tokens from the input messages and 1000 tokens "
            "for the completion.",
            4096,
            4000,
        ),
        (
            "Trying to keep the first 5406 tokens when context the overflows. However, the model is"
            " loaded with context length of only 1056 tokens, which is not enough.",
            1056,
            None,
        ),
        (
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: "
            "4031 `inputs` tokens and 200 `max_new_tokens`",
            4096,
            4031,
        ),
        (
            "The input token count (1200000) exceeds the maximum number of tokens allowed "
            "(1048576).",
            1_048_576,
            None,
        ),
        ("Input is too long for requested model.", None, None),
        ("max_tokens must be at least 1, got -186.", None, None),
    ],
)
def test_contexts(words: str, window: int | None, prompt: int | None) -> None:
    assert complaints.TOO_LONG.search(words)
    assert complaints.figure(complaints.WINDOW, words) == window
    assert complaints.figure(complaints.PROMPT, words) == prompt


@pytest.mark.parametrize(
    ("words", "most"),
    [
        ("max_tokens is too large: 9. This model supports at most 8 completion tokens", 8),
        ("max_tokens: 8000 > 4096, which is the maximum allowed number of output tokens", 4096),
        ("The maximum tokens you requested exceeds the model limit of 10000.", 10_000),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
        ("InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 65536]", 65_536),
        ("max_tokens参数非法：限制数值范围[1,131072]", 131_072),  # noqa: RUF001
        ("`max_tokens` must be less than or equal to `8192`, the maximum value for it", 8192),
        ("max_tokens value must be between 1 and 65536", 65_536),
        ("Input validation error: `max_new_tokens` must be <= 4096. Given: 5000", 4096),
        ("body.max_tokens: Input should be less than or equal to 4096", 4096),
    ],
)
def test_limits(words: str, most: int) -> None:
    assert not complaints.TOO_LONG.search(words)
    assert complaints.figure(complaints.MOST_TOKENS, words) == most


@pytest.mark.parametrize(
    ("words", "most"),
    [
        ("temperature: range: 0..1", 1),
        ("temperature: Input should be less than or equal to 1", 1),
        ("`temperature` must be between 0 and 1.5", 1.5),
        ("Invalid temperature, the valid range of temperature is [0, 2.0]", 2),
        ("temperature has to be at most 0.99", 0.99),
        (
            "Unsupported value: 'temperature' does not support 0.2 with this model. Only the "
            "default (1) value is supported.",
            None,
        ),
        ("`temperature` is deprecated for this model.", None),
    ],
)
def test_temperatures(words: str, most: float | None) -> None:
    assert complaints.number(complaints.MOST_HEAT, words) == most


def test_what_is_repeated_is_no_complaint() -> None:
    question = "Which temperature does max_tokens have?"
    said = f"Cannot parse '{question}' here"

    assert "temperature" not in complaints.words_of(error({"message": said}), [question])


@pytest.mark.parametrize(
    "body",
    [
        None,
        7,
        [],
        [[[[[[[[[["deep"]]]]]]]]]],
        {"detail": [None, {"msg": 7}, {"msg": "so", "loc": "body"}]},
        {"detail": {"error": {"message": [None]}}},
        {"message": {"message": {"message": None}}},
        {"message": "x" * 100_000},
    ],
)
def test_rubbish_is_read(body: object) -> None:
    assert len(complaints.words_of(error(body))) <= complaints.LONGEST

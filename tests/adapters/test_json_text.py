"""Values of JSON are read with the keys that lead to them."""

import pytest

from assistant.adapters.documents import json_text


def read(content: str) -> str:
    return json_text.extract(content.encode())[0]


def test_values_have_their_paths() -> None:
    content = """{
        "name": "Silver Heron", "open": true, "fee": null, "price": 1.50, "big": 12345678901234567,
        "tags": ["a", "b"], "place": {"street": "Quay 3", "at": {"lat": 54.10}},
        "parts": [{"x": [{"y": 1}, 2]}, [3]]}"""
    assert read(content) == (
        "name: Silver Heron\nopen: true\nfee: null\nprice: 1.50\nbig: 12345678901234567\n"
        "tags: a, b\n\nplace.street: Quay 3\n\nplace.at.lat: 54.10\n\n"
        "parts[0].x[0].y: 1\n\nparts[0].x[1]: 2\n\nparts[1][0]: 3"
    )


@pytest.mark.parametrize(
    "content",
    [
        '[{"model": "KX-100", "price": 340}, {"model": "KX-300"}]',
        '{"model": "KX-100", "price": 340}\n\n{"model": "KX-300"}\n',
    ],
)
def test_records_with_the_same_keys_are_a_table(content: str) -> None:
    table = "| model | price |\n| --- | --- |\n| KX-100 | 340 |\n| KX-300 |  |"
    assert read(content) == table
    if content.startswith("["):
        assert read(f'{{"pumps": {content}}}') == f"pumps:\n\n{table}"


def test_records_with_few_keys_in_common_are_none() -> None:
    assert read('[{"a": 1}, {"b": 2}, {"c": 3}]') == "[0].a: 1\n\n[1].b: 2\n\n[2].c: 3"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("[1, 2]", "1\n2"),
        ('"a\\u00e9"', "aé"),
        ('{"a": 1, "a": 2}', "a: 1\na: 2"),
        ("null", "null"),
        ("[]", ""),
        ('{"a": 1, // why\n}', '{"a": 1, // why\n}'),
    ],
)
def test_other_values(content: str, text: str) -> None:
    assert read(content) == text

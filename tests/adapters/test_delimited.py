"""Rows of text files are read with their header, whatever stands between the values."""

import pytest

from assistant.adapters.documents import delimited

TABLE = (
    "| Model | Torque | Price |\n| --- | --- | --- |\n"
    "| KX-100 | 12,5 Nm | 340 |\n| KX-300 |  | 610 |"
)


def read(content: str, encoding: str = "utf-8") -> str:
    return delimited.extract(content.encode(encoding))[0]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiters(delimiter: str) -> None:
    rows = "Model;Torque;Price\r\nKX-100;12,5 Nm;340\r\nKX-300;;610\r\n"
    assert read(rows.replace(";", delimiter)) == TABLE


@pytest.mark.parametrize(
    "content",
    [
        'Model,Torque,Price\nKX-100,"12,5 Nm",340\nKX-300,,610\n',
        'sep=,\nModel,Torque,Price\nKX-100,"12,5 Nm",340\n\nKX-300,,610,,,\n,,\n',
        '\ufeff"Model"; "Torque"; "Price"\n"KX-100"; "12,5 Nm"; 340\n"KX-300"; ; 610',
        'Model;Torque;Price\nKX-100;"12,5\nNm";340\nKX-300;;610\n',
    ],
)
def test_ways_to_write_the_same(content: str) -> None:
    assert read(content) == TABLE


def test_lines_above_the_header_are_no_rows() -> None:
    assert read("Prices of 2024\n\nModel;Torque;Price\nKX-100;12,5 Nm;340\nKX-300;;610") == (
        f"Prices of 2024\n\n{TABLE}"
    )


def test_a_quote_that_is_never_closed_swallows_nothing() -> None:
    assert read('a\tb\n1\t"2\n3\t4').endswith('| 1 | "2 |\n| 3 | 4 |')
    assert read('a,b\n"x" y,5" pipe\n3,4').endswith('| x y | 5" pipe |\n| 3 | 4 |')


def test_one_column_is_a_list_of_lines() -> None:
    assert read("name\n\nAda, Countess\nGrace") == "name\nAda, Countess\nGrace"
    assert read(";;\n;;") == ""


def test_other_encodings() -> None:
    rows = "Größe;Preis für Schüler\n1;2\n"
    assert read(rows, "cp1252") == read(rows, "utf-16") == read(rows)
    assert "| Größe | Preis für Schüler |" in read(rows)

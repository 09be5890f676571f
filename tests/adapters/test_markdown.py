"""Light Markdown."""

from assistant.adapters.documents import markdown


def test_an_empty_cell_keeps_the_others_in_their_places() -> None:
    rows = [["Model", "Torque", "Price"], ["KX-300", "", "610"], ["", "", ""], ["KX-400", "12"]]
    assert markdown.table(rows) == (
        "| Model | Torque | Price |\n| --- | --- | --- |\n| KX-300 |  | 610 |\n| KX-400 | 12 |  |"
    )


def test_what_would_break_a_table_does_not() -> None:
    assert markdown.table([["a|b", "c\nd"]]) == "| a\\|b | c d |\n| --- | --- |"
    assert markdown.table([["", " "]]) == ""


def test_headings_and_items() -> None:
    assert markdown.heading(9, "A\n title") == "###### A title"
    assert markdown.item("Fees", 1, "2.") == "  2. Fees"
    assert markdown.item("Fees") == "- Fees"

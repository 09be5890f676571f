"""Workbooks read as they are shown."""

from collections.abc import Iterable

import pytest

from assistant.adapters.documents import parts, xlsx
from assistant.errors import PermanentError
from tests.adapters.files import OLE
from tests.adapters.office_files import cell, relations, rows, sheet, workbook, zipped


def text(*args: object, **options: object) -> str:
    """Return what is read of a workbook."""
    read, pages = xlsx.extract(workbook(*args, **options))  # type: ignore[arg-type]
    assert pages == []
    return read


def failure(data: bytes) -> PermanentError:
    """Return the error that ends the reading of a file."""
    with pytest.raises(PermanentError) as caught:
        xlsx.extract(data)
    assert caught.value.detail.count(" ") > 5
    return caught.value


def test_each_visible_sheet_has_its_name_and_its_rows_their_header() -> None:
    sheets = {
        "Prices & more": sheet(rows(["Item", "Price"], ["KX-300", 610], ["A|B", None])),
        "Old": sheet(rows(["secret"])),
        "Empty": sheet(""),
        "Notes": sheet(rows(["Only text."], ["And a second line."])),
    }
    assert text(sheets, states={"Old": "veryHidden"}) == (
        "# Prices & more\n\n| Item | Price |\n| --- | --- |\n| KX-300 | 610 |\n| A\\|B |  |\n\n"
        "# Notes\n\nOnly text.\nAnd a second line."
    )


def test_values_are_as_shown() -> None:
    cells = (
        cell("A1", "When", 0)
        + cell("B1", "Share")
        + cell("C1", "Sum")
        + cell("D1", "Paid")
        + '<c r="E1" t="e"><v>#N/A</v></c>'
    )
    values = cell("A2", 46096, 1) + cell("B2", 0.075, 2) + cell("C2", 1234.5, 3) + cell("D2", True)
    shown = text(
        {"S": sheet(f'<row r="1">{cells}</row><row r="2">{values}</row>')},
        formats=["dd.mm.yyyy", "0.0%", '#,##0.00\\ "€"'],
    )
    assert "| When | Share | Sum | Paid | #N/A |" in shown
    assert "| 15.03.2026 | 7.5% | 1,234.50 € | TRUE |  |" in shown


def test_dates_since_1904() -> None:
    data = f'<row r="1">{cell("A1", 44634, 1)}</row>'
    sheets = {"S": sheet(data)}
    assert "2026-03-15" in text(sheets, formats=["yyyy-mm-dd"], properties='date1904="1"')
    assert "2022-03-14" in text(sheets, formats=["yyyy-mm-dd"])


def test_a_formula_is_its_result_or_itself_where_nobody_calculated_it() -> None:
    data = (
        '<row r="1"><c r="A1"><f>B1*2</f><v>610</v></c><c r="B1" t="str"><f>T(1)</f><v>ten</v></c>'
        '<c r="C1"><f>SUM(A1:A9)</f></c></row>'
    )
    assert "| 610 | ten | =SUM(A1:A9) |" in text({"S": sheet(data)})


def test_shared_strings_with_runs_escapes_and_readings() -> None:
    strings = (
        "<si><r><t>rich </t></r><r><t>text</t></r></si>"
        "<si><t>東京</t><rPh><t>トウキョウ</t></rPh></si><si><t>a_x000D_b</t></si>"
    )
    cells = "".join(f'<c r="{c}1" t="s"><v>{i}</v></c>' for i, c in enumerate("ABCD"))
    shown = text({"S": sheet(f'<row r="1">{cells}</row>')}, strings=strings)
    assert "| rich text | 東京 | a b |" in shown


def test_hidden_rows_and_columns_are_left_out_and_part_no_table() -> None:
    data = (
        rows(["Name", "Cost", "Price"])
        + f'<row r="2" hidden="1">{cell("A2", "secret")}</row>'
        + rows(["KX-300", 400, 610], top=3)
    )
    columns = '<cols><col min="2" max="2" hidden="1"/></cols>'
    assert text({"S": sheet(data, columns)}) == (
        "# S\n\n| Name | Price |\n| --- | --- |\n| KX-300 | 610 |"
    )


def test_empty_rows_part_tables_and_empty_columns_go() -> None:
    data = rows(["Fruit", None, "Kilos"], ["Apple", None, 3]) + rows(["City"], ["Oslo"], top=5)
    assert text({"S": sheet(data)}) == (
        "# S\n\n| Fruit | Kilos |\n| --- | --- |\n| Apple | 3 |\n\nCity\nOslo"
    )


def test_what_goes_on_after_a_gap_has_the_header_from_above() -> None:
    data = (
        rows(["Item", "Unit", "Price"], ["KX-300", "one", 610])
        + rows(["Sum", None, 610], top=4)
        + rows(["Region", "2025", "2026"], ["North", 1, 2], top=6)
    )
    assert text({"S": sheet(data)}) == (
        "# S\n\n| Item | Unit | Price |\n| --- | --- | --- |\n| KX-300 | one | 610 |\n\n"
        "| Item | Unit | Price |\n| --- | --- | --- |\n| Sum |  | 610 |\n\n"
        "| Region | 2025 | 2026 |\n| --- | --- | --- |\n| North | 1 | 2 |"
    )


def test_a_form_has_no_header_to_go_on_with() -> None:
    data = rows(["Date", "12.3."]) + rows(["Sum", 610], top=3)
    assert text({"S": sheet(data)}) == (
        "# S\n\n| Date | 12.3. |\n| --- | --- |\n\n| Sum | 610 |\n| --- | --- |"
    )


def test_a_title_over_a_table_is_no_header() -> None:
    data = rows(["Sales in 2026"], ["Region", "Sum"], ["North", 5])
    assert text({"S": sheet(data, merged=["A1:B1"])}) == (
        "# S\n\nSales in 2026\n\n| Region | Sum |\n| --- | --- |\n| North | 5 |"
    )


def test_merged_headers_say_it_for_each_column() -> None:
    data = rows(
        ["Region", "Q1", None, "Q2", None],
        [None, "Jan", "Feb", "Apr", "May"],
        ["North", 1, 2, 3, 4],
    )
    assert text({"S": sheet(data, merged=["A1:A2", "B1:C1", "D1:E1"])}) == (
        "# S\n\n| Region | Q1 Jan | Q1 Feb | Q2 Apr | Q2 May |\n"
        "| --- | --- | --- | --- | --- |\n| North | 1 | 2 | 3 | 4 |"
    )


def test_a_wide_header_over_values_takes_no_row_of_them() -> None:
    data = rows(["Name", None, "Age"], ["Ada", "Lovelace", 36])
    assert "| Name | Name | Age |\n| --- | --- | --- |\n| Ada | Lovelace | 36 |" in text(
        {"S": sheet(data, merged=["A1:B1"])}
    )


def test_what_rows_share_stands_in_each() -> None:
    data = rows(["Kind", "Name"], ["Citrus", "Lemon"], [None, "Orange"])
    assert "| Citrus | Lemon |\n| Citrus | Orange |" in text({"S": sheet(data, merged=["A2:A3"])})


def test_text_boxes_are_read_after_the_cells() -> None:
    box = (
        '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:twoCellAnchor><xdr:sp>'
        "<xdr:txBody><a:p><a:r><a:t>Prices rise in May.</a:t></a:r></a:p></xdr:txBody>"
        "</xdr:sp></xdr:twoCellAnchor></xdr:wsDr>"
    )
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(("r", "drawing", "../drawings/d1.xml")),
        "xl/drawings/d1.xml": box,
    }
    assert text({"S": sheet(rows(["a", "b"]))}, parts=parts).endswith("\n\nPrices rise in May.")


def test_far_corners_and_rows_without_cells_take_no_room() -> None:
    far = f'<row r="1048576">{cell("XFD1048576", "corner")}</row>'
    empty = "".join(f'<row r="{i}"><c r="A{i}" s="1"/></row>' for i in range(2, 200_000))
    before = '<dimension ref="A1:XFD1048576"/>'
    data = rows(["first"]) + empty + far
    assert text({"S": sheet(data, before)}) == "# S\n\nfirst\n\ncorner"


def test_prefixes_and_cells_without_places() -> None:
    strict = (
        '<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData>'
        '<x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c><x:c><x:v>1</x:v></x:c></x:row>'
        '<x:row><x:c t="d"><x:v>2026-03-15T00:00:00</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    assert "| a | 1 |\n| --- | --- |\n| 2026-03-15 |  |" in text({"S": strict})


def letters(column: int) -> str:
    """Return how a column is called."""
    head, last = divmod(column - 1, 26)
    return (letters(head) if head else "") + chr(ord("A") + last)


@pytest.mark.parametrize(
    "cells",
    [
        # A long text again and again; many short ones; few that span a large empty table.
        (f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 6000)),
        (f'<row r="{i}">{"<c><v>12345</v></c>" * 26}</row>' for i in range(1, 30_000)),
        (
            f'<row r="{i}">{cell(f"A{i}", i)}{cell(f"{letters(i + 1)}{i}", i)}</row>'
            for i in range(1, 3000)
        ),
    ],
    ids=["repeated", "many", "sparse"],
)
def test_more_than_is_read_of_a_file(cells: Iterable[str]) -> None:
    book = workbook({"S": sheet("".join(cells))}, strings=f"<si><t>{'x' * 1000}</t></si>")
    assert failure(book).code == "too_large_to_parse"


def test_what_inflates_is_counted_over_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_INFLATED", 1_000_000)
    half = sheet(rows(["a"]) + " " * 600_000)
    assert "a" in text({"S": half})
    assert failure(workbook({"S": half, "T": half})).code == "too_large_to_parse"


def test_an_archive_of_too_many_parts() -> None:
    many = zipped({str(i): "" for i in range(10_001)})
    assert failure(many).code == "too_large_to_parse"


def test_files_that_are_no_workbooks() -> None:
    good = workbook({"S": sheet(rows(["a"]))})
    entities = '<!DOCTYPE x [<!ENTITY a "ha">]><worksheet>&a;</worksheet>'
    binary = zipped(
        {
            "_rels/.rels": relations(("r", "officeDocument", "xl/workbook.bin")),
            "xl/workbook.bin": b"x",
        }
    )
    assert failure(good[: len(good) // 2]).code == "broken_file"
    assert failure(zipped({"a": "b"})).code == "broken_file"
    assert failure(workbook({"S": "<worksheet><row>"})).code == "broken_file"
    assert failure(workbook({"S": entities})).code == "broken_file"
    assert ".xlsx" in failure(binary).detail
    assert failure(OLE + b"EncryptedPackage").code == "encrypted_file"

"""The text of PDF files reads as their pages do."""

import base64
import time
import zlib
from pathlib import Path

import pypdfium2
import pytest

from assistant.adapters.documents import pdf
from assistant.adapters.documents.pdf_boxes import WORD
from assistant.adapters.documents.pdf_columns import Line
from assistant.adapters.documents.pdf_pages import ordered, read_page
from assistant.adapters.documents.pdf_places import located
from assistant.adapters.documents.pdf_style import style_of
from assistant.adapters.documents.pdf_text import write
from assistant.errors import PermanentError
from tests.adapters.files import HANDBOOK
from tests.adapters.pdfs import OWNED, Page, build, chinese, lines, ruled, shown, widget

INPUTS = Path(__file__).parents[1] / "inputs"
LEFT = (
    "Alpha brewing begins with\nclean water from the hill\nspring near the abbey. The\n"
    "monks draw it at dawn\nand carry it in pails."
)
RIGHT = (
    "Omega storage needs a cool\ncellar below ten degrees.\nThe barrels rest for ninety\n"
    "days before the first tasting,\nand longer in winter."
)
PROSE = (
    "The annual budget of the harbour is four million kroner in total, of which one third is\n"
    "spent on dredging and the rest on the quay, the cranes and the pilots. The council votes on\n"
    "it in November, and the harbour master writes the report that everybody waits for in May."
)


def read(data: bytes) -> str:
    return pdf.extract(data)[0]


def one_line(text: str) -> str:
    return text.replace("\n", " ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("form.pdf", ["Name of the boat: Silver Heron", "11.4", "North Quay"]),
        ("upright-rotate90.pdf", ["the rest", "council votes", "November.\n\nFines"]),
        ("twocol-rowwise.pdf", ["in copper pails.\n\nOmega storage needs a cool cellar"]),
        ("hyphens.pdf", ["installation", "maintenance", "ISO-9001", "X-Ray", "well-known"]),
        ("hyphens.pdf", ["24-hour"]),
        ("trailing-zeros.pdf", ["The secret recipe needs", "let it rest overnight."]),
        ("three-short-pages.pdf", ["Lost umbrellas are kept for thirty days"]),
    ],
)
def test_what_is_right(name: str, expected: list[str]) -> None:
    text = read((INPUTS / name).read_bytes())
    assert [words for words in expected if words not in text] == []


class TestForms:
    def test_values_stand_beside_their_labels(self) -> None:
        page = Page(
            shown(60, 700, "Boat:") + shown(60, 670, "Remarks:") + shown(60, 610, "Insured:"),
            annotations=[
                widget("Tx", "150 694 350 714", "/T (boat) /V (Silver Heron) /DA (/F1 0 Tf)"),
                widget("Tx", "150 640 350 684", "/T (more) /Ff 4096 /V (Leaks.\nSmells.)"),
                widget("Btn", "150 605 165 620", "/T (yes) /V /On /AS /On"),
            ],
        )
        text = read(build(page))
        assert "Boat: Silver Heron" in text
        assert "Leaks." in text
        assert "Smells." in text
        assert "Insured: [" in text

    def test_choices_show_their_labels(self) -> None:
        options = "/Opt [[(nq) (North Quay)] [(sq) (South Quay)]]"
        page = Page(
            shown(60, 700, "Berth:"),
            annotations=[
                widget("Ch", "150 694 350 714", f"/T (berth) /Ff 131072 {options} /V (sq)"),
            ],
        )
        assert "Berth: South Quay" in read(build(page))

    def test_what_nobody_sees_is_left_out(self) -> None:
        page = Page(
            shown(60, 700, "Sign in"),
            annotations=[
                widget("Tx", "150 694 350 714", "/T (a) /Ff 8192 /V (secret1)"),
                widget("Tx", "150 664 350 684", "/T (b) /F 2 /V (secret2)"),
                widget("Btn", "150 634 350 654", "/T (c) /Ff 65536 /V (secret3)"),
                "<< /Type /Annot /Subtype /FreeText /F 32 /Rect [60 600 300 620]"
                " /Contents (secret4) >>",
            ],
        )
        assert read(build(page)) == "Sign in"

    def test_a_form_of_which_only_the_values_are_text(self) -> None:
        page = Page("", annotations=[widget("Tx", "60 694 350 714", "/T (a) /V (Paid in full)")])
        assert read(build(page)) == "Paid in full"


class TestAnnotations:
    def test_text_on_top_of_the_page_and_notes_beside_it(self) -> None:
        page = Page(
            lines(60, 700, PROSE),
            annotations=[
                "<< /Type /Annot /Subtype /FreeText /Rect [60 740 300 760]"
                " /Contents (Approved on 3 May) /DA (/F1 11 Tf) >>",
                "<< /Type /Annot /Subtype /Text /Rect [560 690 580 710]"
                " /Contents (Ask the council\nfirst) >>",
                "<< /Type /Annot /Subtype /Highlight /Rect [60 698 200 712]"
                " /QuadPoints [60 712 200 712 60 698 200 698] /Contents (Too much?) >>",
                "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /Contents (a link) >>",
            ],
        )
        text = read(build(page))
        assert text.startswith("Approved on 3 May\n\nThe annual budget")
        assert text.endswith("in May.\n\nComment: Ask the council first\n\nComment: Too much?")

    def test_stamps_say_what_they_draw(self) -> None:
        page = Page(
            lines(60, 700, PROSE),
            annotations=[
                "<< /Type /Annot /Subtype /Stamp /Rect [60 740 360 800] /AP << /N 10 0 R >> >>",
                "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >>",
            ],
        )
        text = read(build(page, appearances=(shown(5, 20, "RECEIVED 4 JUNE"),)))
        assert text.startswith("RECEIVED 4 JUNE\n\nThe annual budget")


class TestRotation:
    @pytest.mark.parametrize("rotate", [0, 90, 180, 270])
    @pytest.mark.parametrize("turn", ["1 0 0 1", "0 1 -1 0", "-1 0 0 -1", "0 -1 1 0"])
    def test_text_at_any_right_angle(self, rotate: int, turn: str) -> None:
        a, b, c, d = map(int, turn.split())
        content = ""
        for i, line in enumerate(PROSE.split("\n")):
            x = 300 - 220 * a - c * 14 * i
            y = 420 - 220 * b - d * 14 * i
            content += shown(x, y, line, 9, turn)
        text = read(build(Page(content, f"/MediaBox [0 0 595 842] /Rotate {rotate}")))
        assert text == one_line(PROSE)

    def test_what_stands_in_the_margin_comes_last(self) -> None:
        content = shown(30, 300, "Printed in Bergen", 9, "0 1 -1 0") + lines(60, 700, PROSE)
        assert read(build(content)) == f"{one_line(PROSE)}\n\nPrinted in Bergen"

    def test_a_watermark_is_read_once(self) -> None:
        mark = shown(100, 300, "DRAFT", 60, ".7 .7 -.7 .7")
        pages = [lines(60, 700, f"Page about {name}.") + mark for name in ("cats", "dogs", "emus")]
        assert read(build(*pages)).count("DRAFT") == 1

    def test_what_lies_outside_of_the_page_is_not_seen(self) -> None:
        content = lines(60, 700, PROSE) + shown(700, 700, "printer's mark")
        cropped = Page(
            content + shown(60, 800, "cut off"), "/MediaBox [0 0 800 842] /CropBox [0 0 595 780]"
        )
        assert read(build(cropped)) == one_line(PROSE)
        assert "cut off" in read(build(Page(cropped.content, "/MediaBox [0 0 595 842]")))


class TestColumns:
    def rowwise(self, y: float, left: str, right: str, drop: float = 0) -> str:
        pairs = zip(left.split("\n"), right.split("\n"), strict=True)
        return "".join(
            shown(60, y - 14 * i, one) + shown(230, y - 14 * i - drop, other)
            for i, (one, other) in enumerate(pairs)
        )

    @pytest.mark.parametrize("drop", [0, 3, 6, 9])
    def test_one_after_the_other(self, drop: float) -> None:
        text = read(build(self.rowwise(700, LEFT, RIGHT, drop)))
        assert text == f"{one_line(LEFT)}\n\n{one_line(RIGHT)}"

    def test_drawn_column_by_column(self) -> None:
        text = read(build(lines(60, 700, LEFT) + lines(230, 700, RIGHT)))
        assert text == f"{one_line(LEFT)}\n\n{one_line(RIGHT)}"

    def test_between_text_of_the_whole_width(self) -> None:
        title = shown(60, 760, "All that is known of beer in the abbeys of the north", 11)
        page = title + self.rowwise(730, LEFT, RIGHT) + lines(60, 640, PROSE, 8, 10)
        page += self.rowwise(590, LEFT.replace("Alpha", "Gamma"), RIGHT)
        text = one_line(read(build(page)))
        order = ["All that", "Alpha", "Omega", "The annual", "Gamma", "Omega storage"]
        places = [text.index(word) for word in order[:-1]] + [text.rindex(order[-1])]
        assert places == sorted(places)

    def test_three_of_them(self) -> None:
        rows = "".join(
            shown(40 + 180 * k, 700 - 14 * i, line)
            for i in range(5)
            for k, line in enumerate(
                (LEFT.split("\n")[i], RIGHT.split("\n")[i], "and so it goes on")
            )
        )
        text = read(build(rows))
        assert text.startswith(f"{one_line(LEFT)}\n\n{one_line(RIGHT)}\n\nand so it goes on and")

    def test_a_sentence_goes_on_in_the_next_column(self) -> None:
        left = "Alpha brewing begins with\nclean water from the hill\nspring, and the monks draw"
        right = "it at dawn. They carry it in\nbuckets over the bridge to\nthe abbey on the mount."
        assert "the monks draw it at dawn." in read(build(self.rowwise(700, left, right)))

    def test_words_that_happen_to_stand_apart_are_none(self) -> None:
        rows = [line.split(" of ", 1) for line in PROSE.split("\n")]
        page = shown(60, 700, rows[0][0]) + shown(162, 700, "of " + rows[0][1])
        page += lines(60, 686, "\n".join(PROSE.split("\n")[1:]))
        assert read(build(page)) == one_line(PROSE)

    def test_of_lists_below_a_header_across_both(self) -> None:
        head = shown(60, 800, "Annual report") + shown(400, 800, "Part 1")
        page = self.rowwise(740, LEFT + "\n" + LEFT, RIGHT + "\n" + RIGHT)
        page += "".join(
            shown(75, 600 - 14 * i, item) + shown(60, 600 - 14 * i, "\u2022")
            for i, item in enumerate(("ropes of hemp and wire,", "oars of ash,", "nets."))
        )
        page += lines(230, 600, "\n".join(RIGHT.split("\n")[:3]))
        text = read(build(head + page, *[head + lines(60, 740, PROSE, 8)] * 2))
        assert text.startswith("Annual report Part 1\n\nAlpha")
        assert "\n- ropes of hemp and wire,\n- oars of ash,\n- nets." in text
        assert text.index("- nets.") < text.index("Omega")

    def test_of_chinese(self) -> None:
        left = "港口建于一八六四年当时渔船\n队已经超出了教堂下面旧码头\n的容量花岗岩块是从对岸运来"
        right = "两百人工作了三个夏天最终工\n程的费用是原先估计的两倍多\n市政厅不得不卖掉它的森林呢"
        rows = zip(left.split("\n"), right.split("\n"), strict=True)
        page = "".join(
            chinese(60, 700 - 16 * i, one) + chinese(230, 700 - 16 * i, other)
            for i, (one, other) in enumerate(rows)
        )
        left, right = left.replace("\n", ""), right.replace("\n", "")
        assert read(build(page)).split() == [left, right]


class TestRaisedAndLowered:
    def test_digits_do_not_join_those_before_them(self) -> None:
        page = shown(60, 700, "About 10") + shown(103.5, 705, "6", 7) + shown(107.6, 700, " cells")
        page += shown(60, 660, "In 2019") + shown(99, 664, "12", 6) + shown(105.7, 660, ", later")
        page += "BT /F1 11 Tf 60 620 Td (Powers: 2) Tj 5 Ts (8) Tj 0 Ts ( bytes) Tj ET "
        page += "BT /F1 11 Tf 60 580 Td (The base 10) Tj /F1 7 Tf -2 Ts (2) Tj ET "
        text = read(build(page))
        assert "About 10^6 cells" in text
        assert "In 2019^12, later" in text
        assert "2^8 bytes" in text
        assert "base 10_2" in text

    def test_marks_of_footnotes(self) -> None:
        page = "BT /F1 11 Tf 60 700 Td (The harbour) Tj /F1 7 Tf 4 Ts (1) Tj"
        page += " /F1 11 Tf 0 Ts (, which is old, freezes.) Tj ET "
        page += "BT /F1 6 Tf 60 100 Td 3 Ts (1) Tj /F1 9 Tf 0 Ts ( See the annex.) Tj ET "
        text = read(build(page))
        assert "harbour^1, which" in text
        assert "^1 See the annex." in text

    def test_what_is_no_number_stays_as_it_is(self) -> None:
        page = "BT /F1 11 Tf 60 700 Td (CO) Tj /F1 7 Tf -2 Ts (2) Tj /F1 11 Tf 0 Ts ( on the 1) Tj"
        page += " /F1 7 Tf 4 Ts (st) Tj /F1 11 Tf 0 Ts ( of May) Tj ET "
        assert read(build(page)) == "CO2 on the 1st of May"


class TestRunningHeaders:
    def page(self, number: int, body: str, y: float = 760) -> str:
        return (
            shown(60, 800, "Harbour report, second edition", 9)
            + lines(60, y, body)
            + shown(290, 30, f"Page {number} of 4", 9)
        )

    def test_they_are_read_once_and_page_numbers_not_at_all(self) -> None:
        halves = [
            "One goes on",
            "overleaf. Two goes on",
            "to the third. Three goes on",
            "and ends.",
        ]
        text = read(build(*(self.page(i, half) for i, half in enumerate(halves, 1))))
        assert text.count("second edition") == 1
        assert "of 4" not in text
        assert "One goes on\n\noverleaf." in text

    def test_roman_numbers_and_sides(self) -> None:
        pages = [
            shown(60 if i % 2 else 400, 800, "Left head" if i % 2 else "Right head", 9)
            + lines(60, 760, f"Body {'abcdefgh'[i]} has text.")
            + shown(60 if i % 2 else 500, 30, number, 9)
            for i, number in enumerate(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"])
        ]
        text = read(build(*pages))
        assert (text.count("Left head"), text.count("Right head")) == (1, 1)
        assert "viii" not in text

    def test_headings_and_headers_of_tables_are_none(self) -> None:
        pages = [
            shown(60, 790, f"Chapter {i}", 20)
            + "".join(
                shown(60 + 150 * k, 740 - 14 * row, cell)
                for row, cells in enumerate([("Ship", "Tons", "Berth"), (f"S{i}", "9", "B")] * 3)
                for k, cell in enumerate(cells)
            )
            for i in range(1, 5)
        ]
        text = read(build(*pages))
        assert [f"# Chapter {i}" in text for i in range(1, 5)] == [True] * 4
        assert text.count("| Ship | Tons | Berth |") == 12


class TestTables:
    def test_with_ruled_lines_and_empty_cells(self) -> None:
        page = ruled([60, 160, 260, 360], [700, 680, 660, 630])
        for x, y, text in (
            (65, 685, "Model"), (165, 685, "Torque"), (265, 685, "Price"),
            (65, 665, "KX-300"), (265, 665, "610"),
            (65, 648, "KX-400"), (165, 648, "12"), (265, 648, "On"), (265, 636, "request"),
        ):  # fmt: skip
            page += shown(x, y, text)
        page = lines(60, 780, PROSE) + page + shown(60, 600, "Prices in kroner.")
        assert read(build(page)) == (
            f"{one_line(PROSE)}\n\n| Model | Torque | Price |\n| --- | --- | --- |\n"
            "| KX-300 |  | 610 |\n| KX-400 | 12 | On request |\n\nPrices in kroner."
        )

    def test_by_where_their_words_stand(self) -> None:
        rows = [
            ("Ferry", "Cars", "Fare"),
            ("Heron", "", "120"),
            ("Tern", "40", "95"),
            ("Gull", "8", "5"),
        ]
        page = "".join(
            shown((60, 200, 330 - 5 * len(cell))[k], 700 - 16 * i, cell)
            for i, row in enumerate(rows)
            for k, cell in enumerate(row)
            if cell
        )
        page = lines(60, 780, PROSE) + page + lines(60, 620, PROSE)
        assert read(build(page)) == (
            f"{one_line(PROSE)}\n\n| Ferry | Cars | Fare |\n| --- | --- | --- |\n"
            f"| Heron |  | 120 |\n| Tern | 40 | 95 |\n| Gull | 8 | 5 |\n\n{one_line(PROSE)}"
        )

    def test_a_cell_of_several_lines(self) -> None:
        rows = [
            ("Term", "Meaning"),
            ("Quay", "Where ships are made fast, and"),
            ("", "where goods are landed"),
            ("Mole", "A wall against the waves of"),
        ]
        page = "".join(
            shown(60 + 140 * k, 700 - 14 * i, cell)
            for i, row in enumerate(rows)
            for k, cell in enumerate(row)
            if cell
        )
        assert "| Quay | Where ships are made fast, and where goods are landed |" in read(
            build(page)
        )

    def test_below_another_of_other_columns(self) -> None:
        address = ["Brightway Ltd", "12 Quay Street", "Port Ellen"]
        dates = ["3 May 2026", "Due 2 June", "No. 4711"]
        rows = [
            ("Pos", "Description", "Qty", "Price"),
            ("1", "Mooring rope, with an eye", "2", "44.00"),
            ("", "splice at one end", "", ""),
            ("2", "Fender", "", "12.50"),
            ("", "Total", "", "100.50"),
        ]
        page = lines(60, 780, "\n".join(address), pitch=18)
        page += lines(310, 780, "\n".join(dates), pitch=18)
        y = 700
        for row in rows:
            for k, cell in enumerate(row):
                page += shown((60, 100, 350, 420)[k], y, cell) if cell else ""
            y -= 13
        assert read(build(page)).split("\n\n")[1] == (
            "| Pos | Description | Qty | Price |\n| --- | --- | --- | --- |\n"
            "| 1 | Mooring rope, with an eye splice at one end | 2 | 44.00 |\n"
            "| 2 | Fender |  | 12.50 |\n|  | Total |  | 100.50 |"
        )

    def test_labels_are_lines(self) -> None:
        page = "".join(
            shown(60, 700 - 16 * i, label) + shown(200, 700 - 16 * i, value)
            for i, (label, value) in enumerate([("Name:", "Ada"), ("Boat:", "Tern"), ("Fee:", "9")])
        )
        assert read(build(page)) == "Name: Ada\nBoat: Tern\nFee: 9"

    def test_a_list_is_none(self) -> None:
        page = "".join(
            shown(60, 700 - 14 * i, "\u2022") + shown(80, 700 - 14 * i, text)
            for i, text in enumerate(["one rope", "two oars", "three life belts"])
        )
        assert read(build(page)) == "- one rope\n- two oars\n- three life belts"


class TestCode:
    def code(self, text: str, y: float) -> str:
        return lines(60, y, text).replace("/F1", "/F2")

    def test_keeps_its_lines_and_blanks(self) -> None:
        code = "def fee(tons):\n    if tons > 40:\n        return   2\n\n    return 1"
        page = lines(60, 780, PROSE) + self.code(code, 720) + lines(60, 640, PROSE)
        text = one_line(PROSE)
        assert read(build(page)) == f"{text}\n\n```\n{code}\n```\n\n{text}"

    def test_a_typewritten_letter_is_none(self) -> None:
        letter = (
            "Dear harbour master, the fee that you ask for is too\nhigh for a boat of two tons."
        )
        assert read(build(self.code(letter, 700))) == one_line(letter)


class TestHeadings:
    def test_larger_type_is_a_heading(self) -> None:
        page = shown(60, 800, "Harbour rules", 24) + shown(60, 770, "Fees and", 16)
        page += shown(60, 752, "fines", 16) + lines(60, 720, PROSE)
        assert read(build(page)) == f"# Harbour rules\n\n## Fees and fines\n\n{one_line(PROSE)}"

    def test_not_where_much_of_the_text_is_large(self) -> None:
        page = lines(60, 800, PROSE.replace(". ", ".\n"), 14, 18) + lines(60, 600, PROSE)
        assert "#" not in read(build(page))


class TestWords:
    def test_each_has_its_box_and_its_place_in_the_text(self) -> None:
        data = (INPUTS / "hyphens.pdf").read_bytes()
        page, _ = read_page(pypdfium2.PdfDocument(data), 0, 10_000)
        (items,) = ordered([page])
        text = write(items, style_of([items]))
        found = {word.text: (offset, word) for offset, _, word in located(text, items)}
        for first, second in (("instal\u2010", "lation"), ("well-", "known"), ("ISO-", "9001")):
            (offset, word), (after, other) = found[first], found[second]
            assert text[offset:].startswith(first.rstrip("\u2010-"))
            assert text[after:].startswith(second)
            assert 0 < after - offset <= len(first)
            # The second part begins the line below.
            assert other.x0 < word.x0
            assert other.top > word.top

    def test_none_of_a_long_document_is_missed(self) -> None:
        data = HANDBOOK.read_bytes()
        document = pypdfium2.PdfDocument(data)
        pages = [read_page(document, i, 10**6)[0] for i in range(len(document))]
        bodies = ordered(pages)
        style = style_of(bodies)
        for items in bodies:
            text = write(items, style)
            places = [offset for offset, _, _ in located(text, items)]
            words = sum(
                len(item.row.words) if isinstance(item, Line) else len(list(item.words()))
                for item in items
            )
            assert len(places) == words
            assert places == sorted(places)


class TestBoxes:
    def boxes(self, data: bytes, *words: str) -> list[tuple[int, ...]]:
        """Return the box of the first of each of these words, in whole points."""
        text, _, pages, _ = pdf.extract(data)
        ((_, _, packed),) = pages
        found = list(WORD.iter_unpack(zlib.decompress(base64.b64decode(packed))))
        written = {text[start:end]: tuple(map(round, box)) for start, end, *box in reversed(found)}
        return [written[word] for word in words]

    @pytest.mark.parametrize(
        ("rotation", "turn", "x", "y"),
        [
            (0, "1 0 0 1", 150, 550),
            (90, "0 1 -1 0", 200, 200),
            (180, "-1 0 0 -1", 350, 250),
            (270, "0 -1 1 0", 300, 600),
        ],
    )
    def test_a_page_that_is_turned_to_be_read_shows_words_where_others_do(
        self, rotation: int, turn: str, x: float, y: float
    ) -> None:
        media, across, down = "/MediaBox [0 0 600 800]", 100, 150
        entries = f"{media} /CropBox [50 100 450 700] /Rotate {rotation}"
        ((left, top, right, bottom),) = self.boxes(
            build(Page(shown(x, y, "Harbour", 20, turn), entries)), "Harbour"
        )
        assert (left, right) == (across, across + 72)
        assert top < down < bottom
        assert bottom - top in (23, 24)

    def test_cells_of_a_table_and_of_columns(self) -> None:
        drawing = ruled([72, 200, 330], [640, 660, 680])
        drawing += shown(80, 665, "Ship") + shown(210, 665, "Leaves")
        drawing += shown(80, 645, "Heron|2") + shown(210, 645, "noon")
        ship, leaves, heron, noon = self.boxes(
            build(drawing), "Ship", "Leaves", "Heron\\|2", "noon"
        )
        assert ship[0] == heron[0] == 80
        assert leaves[0] == noon[0] == 210
        assert ship[1] == leaves[1] < heron[1] == noon[1]

    def test_of_what_lies_outside_of_the_page_there_is_none(self) -> None:
        drawing = shown(60, 700, "Inside") + shown(590, 600, "Outwards")
        (inside,) = self.boxes(build(drawing), "Inside")
        assert inside[0] == 60
        _, _, pages, _ = pdf.extract(build(drawing))
        width, height, packed = pages[0]
        for _, _, left, top, right, bottom in WORD.iter_unpack(
            zlib.decompress(base64.b64decode(packed))
        ):
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height

    def test_values_of_forms_and_notes(self) -> None:
        page = Page(
            shown(60, 700, "Name:"),
            annotations=[
                widget("Tx", "150 694 350 714", "/T (a) /V (Heron)"),
                "<< /Type /Annot /Subtype /Text /Rect [360 690 380 710] /Contents (First) >>",
                "<< /Type /Annot /Subtype /Text /Rect [560 690 580 710] /Contents (Ask whom) >>",
            ],
        )
        value, first, second = self.boxes(
            build(page), "Heron", "Comment: First", "Comment: Ask whom"
        )
        # Where in its field a value stands is not known.
        assert value == (150, 842 - 714, 350, 842 - 694)
        assert first == (360, 132, 380, 152)
        assert second == (560, 132, 580, 152)

    def test_bullets_and_leaders_that_are_not_written_lead_nobody_astray(self) -> None:
        drawing = lines(60, 700, "\\225 Ropes. . . . . . . . . . 4\n\\225 A sail. . . . . . . 5")
        text, _, pages, _ = pdf.extract(build(drawing.replace("\\\\225", "\\225")))
        found = [
            text[start:end]
            for start, end, *_ in WORD.iter_unpack(zlib.decompress(base64.b64decode(pages[0][2])))
        ]
        assert [word for word in found if any(map(str.isalnum, word))] == [
            *("Ropes", "4", "A", "sail", "5")
        ]


@pytest.mark.parametrize(
    "drawing",
    [
        shown(60, 600, "flat", 0),
        shown(60, 600, "gone", 11, "0 0 0 0"),
        shown(60, 600, "far", 1e30, "1e30 1e30 1e30 1e30"),
        "1e38 0 0 1e38 0 0 cm 1e38 0 0 1e38 0 0 cm " + shown(1e38, 1e38, "further", 1e38),
    ],
)
def test_text_without_a_place_harms_nothing(drawing: str) -> None:
    assert one_line(PROSE) in read(build(lines(60, 700, PROSE) + drawing))


class TestEnds:
    whole = build(lines(60, 700, PROSE))

    @pytest.mark.parametrize(
        "data",
        [
            whole + b"\0" * 70_000,
            whole + b"<html><body>Sent by mail gateway endofpage</body></html>" * 2000,
            whole.removesuffix(b"%%EOF\n"),
            whole.removesuffix(b"\n%%EOF\n"),
            whole + b"\r\n\x1a",
            b"\r\n" + whole,
        ],
    )
    def test_what_every_viewer_accepts(self, data: bytes) -> None:
        assert read(data) == one_line(PROSE)

    @pytest.mark.parametrize(
        "data",
        [
            whole[: len(whole) // 2],
            whole[: whole.index(b"xref")],
            whole + b"30 0 obj\n<< /Length 900 >>\nstream\nBT (an update that was cut",
        ],
    )
    def test_files_that_are_cut_off_are_not(self, data: bytes) -> None:
        with pytest.raises(PermanentError) as caught:
            read(data)
        assert caught.value.code == "broken_file"


def test_a_file_that_only_its_owner_may_change_is_read() -> None:
    assert read(OWNED) == "May be read by everybody."


def test_a_hundred_pages_take_less_than_two_seconds() -> None:
    body = "\n".join([PROSE] * 14)
    data = build(*(shown(60, 800, "Report", 9) + lines(40, 770, body, 10, 17) for _ in range(100)))
    took = []
    for _ in range(2):
        begin = time.process_time()
        text, starts, *_ = pdf.extract(data)
        took.append(time.process_time() - begin)
    assert len(starts) == 100
    assert len(text) > 350_000
    # Of the processor's time; a slower or a busier machine takes twice as long.
    assert min(took) < 2.0

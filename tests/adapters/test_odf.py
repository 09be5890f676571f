"""OpenDocument texts, spreadsheets and presentations read as they are shown."""

import time

import pytest

from assistant.adapters.documents.odf import extract
from assistant.errors import PermanentError
from tests.adapters.word_files import odf


def text(body: str, kind: str = "text", **parts: str) -> str:
    """Return the text that is read out of a document with this body."""
    return extract(odf(kind, body, **parts))[0]


def p(words: str, style: str = "S") -> str:
    """Return a paragraph."""
    return f'<text:p text:style-name="{style}">{words}</text:p>'


def item(words: str, attributes: str = "") -> str:
    """Return an item of a list."""
    inner = words if words.startswith("<text:p") else p(words)
    return f"<text:list-item {attributes}>{inner}</text:list-item>"


def listed(*items: str, style: str = "L1", attributes: str = "") -> str:
    """Return a list of items."""
    return f'<text:list text:style-name="{style}" {attributes}>{"".join(items)}</text:list>'


def cell(words: str = "", attributes: str = "") -> str:
    """Return a cell of a table."""
    inner = p(words) if words else ""
    return f"<table:table-cell {attributes}>{inner}</table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    """Return a row of cells, or of their texts."""
    made = (one if one.startswith("<") else cell(one) for one in cells)
    return f"<table:table-row {attributes}>{''.join(made)}</table:table-row>"


def sheet(*rows: str, name: str = "Prices", attributes: str = "") -> str:
    """Return a table or a sheet."""
    return f'<table:table table:name="{name}" {attributes}>{"".join(rows)}</table:table>'


LEVELS = (
    '<text:list-style style:name="L1">'
    '<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
    '<text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="("'
    ' style:num-suffix=")" text:display-levels="2"/>'
    '<text:list-level-style-bullet text:level="3" text:bullet-char="•"/></text:list-style>'
)
COVERED = "<table:covered-table-cell/>"


class TestTexts:
    def test_headings_with_their_numbers(self) -> None:
        outline = (
            '<text:outline-style style:name="Outline">'
            '<text:outline-level-style text:level="1" style:num-format="I"/>'
            '<text:outline-level-style text:level="2" style:num-format="1" '
            'style:num-list-format="%1%-%2%."/></text:outline-style>'
        )

        def h(level: int, words: str, more: str = "") -> str:
            return f'<text:h text:outline-level="{level}" {more}>{words}</text:h>'

        body = h(1, "Scope") + h(2, "Place") + h(1, "Annex", 'text:is-list-header="true"')
        assert text(body + h(1, "Fees") + h(2, "Rent"), styles=outline) == (
            "# I Scope\n\n## I-1. Place\n\n# Annex\n\n# II Fees\n\n## II-1. Rent"
        )

    def test_lists_count_and_go_on(self) -> None:
        inner = f"<text:list>{item('x')}{item('y')}</text:list>"
        second = f"<text:list-item>{p('b')}{inner}</text:list-item>"
        body = listed(item("a"), second, item("c"), attributes='xml:id="one"') + p("Between")
        again = listed(item("d"), attributes='text:continue-numbering="true"')
        anew = listed(item("e"), item("f", 'text:start-value="7"'))
        assert text(body + again + anew, automatic=LEVELS) == (
            "1. a\n2. b\n  (2.a) x\n  (2.b) y\n3. c\n\nBetween\n\n4. d\n1. e\n7. f"
        )
        deep = listed(
            f"<text:list-item><text:list><text:list-item><text:list>{item('x')}"
            "</text:list></text:list-item></text:list></text:list-item>"
        )
        assert text(deep, automatic=LEVELS) == "- x"
        assert text(listed(item("x"), style="unknown")) == "- x"

    def test_numbers_that_stand_in_the_file(self) -> None:
        first = f"<text:list-item><text:number>§ 4</text:number>{p('a')}</text:list-item>"
        second = f"<text:number>(b)</text:number>{p('c')}"
        body = listed(first) + f"<text:numbered-paragraph>{second}</text:numbered-paragraph>"
        assert text(body, automatic=LEVELS) == "§ 4 a\n(b) c"

    def test_words(self) -> None:
        styles = (
            '<style:style style:name="H" style:family="text">'
            '<style:text-properties text:display="none"/></style:style>'
            '<style:style style:name="UP" style:family="text">'
            '<style:text-properties style:text-position="super 58%"/></style:style>'
            '<style:style style:name="PH" style:family="paragraph" style:parent-style-name="PB"/>'
            '<style:style style:name="PB" style:family="paragraph">'
            '<style:text-properties text:display="none"/></style:style>'
        )
        body = p(
            'a<text:s text:c="2"/>b<text:tab/>c<text:line-break/>d   \n e '
            '<text:span text:style-name="H">hidden</text:span>'
            '10<text:span text:style-name="UP">6</text:span> '
            '<text:a xlink:href="x">link</text:a><text:hidden-text text:is-hidden="true">no'
            "</text:hidden-text><office:annotation><text:p>comment</text:p></office:annotation>!"
        )
        body += (
            p("whole", "PH") + '<text:section text:display="none">' + p("no") + "</text:section>"
        )
        assert text(body, automatic=styles) == "a  b\tc\nd e 10^6 link!"

    def test_accepted_changes_notes_boxes_and_indexes(self) -> None:
        changes = (
            "<text:tracked-changes><text:changed-region><text:deletion>"
            f"{p('deleted')}</text:deletion></text:changed-region></text:tracked-changes>"
        )
        note = (
            "<text:note><text:note-citation>1</text:note-citation><text:note-body>"
            f"{p('Unless extended.')}</text:note-body></text:note>"
        )
        box = f"<draw:frame><draw:text-box>{p('Box')}</draw:text-box></draw:frame>"
        index = (
            "<text:table-of-content><text:table-of-content-source><text:index-title-template>No"
            f"</text:index-title-template></text:table-of-content-source><text:index-body>"
            f"{p('1 Scope')}</text:index-body></text:table-of-content>"
        )
        assert text(changes + p(f"Text<text:change/>{note} on{box}.") + index) == (
            "Text[^1] on.\n\nBox\n\n[^1]: Unless extended.\n\n1 Scope"
        )

    def test_headers_and_footers_are_read_once(self) -> None:
        page = (
            "<style:master-page><style:header>{}</style:header>"
            '<style:header-left style:display="false">{}</style:header-left>'
            "<style:footer>{}</style:footer></style:master-page>"
        ).format(p("Acme"), p("old"), p("<text:page-number>3</text:page-number>"))
        styles = f"<office:master-styles>{page * 2}</office:master-styles>"
        assert text(p("Body"), styles=styles) == "Acme\n\nBody"

    def test_tables_with_merged_cells(self) -> None:
        down, across = 'table:number-rows-spanned="2"', 'table:number-columns-spanned="2"'
        assert text(
            sheet(
                "<table:table-header-rows>",
                row("Region", cell("Price", across), COVERED),
                "</table:table-header-rows>",
                row(cell("North", down), "net", ""),
                row(COVERED, "7", "8"),
                row(cell("All", 'table:number-columns-spanned="3"'), COVERED, COVERED),
            )
        ) == (
            "| Region | Price | Price |\n| --- | --- | --- |\n| North | net |  |\n"
            "| North | 7 | 8 |\n| All |  |  |"
        )
        assert text(sheet(row(cell("Framed")))) == "Framed"

    def test_formulas(self) -> None:
        formula = (
            '<math xmlns="m"><semantics><mi>E</mi>'
            "<annotation>E = m c^2</annotation></semantics></math>"
        )
        frame = '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'
        made = odf("text", p(f"where {frame} holds"), extra={"Object 1/content.xml": formula})
        assert extract(made)[0] == "where E = m c^2 holds"

    def test_pictures_are_read_as_they_are_described(self) -> None:
        title, name = "<svg:title>A red lens</svg:title>", "<svg:desc>IMG_1.PNG</svg:desc>"
        frame = f'<draw:frame xmlns:svg="s"><draw:image/>{title}{name}</draw:frame>'
        assert text(p(f"Seen: {frame}")) == "Seen:\n\nPicture: A red lens"

    def test_embedded_sheets_and_charts(self) -> None:
        frame = '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'
        names = 'xmlns:table="t" xmlns:text="x" xmlns:xlink="l" xmlns:draw="d"'
        # It shows itself.
        inner = f"<c {names}>{sheet(row('May', '7'), row('June', '9'))}{frame}</c>"
        made = odf("text", p(f"Shown:{frame}"), extra={"Object 1/content.xml": inner})
        assert extract(made)[0] == "Shown:\n\n| May | 7 |\n| --- | --- |\n| June | 9 |"


class TestSpreadsheets:
    def test_values_are_as_shown(self) -> None:
        date = 'office:value-type="date" office:date-value="2026-03-01"'
        number = 'office:value-type="float" office:value="0.5"'
        assert text(
            sheet(
                row("Due", "Share", "", "Left"),
                row(cell("1 March 2026", date), cell("50 %", number), "", "x"),
                row(cell("", date), cell("", number), cell("", ""), "y"),
            ),
            "spreadsheet",
        ) == (
            "# Prices\n\n| Due | Share | Left |\n| --- | --- | --- |\n"
            "| 1 March 2026 | 50 % | x |\n| 2026-03-01 | 0.5 | y |"
        )

    def test_repeated_cells_and_rows(self) -> None:
        twice = 'table:number-columns-repeated="2"'
        to_the_end = 'table:number-columns-repeated="16382"'
        assert (
            text(
                sheet(
                    row(cell("", twice), "a", cell("b", twice), cell("", to_the_end)),
                    row(
                        cell("", 'table:number-columns-repeated="16384"'),
                        attributes='table:number-rows-repeated="1048000"',
                    ),
                    row(
                        cell("", twice),
                        cell("1", 'table:number-columns-repeated="3"'),
                        attributes='table:number-rows-repeated="2"',
                    ),
                ),
                "spreadsheet",
            )
            == "# Prices\n\n| a | b | b |\n| --- | --- | --- |\n| 1 | 1 | 1 |\n| 1 | 1 | 1 |"
        )

    def test_a_sheet_full_of_the_same_is_refused_at_once(self) -> None:
        full = 'table:number-columns-repeated="16384"'
        begin = time.monotonic()
        for content in (
            sheet(row(cell("x", full), attributes='table:number-rows-repeated="1048576"')),
            sheet(row(cell("x"), attributes='table:number-rows-repeated="1048576"')),
            sheet(*[row(cell("x", full))] * 100),
        ):
            with pytest.raises(PermanentError, match="split it") as caught:
                text(content, "spreadsheet")
            assert caught.value.code == "too_large_to_parse"
        assert time.monotonic() - begin < 5
        sparse = row(*[cell("", full)] * 1000)
        assert text(sheet(row("a"), sparse), "spreadsheet") == "# Prices\n\n| a |\n| --- |"

    def test_titles_hidden_parts_comments_and_sheets(self) -> None:
        styles = (
            '<style:style style:name="ta2" style:family="table">'
            '<style:table-properties table:display="false"/></style:style>'
        )
        comment = "<office:annotation><text:p>comment</text:p></office:annotation>"
        columns = '<table:table-column/><table:table-column table:visibility="collapse"/>'
        assert text(
            sheet(
                columns,
                row("Prices of 2026"),
                row("a", "hidden", "b"),
                row("no", "no", "no", attributes='table:visibility="collapse"'),
                row(f"<table:table-cell>{comment}{p('1')}</table:table-cell>", "", "2"),
                row("3", "", "4", attributes='table:visibility="filter"'),
            )
            + sheet(row("x"), name="Away", attributes='table:style-name="ta2"')
            + sheet(row("x"), name="Second")
            + sheet(row(""), name="Empty"),
            "spreadsheet",
            automatic=styles,
        ) == (
            "# Prices\n\nPrices of 2026\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n\n"
            "# Second\n\n| x |\n| --- |"
        )


def test_slides_with_titles_and_notes() -> None:
    def frame(inner: str, attributes: str = "") -> str:
        return f"<draw:frame {attributes}><draw:text-box>{inner}</draw:text-box></draw:frame>"

    title = 'presentation:class="title"'
    notes = (
        "<presentation:notes><draw:page-thumbnail/>"
        + frame(p("Speak slowly."), 'presentation:class="notes"')
        + frame(p("3"), 'presentation:class="page-number"')
        + "</presentation:notes>"
    )
    first = (
        frame(p("Light"), title)
        + frame(listed(item("Lens"), item("Lamp")), 'presentation:class="outline"')
        + frame(p("Click here"), 'presentation:class="subtitle" presentation:placeholder="true"')
        + f"<draw:g><draw:custom-shape>{p('Arrow')}</draw:custom-shape></draw:g>"
        + frame(p("1"), 'presentation:class="page-number"')
        + notes
    )
    body = f"<draw:page>{first}</draw:page><draw:page>{sheet(row('a', 'b'))}</draw:page>"
    read, starts = extract(odf("presentation", body))
    assert read == (
        "# Light\n\n- Lens\n- Lamp\n\nArrow\n\nNotes: Speak slowly.\n\n| a | b |\n| --- | --- |"
    )
    assert [read[start:][:7] for start in starts] == ["# Light", "| a | b"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (
            odf("text", "", extra={"META-INF/manifest.xml": "<m:encryption-data/>"}),
            "encrypted_file",
        ),
        (odf("text", p("x"))[:300], "broken_file"),
        (odf("text", "</office:text>"), "broken_file"),
        (odf("text", "x" * 70_000_000), "too_large_to_parse"),
    ],
)
def test_files_that_cannot_be_read(content: bytes, code: str) -> None:
    with pytest.raises(PermanentError) as caught:
        extract(content)
    assert caught.value.code == code


def test_entities_end_the_parse() -> None:
    laughs = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><d>&b;</d>'
    with pytest.raises(PermanentError, match="not valid XML"):
        extract(odf("text", p("x"), extra={"styles.xml": laughs}))

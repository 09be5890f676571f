"""Presentations read slide by slide as a reader sees them."""

import pytest

from assistant.adapters.documents import pptx
from assistant.errors import PermanentError
from tests.adapters.files import OLE
from tests.adapters.office_files import NAMESPACES, box, presentation, relations, shape, slide

TITLE = 'type="title"'


def pages(data: bytes) -> list[str]:
    """Return the text of each slide."""
    text, starts = pptx.extract(data)
    ends = [*starts[1:], len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def page(*shapes: str) -> str:
    """Return the text of a presentation of one slide with these shapes."""
    return pages(presentation(slide(*shapes)))[0]


def frame(content: str, place: tuple[int, int, int, int] = (0, 0, 50, 50), alt: str = "") -> str:
    """Return a frame with a table, chart or diagram."""
    return (
        f'<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="2" name="x" descr="{alt}"/>'
        f"</p:nvGraphicFramePr><p:xfrm>{box(*place)}</p:xfrm>"
        f"<a:graphic><a:graphicData>{content}</a:graphicData></a:graphic></p:graphicFrame>"
    )


def test_slides_in_their_order_are_pages_and_titles_are_headings() -> None:
    data = presentation(
        slide(shape("Body of one"), shape("First", placeholder=TITLE)),
        slide(shape("Second", placeholder='type="ctrTitle"')),
        slide(shape("Third", placeholder=TITLE)),
    )
    assert pages(data) == ["# First\n\nBody of one", "# Second", "# Third"]


def test_a_hidden_slide_is_left_out_and_still_counted() -> None:
    data = presentation(
        slide(shape("one")), slide(shape("secret"), properties='show="0"'), slide(shape("three"))
    )
    assert pages(data) == ["one", "", "three"]


def test_hidden_shapes_and_what_stands_on_every_slide_are_left_out() -> None:
    assert (
        page(
            shape("seen"),
            shape("secret", properties='hidden="1"'),
            shape("Confidential", placeholder='type="ftr"'),
            shape("7", placeholder='type="sldNum"'),
        )
        == "seen"
    )


def test_columns_are_read_one_after_the_other() -> None:
    shapes = [
        shape("right below", (60, 40, 30, 20)),
        shape("left", (5, 12, 40, 20)),
        shape("title over both", (5, 0, 85, 10)),
        shape("right", (60, 14, 30, 20)),
        shape("left below", (5, 35, 40, 20)),
    ]
    assert page(*shapes).split("\n\n") == [
        *("title over both", "left", "left below", "right", "right below"),
    ]


def test_labels_are_read_with_what_is_beside_them() -> None:
    shapes = [
        *(shape(f"0{i}", (5, 20 * i, 10, 8)) for i in (1, 2, 3)),
        *(shape(f"step {i}", (16, 20 * i, 60, 8)) for i in (1, 2, 3)),
    ]
    assert page(*shapes).split("\n\n") == ["01", "step 1", "02", "step 2", "03", "step 3"]


def test_what_has_no_place_comes_first() -> None:
    assert page(shape("placed", (0, 0, 9, 9)), shape("one"), shape("two")) == "one\n\ntwo\n\nplaced"


def test_groups_within_groups_and_newer_variants() -> None:
    def group(inner: str, place: tuple[int, int, int, int]) -> str:
        return (
            '<p:grpSp><p:nvGrpSpPr><p:cNvPr id="3" name="g"/></p:nvGrpSpPr>'
            f"<p:grpSpPr><a:xfrm>{box(*place)}</a:xfrm></p:grpSpPr>{inner}</p:grpSp>"
        )

    inner = group(shape("deep", (900, 900, 9, 9)), (0, 0, 9, 9))
    variants = (
        f"<mc:AlternateContent><mc:Choice>{shape('new', (0, 60, 9, 9))}</mc:Choice>"
        f"<mc:Fallback>{shape('old', (0, 60, 9, 9))}</mc:Fallback></mc:AlternateContent>"
    )
    assert page(variants, shape("last", (0, 80, 9, 9)), group(inner, (0, 10, 20, 20))) == (
        "deep\n\nnew\n\nlast"
    )


def test_lists_keep_their_numbers_and_levels() -> None:
    def paragraph(text: str, level: int, mark: str) -> str:
        return f'<a:p><a:pPr lvl="{level}">{mark}</a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>'

    numbered = '<a:buAutoNum type="arabicPeriod"/>'
    lettered = '<a:buAutoNum type="alphaLcParenR"/>'
    body = (
        paragraph("Scope", 0, numbered)
        + paragraph("here", 1, lettered)
        + paragraph("there", 1, lettered)
        + paragraph("Fees", 0, numbered)
        + paragraph("inner again", 1, lettered)
        + paragraph("Plain", 0, "<a:buNone/>")
        + paragraph("dot", 0, '<a:buChar char="•"/>')
        + paragraph("ninth", 0, '<a:buAutoNum type="romanUcPeriod" startAt="9"/>')
    )
    assert page(shape("", body=body)) == (
        "1. Scope\n  a) here\n  b) there\n2. Fees\n  a) inner again\n\nPlain\n\n- dot\nIX. ninth"
    )


def test_placeholders_take_place_and_bullets_from_layout_and_master() -> None:
    layout = slide(shape("layout's", (0, 70, 50, 20), placeholder='idx="1"'), kind="sldLayout")
    styles = (
        "<p:txStyles><p:bodyStyle><a:lvl1pPr><a:buChar/></a:lvl1pPr></p:bodyStyle></p:txStyles>"
    )
    master = slide(shape("master's", placeholder='type="body"'), kind="sldMaster", more=styles)
    data = presentation(
        slide(shape("an item", placeholder='idx="1"'), shape("above it", (0, 10, 50, 20))),
        related={"slide99": relations(("rId1", "slideLayout", "../slideLayouts/one.xml"))},
        parts={
            "ppt/slideLayouts/one.xml": layout,
            "ppt/slideLayouts/_rels/one.xml.rels": relations(
                ("rId1", "slideMaster", "../slideMasters/one.xml")
            ),
            "ppt/slideMasters/one.xml": master,
        },
    )
    assert pages(data) == ["above it\n\n- an item"]


def test_tables_with_empty_and_merged_cells() -> None:
    def row(*cells: str) -> str:
        return f"<a:tr>{''.join(cells)}</a:tr>"

    def cell(text: str, attributes: str = "") -> str:
        lines = f"<a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody>"
        return f"<a:tc {attributes}>{lines}</a:tc>"

    table = (
        row(cell("Kind"), cell("Name"), cell("Price"))
        + row(cell("Citrus", 'rowSpan="2"'), cell(""), cell("610"))
        + row(cell("", 'vMerge="1"'), cell("Orange"), cell(""))
    )
    assert page(frame(f"<a:tbl>{table}</a:tbl>")) == (
        "| Kind | Name | Price |\n| --- | --- | --- |\n| Citrus |  | 610 |\n| Citrus | Orange |  |"
    )


def test_charts_are_tables_of_their_values() -> None:
    def points(*values: str) -> str:
        return "".join(f'<c:pt idx="{i}"><c:v>{v}</c:v></c:pt>' for i, v in enumerate(values) if v)

    def series(name: str, *values: str) -> str:
        return (
            f'<c:ser><c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>{name}</c:v></c:pt>'
            "</c:strCache></c:strRef></c:tx>"
            f"<c:cat><c:strRef><c:strCache>{points('Q1', 'Q2')}</c:strCache></c:strRef></c:cat>"
            "<c:val><c:numRef><c:numCache><c:formatCode>0.0%</c:formatCode>"
            f"{points(*values)}</c:numCache></c:numRef></c:val></c:ser>"
        )

    title = (
        "<c:title><c:tx><c:rich><a:p><a:r><a:t>Shares</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    )
    plot = (
        f"<c:barChart>{series('Ours', '0.25', '0.5')}{series('Theirs', '', '0.125')}</c:barChart>"
    )
    chart = f"<c:chartSpace {NAMESPACES}><c:chart>{title}{plot}</c:chart></c:chartSpace>"
    data = presentation(
        slide(frame('<c:chart r:id="rId5"/>', alt="Ours grew.")),
        related={"slide99": relations(("rId5", "chart", "../charts/chart1.xml"))},
        parts={"ppt/charts/chart1.xml": chart},
    )
    assert pages(data) == [
        "Chart: Shares\n\n|  | Ours | Theirs |\n| --- | --- | --- |\n"
        "| Q1 | 25.0% |  |\n| Q2 | 50.0% | 12.5% |\n\nPicture: Ours grew."
    ]


def test_a_damaged_chart_costs_nothing_else() -> None:
    data = presentation(
        slide(shape("words"), frame('<c:chart r:id="rId5"/>')),
        related={"slide99": relations(("rId5", "chart", "../charts/chart1.xml"))},
        parts={"ppt/charts/chart1.xml": "<c:chartSpace>"},
    )
    told = "[A chart or diagram here is damaged and could not be read.]"
    assert pages(data) == [f"words\n\n{told}"]


def test_smart_art_is_a_list_of_its_points() -> None:
    def point(name: str, text: str) -> str:
        body = f"<dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t>"
        return f'<dgm:pt modelId="{name}">{body}</dgm:pt>'

    links = (("0", "b", 1), ("0", "a", 0), ("a", "inner", 0), ("inner", "a", 0))
    drawn = "".join(
        f'<dgm:cxn srcId="{one}" destId="{other}" srcOrd="{order}"/>' for one, other, order in links
    )
    diagram = (
        f'<dgm:dataModel {NAMESPACES}><dgm:ptLst><dgm:pt modelId="0" type="doc"/>'
        '<dgm:pt modelId="x" type="pres"/>'
        f"{point('b', 'Build')}{point('inner', 'Ask')}{point('a', 'Plan')}</dgm:ptLst>"
        f"<dgm:cxnLst>{drawn}</dgm:cxnLst></dgm:dataModel>"
    )
    data = presentation(
        slide(frame('<dgm:relIds r:dm="rId6"/>')),
        related={"slide99": relations(("rId6", "diagramData", "../diagrams/data1.xml"))},
        parts={"ppt/diagrams/data1.xml": diagram},
    )
    assert pages(data) == ["- Plan\n  - Ask\n- Build"]


def test_notes_and_words_for_pictures() -> None:
    def picture(description: str) -> str:
        named = f'<p:cNvPr id="4" name="p" descr="{description}"/>'
        return f"<p:pic><p:nvPicPr>{named}</p:nvPicPr></p:pic>"

    notes = slide(
        shape("7", placeholder='type="sldNum"'),
        shape("Say hello.", placeholder='type="body" idx="1"'),
        kind="notes",
    )
    generated = "A dog on grass&#10;&#10;Description automatically generated with low confidence"
    data = presentation(
        slide(picture("Map of the quay"), picture(generated), picture("image1.png")),
        related={"slide99": relations(("rId2", "notesSlide", "/ppt/notesSlides/n1.xml"))},
        parts={"ppt/notesSlides/n1.xml": notes},
    )
    assert pages(data) == [
        "Picture: Map of the quay\n\nPicture: A dog on grass\n\nNotes: Say hello."
    ]


def test_powers_stay_powers_and_ordinals_words() -> None:
    def run(text: str, properties: str = "") -> str:
        return f"<a:r><a:rPr {properties}/><a:t>{text}</a:t></a:r>"

    raised = 'baseline="30000"'
    body = f"<a:p>{run('10')}{run('6', raised)}{run(' on the 1')}{run('st', raised)}</a:p>"
    assert page(shape("", body=body)) == "10^6 on the 1st"


def test_formulas_are_readable() -> None:
    def math(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    power = f"<m:sSup><m:e>{math('x')}</m:e><m:sup>{math('n+1')}</m:sup></m:sSup>"
    half = f"<m:f><m:num>{math('a+b')}</m:num><m:den>{math('2')}</m:den></m:f>"
    formula = (
        "<mc:AlternateContent><mc:Choice><a14:m "
        'xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main" '
        'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
        f"<m:oMath>{power}{math('=')}{half}</m:oMath></a14:m></mc:Choice>"
        "<mc:Fallback><a:r><a:t>picture</a:t></a:r></mc:Fallback></mc:AlternateContent>"
    )
    assert page(shape("", body=f"<a:p>{formula}</a:p>")) == "x^(n+1)=(a+b)/2"


def test_files_that_are_no_presentations() -> None:
    good = presentation(slide(shape("text")))
    for data, code in (
        (good[: len(good) // 2], "broken_file"),
        (presentation("<p:sld>"), "broken_file"),
        (presentation('<!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>'), "broken_file"),
        (OLE + b"EncryptedPackage", "encrypted_file"),
        (presentation(*[slide()] * 2001), "too_large_to_parse"),
    ):
        with pytest.raises(PermanentError) as caught:
            pptx.extract(data)
        assert caught.value.code == code
        assert caught.value.detail.count(" ") > 5


def test_a_slide_of_thousands_of_shapes_in_good_time() -> None:
    shapes = [shape(f"n{i}", (i % 70, i // 70, 1, 1)) for i in range(5000)]
    assert page(*shapes).startswith("n0\n\nn1\n\nn2")

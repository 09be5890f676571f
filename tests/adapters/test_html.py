"""Of a page is read what its readers see, in the structure that it has."""

import re
import time
from pathlib import Path

import pytest

from assistant.adapters.documents import html

INPUTS = Path(__file__).parents[1] / "inputs"
PROSE = "<p>The museum opens at ten and closes at six, and on Mondays it stays closed.</p>" * 3
ONCE = "The museum opens at ten"
TERMS = "<p>By using this site you agree to our terms of service and to everything in them.</p>"


def read(page: str | bytes) -> str:
    return html.extract(page if isinstance(page, bytes) else page.encode())[0]


class TestWhatReadersSee:
    def test_hidden_things_are_left_out(self) -> None:
        text = read((INPUTS / "hidden.html").read_bytes())
        assert text == "Visible offer: 90 euros.\n\nEnd."

    @pytest.mark.parametrize(
        "hidden",
        [
            '<p style="color: red; DISPLAY : none !important">no</p>',
            '<p style="opacity:0">no</p>',
            '<p style="top:0;opacity: 0.00;">no</p>',
            '<p style="font-size:0px">no</p>',
            '<p hidden="">no</p>',
            "<input><p hidden>no</p>",
            "<dialog>no</dialog>",
            '<i aria-hidden="TRUE">no</i>',
            "<div hidden><div><p>no</div></div>",
            "<style>.gone, #x { display: none }</style><p class=gone>no</p>",
            "<svg><title> </title><defs><text>no</text></defs></svg>",
            "<datalist><option>no</datalist><select><option>no</select>",
        ],
    )
    def test_ways_to_hide(self, hidden: str) -> None:
        assert read(f"<p>a</p>{hidden}<p>b</p>") == "a\n\nb"

    @pytest.mark.parametrize(
        "shown",
        [
            '<p style="opacity:0.9; font-size: 0.8em">yes</p>',
            '<p style="opacity:.05">yes</p>',
            '<p aria-hidden="false">yes</p>',
            '<p hidden="until-found" style="color: red">yes</p>',
            "<dialog open>yes</dialog>",
            "<details><summary>yes</summary></details>",
            "<style>@media print { p { display: none } }</style><p>yes</p>",
            "<style>.t { display: none } .on { display: block }</style><p class='t on'>yes</p>",
            "<style>&gt; , 1x { display: none }</style><p>yes</p>",
            "<svg><text>yes</text></svg>",
            '<input value="yes"><input type=hidden value=no><input type=submit value=no>',
            "<textarea>yes</textarea>",
        ],
    )
    def test_what_is_not_hidden(self, shown: str) -> None:
        assert read(f"<p>a</p>{shown}<p>b</p>") == "a\n\nyes\n\nb"

    def test_behind_an_open_dialog_the_page_is_still_there(self) -> None:
        page = f'<div id=root aria-hidden="true">{PROSE}</div><div role=dialog>Hello</div>'
        assert ONCE in read(page)

    def test_accordions_have_their_questions_before_their_answers(self) -> None:
        text = read((INPUTS / "accordion.html").read_bytes())
        assert text == (
            "# FAQ\n\n## How do I return a parcel?\n\nBring it to the desk within 14 days.\n\n"
            "What does shipping cost?\n\nFive euros."
        )

    @pytest.mark.parametrize(
        "page",
        [
            "<button class=accordion>Q</button><div style='display:none'>A</div>",
            "<h3><a aria-expanded=false aria-controls=p>Q</a></h3><hr><div id=p hidden>A</div>",
            "<style>.panel{display:none}</style><button>Q</button><div class=panel>A</div>",
            '<a data-bs-toggle=collapse href="#p">Q</a><hr><div id=p aria-hidden=true>A</div>',
            "<ul><li role=tab aria-controls=p>Q</ul><hr><div id=p role=tabpanel hidden>A</div>",
            "<div class=faq><div><button>Q</button></div></div><div>A</div>",
            "<style>.a{display:none}input:checked~.b{opacity:1}</style><input type=radio>"
            "<label>Q</label><div class=a>A</div>",
            "<style>.a{display:none} .open .a{display:block}</style><b>Q</b><p><i class=a>A</i>",
            "<dl><dt><button>Q</button></dt><dd hidden>A</dd></dl>",
        ],
    )
    def test_what_a_click_opens_is_read(self, page: str) -> None:
        assert re.findall(r"\w", read(page)) == ["Q", "A"]

    def test_buttons_to_press_are_left_out(self) -> None:
        assert read("<p>a</p><button>Copy</button><pre>b</pre>") == "a\n\n```\nb\n```"


class TestMainText:
    def test_menus_banners_and_bars_are_left_out(self) -> None:
        page = (
            "<a class=skip-link href='#m'>Skip to content</a><nav><a href=/>Home</a></nav>"
            "<div id=CookieBar><p>We use cookies.</p><button>Accept</button></div>"
            f"<main id=m><h1>Museum</h1>{PROSE}</main>"
            "<div class=side><a href=/a>Other page</a> <a href=/b>Another</a></div>"
            f"<footer><a href=/i>Imprint</a></footer>"
        )
        text = read(page)
        assert text.startswith("# Museum\n\nThe museum opens")
        assert text.endswith("closed.")

    def test_without_a_main_element_too(self) -> None:
        page = (
            "<div role=navigation><a>Start</a></div><header><a href=/>Shop</a></header>"
            f"<h1>Museum</h1>{PROSE}<div class=sidebar><a>one</a> <a>two</a></div>"
            "<div>We use cookies to improve things. <button>OK</button></div>"
        )
        text = read(page)
        assert not any(word in text for word in ("Start", "Shop", "two", "cookies"))
        assert ONCE in text

    def test_a_banner_on_a_short_page(self) -> None:
        banner = "<p>We value your privacy and use cookies.</p><button>Accept</button>"
        assert (
            read(f"<div role=dialog>{banner}</div><h1>Fees</h1><p>Five.</p>") == "# Fees\n\nFive."
        )
        assert "We value" in read(f"<div id=cookie-notice>{banner}</div>")

    @pytest.mark.parametrize(
        "page",
        [
            f"<div class=menu><h1>Menu</h1>{PROSE}</div>",
            f"<div class=sidebar-page>{PROSE}</div>",
            f"<article class=cookie-policy><h1>Cookies</h1>{PROSE} cookie<button>x</button>",
            f"<main><p>Short.</p></main><div>{PROSE}</div>",
            f"<main><p>Words of the main text, of which there are some.</main><div>{PROSE}</div>",
            f"<nav>{PROSE}</nav>",
            f"<header>{PROSE}</header><main>{TERMS * 3}</main>",
            f"<main hidden>x</main>{PROSE}",
            f"<main>{TERMS}</main><div>The museum opens at ten</div>",
            f"<body class='nav menu cookie'>{PROSE}<button>x</button>",
        ],
    )
    def test_the_text_is_never_lost(self, page: str) -> None:
        assert ONCE in read(page)

    def test_a_heading_above_the_main_text_stays(self) -> None:
        page = f"<header><a href=/>Shop</a><h1>Museum</h1></header><main>{PROSE}</main>"
        assert "# Museum" in read(page)


class TestTables:
    def test_an_empty_cell_keeps_its_place(self) -> None:
        text = read((INPUTS / "empty-cell.html").read_bytes())
        assert "| KX-300 |  | 610 |" in text

    def test_cells_over_rows_and_columns(self) -> None:
        page = (
            "<table><caption>Sales</caption><thead><tr><th rowspan=2>Model<th colspan=2>2023</tr>"
            "<tr><th>Q1<th>Q2</tr></thead><tr><td colspan=3>Pumps</tr>"
            "<tr><td rowspan=2>KX<td>1<td></tr><tr><td>3<td>4 | 5</tr></table>"
        )
        assert read(page) == (
            "Sales\n\n| Model | 2023 Q1 | 2023 Q2 |\n| --- | --- | --- |\n| Pumps |  |  |\n"
            "| KX | 1 |  |\n| KX | 3 | 4 \\| 5 |"
        )

    def test_a_cell_that_reaches_beside_short_rows(self) -> None:
        page = (
            "<table><tr><th>a<th>b<th>c</tr><tr><td>1<td>2<td rowspan=3>3</tr><tr><td>4</tr>"
            "<tr><td>5<td>6</tr><tr><td>7<td>8<td>9</tr></table>"
        )
        assert read(page).split("\n")[2:] == [
            "| 1 | 2 | 3 |", "| 4 |  | 3 |", "| 5 | 6 | 3 |", "| 7 | 8 | 9 |"
        ]  # fmt: skip

    def test_blocks_in_cells_of_data_are_one_line(self) -> None:
        page = "<table><tr><th>a<th>b<tr><td><ol><li>x<li>y</ol><td><p>p<p>q<br>r</table>"
        assert read(page).endswith("| 1. x 2. y | p q r |")

    def test_lists_in_cells_without_a_header(self) -> None:
        page = "<table><tr><td>KX<td><ul><li>a<li>b</ul><tr><td>KY<td>c</table>"
        assert read(page) == "| KX | - a - b |\n| --- | --- |\n| KY | c |"

    def test_tables_that_lay_out_the_page_are_none(self) -> None:
        page = (
            "<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>"
            "<table><tr><td class=linenos><pre>1\n2</pre><td><pre>x\ny</pre></table>"
        )
        assert read(page) == "a\n\nb\n\nc\n\nd\n\n```\nx\ny\n```"


class TestInALine:
    def test_formulas_and_what_stands_above(self) -> None:
        text = read((INPUTS / "math.html").read_bytes())
        assert text.startswith("Energy is E = mc^2 as known. 10^6 cells, H2O.")
        assert "Figure label 7" in text
        assert "Map of the harbour" in text
        assert "東京(とうきょう)" in text
        assert "abc de" in text

    @pytest.mark.parametrize(
        ("markup", "text"),
        [
            ("10<sup>-3</sup> m<sup>2</sup>", "10^-3 m^2"),
            ("x<sub>i</sub><sup>n+1</sup> CO<sub>2</sub> 101<sub>2</sub>", "x_i^(n+1) CO2 101_2"),
            ("1<sup>st</sup> M<sup>me</sup> 2<sup>ème</sup>", "1st Mme 2ème"),
            ("Acme<sup>TM</sup> said<sup><a href='#1'>1</a></sup> so", "AcmeTM said[1] so"),
            ("<ruby>漢<rp>(</rp><rt>かん</rt>字<rt>じ</rt></ruby>", "漢字(かんじ)"),
            ("was <s>40</s> now <q> 30 </q>!", "was ~~40~~ now “30”!"),
            ("日本\n   語の\n<b>本</b> and\nmore", "日本語の 本 and more"),
            ("see <a href=/x>the page</a> <a href='#s'>¶</a>", "see the page"),
            ("<figure><img alt=Pump><figcaption>Pump, blue</figcaption></figure>", "Pump, blue"),
            ("a <svg aria-label=Yes><path></svg> b<svg><title>No</title></svg>", "a Yes b No"),
            ("<img alt=''>a<img alt='b c'>d", "a b c d"),
        ],
    )
    def test_inline(self, markup: str, text: str) -> None:
        assert read(f"<p>{markup}") == text

    @pytest.mark.parametrize(
        ("formula", "text"),
        [
            (
                "<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac><mo>≤</mo><mi>c</mi>",
                "(a+b)/2 ≤ c",
            ),
            (
                "<msqrt><mi>x</mi></msqrt><msubsup><mi>y</mi><mi>i</mi><mn>2</mn></msubsup>",
                "√(x)y_i^2",
            ),
            (
                "<semantics><msup><mn>10</mn><mn>6</mn></msup>"
                "<annotation encoding='application/x-tex'>10^{6}</annotation></semantics>",
                "10^6",
            ),
            ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr></mtable>", "1, 2"),
            ("<mrow>" * 300 + "<mi>x</mi>", "x"),
        ],
    )
    def test_formulas(self, formula: str, text: str) -> None:
        assert read(f"<math>{formula}</math>") == text

    def test_formulas_that_are_drawn_another_way(self) -> None:
        wiki = (
            "<span style='display: none'><math alttext='{E}'><mi>E</mi></math></span>"
            "<img aria-hidden=true alt='{displaystyle E}'>"
        )
        assert read(f"<p>Energy {wiki} is") == "Energy E is"
        script = "<span class=MathJax>E mc2</span><script type='math/tex'>E=mc^2</script>"
        assert read(f"<p>Energy {script} is<script>no</script>") == "Energy E=mc^2 is"


class TestBlocks:
    def test_lists_have_the_numbers_that_are_seen(self) -> None:
        page = (
            "<ol start=3><li>a<ul><li>b</ul><li value=7><p>c</p><p>d</p></li></ol>"
            "<ol type=a><li>e<li>f</ol><ol reversed><li>g<li>h</ol>"
            "<ol style='list-style-type: upper-roman' start=4><li>i</ol>"
            "<ul><li><input type=checkbox checked> j<li><input type=checkbox> k</ul>"
        )
        assert read(page) == (
            "3. a\n  - b\n7. c\n\nd\n\na. e\nb. f\n\n2. g\n1. h\n\nIV. i\n\n- [x] j\n- [ ] k"
        )

    def test_headings_and_definitions(self) -> None:
        assert read("<ul><li>a<li><pre>b</pre></ul>") == "- a\n\n```\nb\n```"
        page = "<h2>A<br>B <a href='#a'>#</a></h2><h3> </h3><dl><dt>T<dd>D</dl>"
        assert read(page) == "## A B\n\nT\nD"

    def test_code_stays_as_it_is(self) -> None:
        page = "<pre><i class=lineno>1</i><code>if x:\n    y<br>```</code></pre>"
        assert read(page) == "````\nif x:\n    y\n```\n````"


@pytest.mark.parametrize(
    "page",
    [
        "<div hidden>" * 20_000,
        "<ul><li>" * 8_000 + "x",
        "<table><tr><td>" * 5_000 + "x",
        "<div class=cookie-menu>" * 5_000 + "<button>cookie",
        "<table>" + "<tr><td rowspan=60000>x" * 3_000,
        "<sup>" * 400 + "x",
        "<style>" + "a b c d e{display:none}" * 5_000 + "</style>" + "<a>x</a>" * 5_000,
        "<style>none" + "/*" * 300_000 + "</style>",
        "<style>none" + "@a " * 300_000 + "</style>",
        "<style>none" + "a " * 300_000 + "</style>",
        "<i style='opacity:" + "0" * 300_000 + "1'>",
        "<math>" + "<msup>" * 20_000 + "x",
    ],
    ids=lambda page: page[:20],
)
def test_hostile_pages_take_no_time(page: str) -> None:
    begin = time.process_time()
    read(page + PROSE)
    assert time.process_time() - begin < 5

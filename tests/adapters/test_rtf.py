"""Rich text read as it is printed."""

import time

import pytest

from assistant.adapters.documents.rtf import extract
from assistant.errors import PermanentError

FONTS = (
    r"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\froman\fcharset204 Times{\*\falt x};}"
    r"{\f2\fcharset128 MS Mincho;}{\f3\fcharset2 Symbol;}{\f4\fcharset2 Wingdings;}}"
)


def text(body: str, head: str = r"\ansi\ansicpg1252\deff0" + FONTS) -> str:
    """Return the text of a file with this body."""
    return extract(f"{{\\rtf1{head} {body}}}".encode("latin-1"))[0]


class TestCharacters:
    def test_escapes(self) -> None:
        assert text(r"a\~b\_c\-d \{x\}\\ \endash\emdash\lquote q\rquote\tab z\line n") == (
            "a\xa0b-cd {x}\\ –—‘q’\tz\nn"  # noqa: RUF001
        )

    @pytest.mark.parametrize(
        ("head", "body", "right"),
        [
            (r"\ansi\ansicpg1251", r"\'cf\'f0\'e8\'e2\'e5\'f2", "Привет"),
            (r"\ansi\ansicpg1250", r"W\'b3odarczyk", "Włodarczyk"),
            (r"\ansi\ansicpg932", r"\'93\'fa\'96\'7b", "日本"),
            (r"\ansi\ansicpg936", r"\'d6\'d0\'ce\'c4", "中文"),
            (r"\mac", r"caf\'8e", "café"),
            (r"\pc", r"caf\'82", "café"),
            (r"\ansi\ansicpg819", r"caf\'e9", "café"),
            (r"\ansi\ansicpg99999", r"caf\'e9", "café"),
            # A font of set 0 where the code page of the file is meant.
            (r"\ansi\ansicpg1251\deff0" + FONTS, r"\f0\'cf\'f0", "Пр"),
            (r"\ansi\ansicpg1252\deff0" + FONTS, r"\f1\'cf\'f0\f0\'e9", "Прé"),
            (r"\ansi\ansicpg1252\deff0" + FONTS, r"\loch\f2 \'93\'fa\'96{\b\'7b}", "日"),
        ],
    )
    def test_encodings(self, head: str, body: str, right: str) -> None:
        assert text(body, head).startswith(right)

    def test_unicode_with_what_old_programs_show(self) -> None:
        assert (
            text(r"\u1055 ?\u1088\'f0\uc0\u1080\uc2\u26085 \'93\'fa!{\uc0 \u233 }e") == "При日!ée"
        )
        assert text(r"\u-10179?\u-8704? \u8364 ?") == "😀 €"
        assert text(r"{\upr{old}{\*\ud{new}}}") == "new"

    def test_symbol_fonts(self) -> None:
        assert text(r"{\f3 a\'b3}{\f4\'fc}{\f3\u61623 ?} b") == "α≥✓• b"  # noqa: RUF001

    def test_superscripts_are_no_digits(self) -> None:
        assert text(r"10{\super 6} m{\super 2}, H{\sub 2}O, 1{\super st}") == "10^6 m^2, H2O, 1st"


class TestWhatIsPrinted:
    def test_what_is_not_printed(self) -> None:
        assert (
            text(
                r"{\info{\title No}}{\stylesheet{\s1 heading;}}{\*\generator No;}{\*\unknown No}"
                r"Seen{\v hidden}\v hidden\v0  here{\deleted deleted}{\*\annotation comment}"
                r"{\pict\pngblip 89504e47\bin5 }}{{}}{\object{\*\objdata 00ff}{\result Result}}"
                r"{\field{\*\fldinst HYPERLINK {\fldrslt No}}{\fldrslt  link}}{\*\bkmkstart x}."
            )
            == "Seen hereResult link."
        )

    def test_paragraphs_headings_and_items(self) -> None:
        head = r"\ansi{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}}"
        assert (
            text(
                r"\pard\s1 Scope\par\pard One{\deleted\par} paragraph.\par"
                r"\pard\ilvl0{\listtext\pard 1.\tab}First\par\pard\ilvl1{\listtext a)\tab}Inner"
                r"\par\pard{\pntext\'b7\tab}Bullet\par\pard\outlinelevel1 Sub\par"
                r"\pard Text\page More",
                head,
            )
            == "# Scope\n\nOne paragraph.\n\n1. First\n  a) Inner\n- Bullet\n\n## Sub\n\n"
            "Text\nMore"
        )

    def test_headings_that_only_their_names_tell(self) -> None:
        head = r"\ansi{\stylesheet{\s3\b Heading 2;}{\s4 Heading line;}}"
        assert text(r"\pard\s3 Fees\par\pard\s4 Text\par", head) == "## Fees\n\nText"

    def test_notes_headers_and_boxes(self) -> None:
        box = r"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt Box\par}}{\shprslt Box}}"
        assert (
            text(
                r"{\header Acme\par}{\headerf Acme\par}{\footer\chpgn 3\par}"
                rf"Text{{\super\chftn}}{{\footnote {{\super\chftn}} Foot.}} goes on{box}."
                r"{\*\footnote\ftnalt End.}\par Last"
            )
            == "Acme\n\nText[^1] goes on.[^i]\n\nBox\n\n[^1]: Foot.\n\n[^i]: End.\n\nLast"
        )


class TestTables:
    def test_cells_keep_their_columns(self) -> None:
        wide = r"\trowd\trleft0\cellx2000\cellx6000 "
        three = r"\trowd\trleft0\clvmgf\cellx2010\cellx4000\cellx5990 "
        on = r"\trowd\trleft0\clvmrg\cellx2000\cellx4000\cellx6000 "
        assert (
            text(
                rf"Before\par{wide}\pard\intbl Region\cell Price\cell\row"
                rf"{three}\pard\intbl North\cell net\par price\cell gross\cell{three}\row"
                rf"{on}\pard\intbl\cell\cell 7\cell\row\pard After"
            )
            == "Before\n\n| Region | Price | Price |\n| --- | --- | --- |\n"
            "| North | net price | gross |\n| North |  | 7 |\n\nAfter"
        )

    def test_a_table_within_a_cell(self) -> None:
        assert (
            text(
                r"\trowd\cellx1\cellx9000\pard\intbl x\cell\pard\intbl\itap2 a\nestcell b\nestcell"
                r"{\*\nesttableprops\trowd\cellx1\nestrow}{\nonesttables\par}"
                r"\pard\intbl\itap1 end\cell\row"
            )
            == "| x | a, b end |\n| --- | --- |"
        )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (rb"{\rtf1\ansi The text is cut", "cut off"),
        (rb"{\rtf1{\pict\bin99999999 x}}", "cut off"),
        (b"plain", "does not begin"),
        (b"", "does not begin"),
    ],
)
def test_files_that_cannot_be_read(content: bytes, words: str) -> None:
    with pytest.raises(PermanentError, match=words) as caught:
        extract(content)
    assert caught.value.code == "broken_file"


def test_depth_is_bounded() -> None:
    with pytest.raises(RecursionError):
        extract(rb"{\rtf1" + b"{" * 1_000_000)
    assert extract(rb"{\rtf1" + b"{" * 9_000 + b"deep" + b"}" * 9_001)[0] == "deep"


def test_numbers_without_sense_do_no_harm() -> None:
    odd = r"\u4294967361 ?\uc-5\s-1\ilvl99999\fcharset-3\par\cellx-5\cell\row\trowd x"
    assert text(odd) == "A\n\nx"
    assert "x" in text(r"\ansicpg-1\deff-7\'e9\v\v0 x\u-99999?")


def test_pictures_take_no_time() -> None:
    picture = (b"89504e470d0a1a0a" * 8 + b"\r\n") * 100_000
    begin = time.monotonic()
    assert extract(rb"{\rtf1 a{\pict " + picture + b"}b}")[0] == "ab"
    assert time.monotonic() - begin < 2

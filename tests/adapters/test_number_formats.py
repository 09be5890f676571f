"""Numbers look as in a spreadsheet."""

import pytest

from assistant.adapters.documents.spreadsheets.number_formats import show, show_text

EURO_ACCOUNT = (
    '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-'  # as Excel writes it
)


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (12.0, "General", "12"),
        (0.1 + 0.2, "General", "0.3"),
        (1 / 3, "General", "0.333333333"),
        (4006381333931, "General", "4006381333931"),
        (1e21, "General", "1E+21"),
        (12, 'General" kg"', "12 kg"),
        (0.075, "0.0%", "7.5%"),
        (1, "0%", "100%"),
        (1234.5, '"$"#,##0.00', "$1,234.50"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (1234.5, EURO_ACCOUNT, "1,234.50 €"),
        (-1234.5, EURO_ACCOUNT, "-1,234.50 €"),
        (0, EURO_ACCOUNT, "-   €"),
        (-1234.5, "#,##0.00_);[Red](#,##0.00)", "(1,234.50)"),
        (-5, "0.00", "-5.00"),
        (2.675, "0.00", "2.68"),
        (7, "000", "007"),
        (0, "#,##0", "0"),
        (999999, "#,##0", "999,999"),
        (1000, "#,##0", "1,000"),
        (12, "00,000", "00,012"),
        (12.5, ".00", "12.50"),
        (1.25, "0.0##", "1.25"),
        (5551234567, "(000) 000-0000", "(555) 123-4567"),
        (1234567, '0.0,,"M"', "1.2M"),
        (12345, "#,##0,", "12"),
        (12345.678, "0.00E+00", "1.23E+04"),
        (12345.678, "##0.0E+0", "12.3E+3"),
        (1.5, "# ?/?", "1 1/2"),
        (0.333, "# ??/??", "1/3"),
        (0.75, "# ?/8", "6/8"),
        (150, '[>=100]"high" 0;"low" 0', "high 150"),
        (50, '[>=100]"high" 0;"low" 0', "low 50"),
        (5, ";;;", ""),
        # Units that nobody put in quotes, and whose letters are those of dates.
        (5, "0 kg/d", "5 kg/d"),
        (5, "0.00 USD", "5.00 USD"),
    ],
)
def test_numbers(value: float, code: str, shown: str) -> None:
    assert show(value, code) == shown


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (46096, "yyyy-mm-dd", "2026-03-15"),
        (46096, "mm/dd/yyyy", "03/15/2026"),
        (46096, "d.m.yy", "15.3.26"),
        (46096, "dddd, d mmm yy", "Sunday, 15 Mar 26"),
        (46096, "[$-407]d. mmmm yyyy", "15. March 2026"),
        (46096, '[$-411]ggge"年"m"月"d"日"', "2026年3月15日"),
        (46096.5, "[$-409]m/d/yy h:mm AM/PM;@", "3/15/26 12:00 PM"),
        (46096.5, "yyyy-mm-dd h:mm AM/PM", "2026-03-15 12:00 PM"),
        (46096.999999999, "yyyy-mm-dd hh:mm:ss", "2026-03-16 00:00:00"),
        (0.25, "h:mm:ss", "6:00:00"),
        (45.5 / 86400, "mm:ss.0", "00:45.5"),
        (1.5, "[h]:mm", "36:00"),
        (-0.5, "[h]:mm", "-12:00"),
        # Excel's calendar has a day too many in its first year.
        (1, "yyyy-mm-dd", "1900-01-01"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        # No date has these numbers.
        (-3, "yyyy-mm-dd", "-3"),
        (1e12, "yyyy-mm-dd", "1000000000000"),
    ],
)
def test_dates(value: float, code: str, shown: str) -> None:
    assert show(value, code) == shown


def test_the_calendar_of_old_macintoshes() -> None:
    assert show(0, "yyyy-mm-dd", since_1904=True) == "1904-01-01"
    assert show(44634, "yyyy-mm-dd", since_1904=True) == "2026-03-15"


def test_texts() -> None:
    assert show_text("five", '0;0;0;@" pieces"') == "five pieces"
    assert show_text("five", ";;;") == ""
    assert show_text("five", "0.00") == "five"


@pytest.mark.parametrize(
    "code", ["", '"open', "[", "[<>]0", "\\", "_", "*", "E+", "0/", "/0", "@@"]
)
def test_codes_that_make_no_sense_show_something_or_nothing(code: str) -> None:
    assert isinstance(show(1234.5, code), str)

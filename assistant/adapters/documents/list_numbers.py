"""Writing the numbers of lists as Word and LibreOffice show them."""

from collections.abc import Callable

from assistant.adapters.documents.numerals import letters, roman

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
CHINESE = "〇一二三四五六七八九"
CHINESE_LEGAL = "零壹贰叁肆伍陆柒捌玖"
RUSSIAN = "абвгдежзиклмнопрстуфхцчшщэюя"  # as Word counts, without ё, й, ъ, ы, ь
# Fifteen and sixteen are written apart: added up they would be a name of God.
HEBREW = tuple(
    zip(
        (*range(400, 99, -100), *range(90, 19, -10), 16, 15, *range(10, 0, -1)),
        (*"תשרקצפעסנמלכ", "טז", "טו", *"יטחזוהדגבא"),  # noqa: RUF001  # the signs meant
        strict=True,
    )
)
# Beyond it no list counts, and letters and romans would become long.
MAX_FANCY = 3999


def _turns(number: int, signs: str) -> str:
    """Return one sign after the other, and then each twice, as offices count in letters."""
    turns, place = divmod(number - 1, len(signs))
    return signs[place] * (turns + 1)


def _additive(signs: tuple[tuple[int, str], ...], number: int) -> str:
    text = ""
    for amount, sign in signs:
        count, number = divmod(number, amount)
        text += sign * count
    return text


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"


def _words(number: int) -> str:
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")
    return str(number)


def _ordinal_words(number: int) -> str:
    if number >= 100:
        return _ordinal(number)
    head, hyphen, last = _words(number).rpartition("-")
    last = ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return head + hyphen + last


def _chinese(number: int, digits: str = CHINESE, places: str = "十百千") -> str:
    """Return a number as it is spoken: 十二, 二十, 一百〇五."""
    text, zero = "", False
    for place, digit in zip(range(len(str(number)) - 1, -1, -1), str(number), strict=True):
        if digit == "0":
            zero = bool(text)
            continue
        text += (digits[0] if zero else "") + digits[int(digit)] + (places[place - 1 : place])
        zero = False
    return text[1:] if digits == CHINESE and text.startswith("一十") else text


def _circled(number: int) -> str:
    return chr(0x2460 + number - 1) if number <= 20 else f"({number})"


def _full_width(number: int) -> str:
    return "".join(chr(0xFF10 + int(digit)) for digit in str(number))


FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalZero": lambda n: f"{n:02}",
    "lowerRoman": roman,
    "upperRoman": lambda n: roman(n).upper(),
    "lowerLetter": letters,
    "upperLetter": lambda n: letters(n).upper(),
    "ordinal": _ordinal,
    "cardinalText": lambda n: _words(n).capitalize(),
    "ordinalText": lambda n: _ordinal_words(n).capitalize(),
    "hex": lambda n: f"{n:X}",
    "numberInDash": lambda n: f"- {n} -",
    "chicago": lambda n: _turns(n, "*†‡§"),
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalEnclosedParen": lambda n: f"({n})",
    "decimalEnclosedFullstop": lambda n: f"{n}.",
    "decimalFullWidth": _full_width,
    "chineseCounting": _chinese,
    "chineseCountingThousand": _chinese,
    "taiwaneseCounting": _chinese,
    "taiwaneseCountingThousand": _chinese,
    "japaneseCounting": _chinese,
    "ideographDigital": lambda n: "".join(CHINESE[int(d)] for d in str(n)),
    "japaneseDigitalTenThousand": lambda n: "".join(CHINESE[int(d)] for d in str(n)),
    "chineseLegalSimplified": lambda n: _chinese(n, CHINESE_LEGAL, "拾佰仟"),
    "ideographTraditional": lambda n: _turns(n, "甲乙丙丁戊己庚辛壬癸"),
    "ideographZodiac": lambda n: _turns(n, "子丑寅卯辰巳午未申酉戌亥"),
    "aiueo": lambda n: _turns(n, "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホ"),
    "aiueoFullWidth": lambda n: _turns(n, "アイウエオカキクケコサシスセソタチツテトナニヌネノ"),
    "iroha": lambda n: _turns(n, "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマ"),
    "ganada": lambda n: _turns(n, "가나다라마바사아자차카타파하"),
    "chosung": lambda n: _turns(n, "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"),
    "russianLower": lambda n: _turns(n, RUSSIAN),
    "russianUpper": lambda n: _turns(n, RUSSIAN).upper(),
    "hebrew1": lambda n: _additive(HEBREW, n),
    "hebrew2": lambda n: _turns(n, "אבגדהוזחטיכלמנסעפצקרשת"),
    "arabicAlpha": lambda n: _turns(n, "أبتثجحخدذرزسشصضطظعغفقكلمنهوي"),
    "arabicAbjad": lambda n: _turns(n, "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ"),
    "hindiNumbers": lambda n: "".join(chr(0x966 + int(d)) for d in str(n)),
    "thaiNumbers": lambda n: "".join(chr(0xE50 + int(d)) for d in str(n)),
}


def numeral(number: int, form: str) -> str:
    """Return a number in one of Word's formats; an unknown one is decimal."""
    if not 0 < number <= MAX_FANCY:
        return str(number)
    return FORMATS.get(form, str)(number)

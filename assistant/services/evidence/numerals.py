"""Numbers in texts, in figures and in words, so that `3,500`, `3500` and `three` are compared."""

# Digits and numerals of many scripts.
# ruff: noqa: RUF001

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from assistant.terms import fold

_FIGURES = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:\D\d{3})+")
# What is longer is no amount: it is only the same as itself.
_LONGEST = 40

# Words for 2 and more: those for 1 are articles in most languages.
_COUNTED = {
    "en": "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
    "dix-sept dix-huit dix-neuf vingt",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn "
    "sechzehn siebzehn achtzehn neunzehn zwanzig",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciseis diecisiete dieciocho diecinueve veinte",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici "
    "quindici sedici diciassette diciotto diciannove venti",
    "pt": "dois tres quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis "
    "dezessete dezoito dezenove vinte",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien "
    "zestien zeventien achttien negentien twintig",
    "ru": "два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать "
    "четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать",
    "ar": "اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety hundred",
    "fr": "vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix "
    "cent",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta cento",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa cem",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig honderd",
    "ru": "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто сто",
    "ar": "عشرون ثلاثون أربعون خمسون ستون سبعون ثمانون تسعون مائة",
    "ar (genitive)": "عشرين ثلاثين أربعين خمسين ستين سبعين ثمانين تسعين مئة",
}
_THOUSANDS = "thousand mille tausend mil duizend тысяча тысячи тысяч"
# Words of other meaning in another language, or, without accents, in the same: once, due, cent,
# dos, très.
_AMBIGUOUS = {"once", "due", "sei", "cent", "dos", "tres"}
# After tens, though an article by itself.
_ONES = {"one", "un", "une", "ein", "uno", "una", "um", "uma", "een", "один", "одна"}


def _words() -> dict[str, int]:
    table: dict[str, int] = {}
    clash = set(_AMBIGUOUS)
    named = [(word, n) for line in _COUNTED.values() for n, word in enumerate(line.split(), 2)]
    named += [(word, 10 * n) for line in _TENS.values() for n, word in enumerate(line.split(), 2)]
    named += [(word, 1000) for word in _THOUSANDS.split()]
    for word, number in ((fold(word), number) for word, number in named):
        if table.setdefault(word, number) != number:
            clash.add(word)
    return {word: number for word, number in table.items() if word not in clash}


_VALUES = _words()
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_GERMAN = re.compile(r"(ein|zwei|drei|vier|funf|sechs|sieben|acht|neun)und(\w+zig|dreissig)")
_LINKS = {"and", "y", "e", "et", "und", "en", "i"}
_HAN = re.compile(r"[〇零一二三四五六七八九十百千万两]+")
_HAN_DIGITS = {char: n for n, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}


def numbers_of(text: str) -> list[frozenset[str]]:
    """Return the numbers of a text in its order, each as all that it may mean.

    `1.500` is a thousand and a half in some places, and one and a half in others.
    """
    folded = fold(text)
    found = [_readings(match[0]) for match in _FIGURES.finditer(folded)]
    found += [frozenset({str(value)}) for value in _spelled(folded)]
    found += [frozenset({value}) for value in _han(folded)]
    return found


@lru_cache(maxsize=20_000)
def values_of(term: str) -> frozenset[str]:
    """Return all that the numbers in a term may mean."""
    return frozenset().union(*numbers_of(term))


def _readings(figures: str) -> frozenset[str]:
    plain = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in figures)
    if len(plain) > _LONGEST:
        return frozenset({plain})
    readings = set()
    if _GROUPED.fullmatch(plain):
        readings.add(re.sub(r"\D", "", plain))
    whole, _, rest = re.sub(r"[,'’\u00a0\u202f]", ".", plain).rpartition(".")
    if whole:
        fraction = rest.rstrip("0")
        head = whole.replace(".", "")
        readings.add(f"{int(head)}.{fraction}" if fraction else str(int(head)))
        # Parts of a date, a version, a time.
        readings.add(plain)
    else:
        readings.add(str(int(plain)))
    return frozenset(readings)


def _spelled(folded: str) -> Iterator[int]:
    """Yield numbers in words, those that belong together as one: `nine hundred`, `forty-one`."""
    total, last_end = 0, -1
    for match in _WORD.finditer(folded):
        value = _value(match[0])
        if value is None and match[0] in _ONES and total >= 20 and total % 10 == 0:
            value = 1
        if value is None:
            if match[0] in _LINKS and total:
                continue
            if total:
                yield total
            total = 0
            continue
        near = bool(total) and match.start() - last_end <= 5
        if near and value >= 100:
            total = total * value if total < value else total + value
        elif near and value < 100 and (total % 100 == 0 or (total % 10 == 0 and value < 10)):
            total += value
        else:
            if total:
                yield total
            total = value
        last_end = match.end()
    if total:
        yield total


def _value(word: str) -> int | None:
    if word in _VALUES:
        return _VALUES[word]
    if "-" in word:
        parts = [1 if part in _ONES else _VALUES.get(part) for part in word.split("-")]
        # Up to 19, as in `soixante-douze`.
        if len(parts) == 2 and parts[0] and parts[1] and parts[1] < 20 <= parts[0]:
            return parts[0] + parts[1]
    german = _GERMAN.fullmatch(word)
    if german and german[2] in _VALUES:
        unit = 1 if german[1] == "ein" else _VALUES[german[1]]
        return _VALUES[german[2]] + unit
    return None


def _han(folded: str) -> Iterator[str]:
    for run in _HAN.findall(folded):
        if len(run) > _LONGEST:
            yield run
            continue
        # `十` or `万` alone is a part of a word as often as a number, and `一` an article.
        value = _han_value(run) if len(run) > 1 or run in _HAN_DIGITS else 0
        if value > 1:
            yield str(value)


def _han_value(run: str) -> int:
    if not any(char in _HAN_UNITS for char in run):
        return int("".join(str(_HAN_DIGITS[char]) for char in run))
    total = section = digit = 0
    for char in run:
        if char in _HAN_DIGITS:
            digit = _HAN_DIGITS[char]
        elif char == "万":
            total += (section + digit) * 10_000
            section = digit = 0
        else:
            section += (digit or 1) * _HAN_UNITS[char]
            digit = 0
    return total + section + digit


# What a span of time is measured in, by the beginnings of the words.
_UNITS = {
    "second": "second sekund seconde segundo 秒",
    "minute": "minut минут 分钟 分間 분",
    "hour": "hour stunde heure hora час 小时 時間 시간 ساعة",
    "day": "day tag jour dia giorn dag день дня дней 天 日間 يوم",
    "week": "week woche semaine semana settiman недел 周 週 星期 주일",
    "month": "month monat mois mes mese maand месяц 个月 か月 ヶ月 개월",
    "year": "year jahr annee ano anno jaar год лет 年間",
}
_SPAN = re.compile(
    r"(?<!\w)(\w+(?:-\w+)?)[ \-]?\b(?:"
    + "|".join(f"(?P<{unit}>{'|'.join(words.split())})" for unit, words in _UNITS.items())
    + r")(?:e?[ns]|e|i|os|o|a|y|es|en)?\b"
)


def spans_of(folded: str) -> Iterator[tuple[str, str]]:
    """Yield the spans of time in a folded text, each as what its number may mean and its unit."""
    for match in _SPAN.finditer(folded):
        for number in numbers_of(match[1]):
            yield from ((reading, str(match.lastgroup)) for reading in number)


_PACES = {
    "day": "daily taglich quotidien diari journalier dagelijks ежедневн 每[天日] 毎日 매일",
    "week": "weekly wochentlich hebdomadaire semanal settimanal wekelijks еженедельн "
    "[每毎][周週] 매주",
    "month": "monthly monatlich mensuel mensual mensile maandelijks ежемесячн [每毎]个?月 매월",
    "year": "yearly annual jahrlich annuel anual annuale jaarlijks ежегодн [每毎]年 매년",
}
_EACH = re.compile(
    r"\b(?:every|each|per|an?|once a|jede[nmrs]?|pro|im|chaque|par|cada|al|ogni|elke?|кажд\w+|в)\s"
    rf"(?:{'|'.join(f'(?P<{unit}>{chr(124).join(w.split())})' for unit, w in _UNITS.items())})"
    r"(?:e|en|r|es)?\b"
)


def paces_of(folded: str) -> Iterator[str]:
    """Yield how often a folded text says that something is done, as units of time."""
    yield from (
        unit for unit, words in _PACES.items() if re.search(words.replace(" ", "|"), folded)
    )
    yield from (str(match.lastgroup) for match in _EACH.finditer(folded))

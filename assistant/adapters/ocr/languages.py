"""Which of tesseract's languages are tried on a page."""

import re
from collections.abc import Sequence

LATIN, HAN = "Latin", "Han"
# What is no language: the data that tells scripts apart, and that for formulas.
NONE = frozenset({"osd", "equ", "snum"})
# By the names of the scripts that tesseract tells apart; what is not here is written in Latin.
SCRIPTS = {
    HAN: "chi_sim chi_tra chi_sim_vert chi_tra_vert",
    "Japanese": "jpn jpn_vert",
    "Korean": "kor kor_vert",
    "Hangul": "kor kor_vert",
    "Cyrillic": "bel bul kaz kir mkd mon rus srp tat tgk ukr uzb_cyrl aze_cyrl",
    "Greek": "ell grc",
    "Arabic": "ara fas kur kmr pus snd uig urd",
    "Hebrew": "heb yid",
    "Devanagari": "hin mar nep san",
    "Bengali": "ben asm",
    "Tamil": "tam",
    "Telugu": "tel",
    "Kannada": "kan",
    "Malayalam": "mal",
    "Gujarati": "guj",
    "Gurmukhi": "pan",
    "Thai": "tha",
    "Lao": "lao",
    "Khmer": "khm",
    "Myanmar": "mya",
    "Georgian": "kat kat_old",
    "Armenian": "hye",
    "Ethiopic": "amh tir",
    "Sinhala": "sin",
    "Tibetan": "bod dzo",
}
SCRIPT_OF = {code: script for script, codes in SCRIPTS.items() for code in codes.split()}
# Each language costs time, and more do not help.
MOST_AT_ONCE = 4


def languages_of(setting: str) -> list[str]:
    """Return the languages that a setting names, as tesseract has it, `eng+deu`, or with commas."""
    return re.findall(r"\w+", setting)


def chosen(installed: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return the languages to read, those that somebody wants or else all; English comes first."""
    known = [code for code in installed if code not in NONE]
    if wanted:
        return [code for code in wanted if code in known]
    # What stands upright is asked for by name.
    return sorted(
        (code for code in known if not code.endswith("_vert")),
        key=lambda code: (code != "eng", code),
    )


def scripts_of(languages: Sequence[str]) -> set[str]:
    """Return the scripts that languages are written in."""
    return {SCRIPT_OF.get(code, LATIN) for code in languages}


def are_few(languages: Sequence[str]) -> bool:
    """Return whether all can be tried at once, which costs less than telling the script first.

    Measured on pages of English and Chinese: English alone takes 1.4 s of a processor, with
    Chinese 2.1 s and reads the same words; telling the script takes 1.2 s.
    """
    return len(languages) <= MOST_AT_ONCE and len(scripts_of(languages)) <= 2


def for_script(languages: Sequence[str], script: str | None) -> list[str]:
    """Return what to try on a page of this script, with English for the words in between."""
    fitting = [code for code in languages if SCRIPT_OF.get(code, LATIN) == script]
    if script in ("Japanese", HAN):
        # They share their signs, and short texts are taken for one another.
        alike = ("Japanese", HAN)
        fitting = [code for code in languages if SCRIPT_OF.get(code, LATIN) in alike]
    others = [code for code in languages if code == "eng" and code not in fitting]
    return ([*fitting, *others] if fitting else list(languages))[:MOST_AT_ONCE]

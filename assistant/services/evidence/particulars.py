"""What makes a statement another one when it is altered: numbers, codes, names, days, a `not`."""

# Words of many scripts.
# ruff: noqa: RUF001

import re
from dataclasses import dataclass
from functools import cached_property

from assistant.services.evidence.numerals import numbers_of, paces_of, spans_of
from assistant.services.evidence.wording import Words
from assistant.terms import fold

# What is no code, for want of a figure or a letter, is passed over as a whole, up to its last word:
# tried again at each of its words, a long one would take the square of its length.
_CODE = re.compile(
    r"((?<![A-Za-z0-9-])(?=[A-Za-z0-9])(?=[A-Za-z./-]*\d)(?=[\d./-]*[A-Za-z])"
    r"[A-Za-z0-9][A-Za-z0-9./-]*[A-Za-z0-9]"
    r"|(?<![A-Za-z0-9])[A-Za-z0-9]+(?:[_=][A-Za-z0-9]+)+)"
    r"|(?<![A-Za-z0-9-])[A-Za-z0-9][A-Za-z0-9./-]*[./-]"
)
_MEASURE = re.compile(r"\d+(?:st|nd|rd|th|s|m|h|g|l|kg|km|cm|mm|ml|mb|gb|kb|am|pm|eur|e|x|er|eme)")
_NO_NAMES = (
    "mr mrs ms miss dr prof sir herr frau monsieur madame mme senor senora don dona signor signora "
    "eur usd gbp chf"
)
_TITLES = frozenset(_NO_NAMES.split())
_NAME = re.compile(r"(?<![\w'’-])[^\W\d_](?:[\w-]|['’](?!s\b))*")
# Words that open a sentence before a name and belong to none.
_OPENING_WORDS = """
the this that these those when where while with from into after before during since under over both
each every some many most only also then there here they their what which dans pour avec chez vers
depuis apres avant pendant selon sous entre cette ceux les des une aux desde hasta para ante bajo
tras segun sobre como cuando donde este esta estos estas los las unos unas nella nello dalla dallo
alla allo sulla della dello quando dove come questo questa dopo prima durante если когда после перед
около через между
"""
_OPENERS = frozenset(_OPENING_WORDS.split())
_KATAKANA = re.compile(r"[\u30a1-\u30fa\u30fc]{3,}")
# What stands before the first word of a sentence.
_OPENING = re.compile(r"(?:^|[.!?:;…]\s+|[\"“«„(]|\n)[#*\-\s|]*")
_GERMAN = re.compile(
    r"\b(?:der|die|das|den|dem|des|und|ist|sind|nicht|eine?[mnrs]?|mit|vo[nm]|zu[mr]?|wird|werden"
    r"|muss|müssen|darf|dürfen|kann|für|auf|im|am|beim?|nach|bis|wenn|sie|ob|auch|sich|als|oder)\b"
)
# Other words, too, unless they have a capital.
_MONTHS = re.compile(r"\b(?:May|March|Mars|Mai|August)\b")

_DAYS = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
    r"|(?:mon|diens|donners|frei|sams|sonn)tage?s?|mittwochs?|sonnabends?"
    r"|(?:lun|mar|mercre|jeu|vendre|same)dis?|dimanches?"
    r"|lunes|martes|miercoles|jueves|viernes|sabados?|domingos?"
    r"|(?:lune|marte|mercole|giove|vener)di|sabato|domenica|(?:segunda|terca|quarta|quinta|sexta)"
    r"-feira|(?:maan|dins|woens|donder|vrij|zater|zon)dag(?:en)?"
    r"|понедельник\w*|вторник\w*|сред[уаы]м?|четверг\w*|пятниц\w*|суббот\w*|воскресень\w*"
    r"|january|february|april|june|july|september|october|november|december"
    r"|januar|februar|marz|juni|juli|oktober|dezember"
    r"|janvier|fevrier|avril|juin|juillet|aout|septembre|octobre|novembre|decembre"
    r"|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    r"|январ[ьяе]|феврал[ьяе]|март[ае]?|апрел[ьяе]|мая|ма[йе]|июн[ьяе]|июл[ьяе]|август[ае]?"
    r"|сентябр[ьяе]|октябр[ьяе]|ноябр[ьяе]|декабр[ьяе])\b"
    r"|(?:周|星期|礼拜)[一二三四五六日天]|[月火水木金土日]曜|[월화수목금토일]요일"
    r"|(?:الاثنين|الثلاثاء|الاربعاء|الخميس|الجمعه|الجمعة|السبت|الاحد)"
)

_NOT = re.compile(
    r"\b(?:not(?!-)|no|never|none|nobody|nothing|nowhere|neither|nor|cannot|\w+n['’]t"
    r"|nicht|kein\w*|nie|niemals|nirgend\w*|weder"
    r"|ne|n['’]\w+|pas|jamais|aucune?|rien|nunca|jamas|tampoco|ningun\w*"
    r"|non|mai|nessun\w*|nao|nem|nenhum\w*|niet|geen|nooit"
    r"|не|ни|нет|нельзя|никогда|нигде)\b"
    r"|不|没|未|无|勿|ない|なく|ません|ず[、。に]|ぬ|안 |않|없|못"
    r"|\b(?:لا|ليس|ليست|لم|لن|غير|بدون)\b"
)
_BOUND = re.compile(
    r"\b(?:no|not|never)\b[^.,;]{0,15}\b(?:above|than|over|beyond|more|later|earlier|only|exceed\w*)"
    r"|\bnicht (?:mehr|langer|spater|nur)\b|\bkeine? \w+er als\b|\bpas (?:plus|moins|seulement)\b"
    r"|\bno (?:mas|menos|solo)\b|不(?:超过|少于|得超过|仅)|を超えない"
)
# Words that deny without a `not`; between them and a `not` nothing can be told by counting.
_DENIED = re.compile(
    r"\b(?:forbid\w*|forbade|prohibit\w*|banned|refus\w*|reject\w*|den(?:y|ied|ies)|exclu\w*|except"
    r"|un(?!i|der|til|less)\w{3,}|impossib\w*|only|unless|lack\w*|fail\w*|closed|free|too|verboten|untersagt|unzulassig|nur|außer|ausser"
    r"|frei|abgelehnt|interdit\w*|defendu\w*|refus\w*|sauf|seul\w*|ferme\w*|gratuit\w*"
    r"|prohibid\w*|rechaz\w*|salvo|solo|excepto|cerrad\w*|gratis|vietat\w*|proibid\w*|verboden"
    r"|запрещ\w*|только|кроме|закрыт\w*|освобожд\w*)\b"
    r"|禁|切勿|拒|免|闭|除|只|のみ|だけ|限|無料|금지|무료|\b(?:يمنع|ممنوع|مجانا|فقط)\b"
)
_ALLOWED = re.compile(
    r"\b(?:allow\w*|permit\w*|may|can|welcome|accept\w*|approv\w*|erlaubt|gestattet|zulassig|darf"
    r"|durfen|kann|autorise\w*|permis\w*|peut|accept\w*|aprob\w*|aprueb\w*|se puede|permit\w*"
    r"|можно|разреш\w*|consentit\w*|toegestaan)\b|可以|許可|できます|可能|허용|يسمح|يجوز"
)
_FORBIDDEN = re.compile(
    r"\b(?:forbid\w*|forbade|prohibit\w*|banned|refus\w*|reject\w*|verboten|untersagt|abgelehnt"
    r"|interdit\w*|defendu\w*|prohibid\w*|rechaz\w*|vietat\w*|proibid\w*|verboden|запрещ\w*"
    r"|нельзя)\b|禁|切勿|不得|不能|不可|勿|拒|금지|يمنع|ممنوع"
)

_WORDS = re.compile(r"[^\W\d_]{2}|[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_SEMICOLON = re.compile(r"[;；]")
_CLAUSE = re.compile(
    r"(?<!\d)[,،、](?!\d)|(?<=\d),\s|[;；，：—]|:\s|\s–\s"
    r"|\s(?:and|but|while|whereas|und|aber|während|et|mais|tandis que|y|pero|mientras|e|ma|mas|en"
    r"|maar|и|а|но)\s"
)


def _may_be_name(word: str) -> bool:
    return len(word) > 3 and fold(word) not in _OPENERS


@dataclass(frozen=True)
class Particulars:
    """The particulars of one statement."""

    text: str

    @cached_property
    def folded(self) -> str:
        """Return the text without case and accents."""
        return fold(self.text)

    @cached_property
    def numbers(self) -> list[frozenset[str]]:
        """Return its numbers, each as all that it may mean."""
        return numbers_of(self.text)

    @cached_property
    def values(self) -> frozenset[str]:
        """Return all that its numbers may mean."""
        return frozenset().union(*self.numbers)

    @cached_property
    def codes(self) -> frozenset[str]:
        """Return words with figures in them, such as the number of an error."""
        found = (fold(match[1]) for match in _CODE.finditer(self.text) if match[1])
        return frozenset(code for code in found if not _MEASURE.fullmatch(code))

    @cached_property
    def names(self) -> frozenset[str]:
        """Return words with a capital that do not owe it to their place, and those in katakana."""
        return frozenset().union(*self.full_names)

    @cached_property
    def full_names(self) -> list[frozenset[str]]:
        """Return the names, those that stand side by side together: `Ruth Varga`."""
        runs: list[list[re.Match[str]]] = []
        opener: re.Match[str] | None = None
        is_german = len(_GERMAN.findall(self.text)) >= 2
        openings = {match.end() for match in _OPENING.finditer(self.text)}
        for match in _NAME.finditer(self.text):
            if not match[0][0].isupper():
                continue
            if match.start() in openings:
                opener = match
            elif runs and runs[-1][-1].end() + 1 == match.start():
                runs[-1].append(match)
            elif (
                opener
                and not is_german
                and opener.end() + 1 == match.start()
                and _may_be_name(opener[0])
            ):
                runs.append([opener, match])
            else:
                runs.append([match])
        if is_german:
            # All nouns have a capital: names are those that stand side by side.
            runs = [run for run in runs if len(run) > 1]
        named = [{fold(match[0]) for match in run} for run in runs]
        named += [{fold(match[0])} for match in _KATAKANA.finditer(self.text)]
        kept = [{name for name in run if len(name) > 2} - self.days for run in named]
        return [frozenset(run) for run in kept if run - _TITLES]

    @cached_property
    def days(self) -> frozenset[str]:
        """Return days of the week and months."""
        months = {fold(month) for month in _MONTHS.findall(self.text)}
        return frozenset(_DAYS.findall(self.folded)) | months

    @cached_property
    def spans(self) -> frozenset[tuple[str, str]]:
        """Return its spans of time, each as a number and the name of a unit."""
        return frozenset(spans_of(self.folded))

    @cached_property
    def paces(self) -> frozenset[str]:
        """Return how often it says that something is done: each `day`, `week`, …"""
        return frozenset(paces_of(self.folded))

    @cached_property
    def denies(self) -> bool:
        """Return whether there is a `not` in it, other than in `no more than`."""
        return bool(_NOT.search(_BOUND.sub(" ", self.folded)))

    @cached_property
    def may_deny(self) -> bool:
        """Return whether a word in it denies something without a `not`."""
        return bool(_DENIED.search(self.folded))

    @cached_property
    def forbids(self) -> bool:
        """Return whether it says that something must not be, or was refused."""
        return bool(_FORBIDDEN.search(self.folded))

    @cached_property
    def allows(self) -> bool:
        """Return whether it says that something may be, without a `not`."""
        return bool(_ALLOWED.search(self.folded)) and not self.denies

    @cached_property
    def clauses(self) -> list["Particulars"]:
        """Return its parts between commas and such words as `and`; itself if it has none."""
        texts: list[str] = []
        for part in _CLAUSE.split(self.text):
            if texts and not _WORDS.search(part):
                # The year of a date, the end of a number.
                texts[-1] += f" {part}"
            elif part.strip():
                texts.append(part)
        return [Particulars(text) for text in texts] if len(texts) > 1 else [self]

    @cached_property
    def numbered(self) -> list["Particulars"]:
        """Return the smallest parts that have numbers, each with what is said of them."""
        halves = [Particulars(part) for part in _SEMICOLON.split(self.text) if part.strip()]
        found = []
        for half in halves if len(halves) > 1 else [self]:
            parts = [part for part in half.clauses if part.values]
            found += parts if len(parts) > 1 else [half]
        return [part for part in found if part.values]

    @cached_property
    def words(self) -> Words:
        """Return its terms."""
        return Words(self.text)

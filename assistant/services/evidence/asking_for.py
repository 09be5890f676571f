"""What kind of thing a question asks for: a number, a time, a person; and what has one."""

# Question words of many scripts.
# ruff: noqa: RUF001

import re
from dataclasses import dataclass

from assistant.services.evidence.particulars import Particulars
from assistant.terms import fold

_NUMBER = re.compile(
    r"\bhow (?:many|much|long|often|far|high|large|big|old|fast|wide|deep|heavy|tall|late|early"
    r"|soon)"
    r"|\b(?:price|cost|costs|fee|amount|number|limit|maximum|minimum|size|temperature|percentage)\b"
    r"|\bwie ?(?:viele?|lange|oft|weit|hoch|gross|alt|schnell|teuer|schwer|breit)|\bpreis|\bkostet"
    r"|\bcombien\b|\bprix\b|\bcout|\bcuant[oa]s?\b|\bprecio|\bcuesta|\bquant[oaei]s?\b|\bprezzo"
    r"|\bcosta"
    r"|\bhoe(?:veel| lang| vaak| ver| hoog| groot| oud| duur)"
    r"|\bсколько|\bцена|\bкак (?:долго|часто)"
    r"|多少|几(?![乎])|多(?:久|长|高|大|远|重|快)|いくら|いくつ"
    r"|何(?:人|名|日|時間|分|個|本|枚|匹|円|回|年|歳|キロ|メートル)"
    r"|どれ(?:くらい|ぐらい|だけ)|몇|얼마|\bكم\b"
)
_TIME = re.compile(
    r"\bwhen\b|\b(?:what|which|at what) (?:time|day|date|year|month|hour)|\bhow long"
    r"|\bopen(?:ing)?\b"
    r"|\bwann\b|\bum wie ?viel uhr|\bwelche[mnrs]? (?:tag|jahr|monat)|\bseit wann|\bquand\b"
    r"|\bquel(?:le)? (?:jour|heure|annee|mois|date)|\bcuando\b|\bque (?:dia|hora|ano|mes)"
    r"|\bquando\b|\bche (?:ora|giorno|anno)|\bque horas|\bwanneer\b|\bкогда|\bво сколько"
    r"|什么时候|何时|几点|哪(?:天|年|月|一天)|星期几|周几|いつ"
    r"|何(?:時|曜日|月|年)|언제|몇 시|무슨 요일|\bمتى\b"
)
_SPAN = re.compile(
    r"\bhow long\b|\bwie lange?\b|\bcombien de temps|\bcuanto (?:tiempo|dura)"
    r"|\bquanto (?:tempo|dura)|\bhoe ?lang|\bкак долго|多久|多长时间"
    r"|どれ(?:くらい|ぐらい)の(?:時間|期間)|얼마나 오래"
)
_DAY = re.compile(
    r"\b(?:which|what) (?:days?|months?|weekdays?|date)\b|\bquels? (?:jours?|mois)"
    r"|\bwelche[mnrs]? (?:wochen)?tage?n?\b|\bque (?:dias?|mes)\b|\bche giorn[oi]|\bwelke dag"
    r"|\bкакой день|\bкакие дни|星期几|周几|哪(?:一?天|几天)|何曜日|무슨 요일|\bاي يوم\b"
)
_PERSON = re.compile(
    r"\bwho(?:m|se)?\b|\bwhich (?:person|company|author)|\bwer\b|\bwe[mn]\b|\bwessen\b|\bqui\b"
    r"|\bquien(?:es)?\b|\bchi\b|\bquem\b|\bwie is\b|\bкто\b|\bкому\b|\bкем\b"
    r"|谁|誰|だれ|누구|누가|\bمن\b"
)
_WHAT_TIME_HAS = re.compile(
    r"\d|:\d\d|[時点시]|uhr\b|heure|o['’]clock|\b(?:noon|midnight|dusk|dawn)\b"
)


_HAS_CASE = re.compile(r"[a-zA-Zа-яА-Яα-ωΑ-Ω]")


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of things that a question asks for; it is read once for all statements."""

    number: bool
    day: bool
    time: bool
    span: bool
    person: bool

    def fitness(self, statement: Particulars) -> float:
        """Return how well a statement has them, from 0 to 1; a half where there are none."""
        fits = []
        if self.number:
            fits.append(bool(statement.numbers))
        if self.day:
            fits.append(bool(statement.days))
        elif self.time:
            has_time = statement.numbers or statement.days or statement.spans
            fits.append(bool(has_time or _WHAT_TIME_HAS.search(statement.folded)))
        if self.span:
            fits.append(bool(statement.spans))
        if self.person:
            fits.append(bool(statement.names) or not _HAS_CASE.search(statement.text))
        return sum(fits) / len(fits) if fits else 0.5


def kinds_of(question: str) -> Kinds:
    """Return what kinds of things a question asks for."""
    folded = fold(question)
    kinds = (_NUMBER, _DAY, _TIME, _SPAN, _PERSON)
    return Kinds(*(bool(kind.search(folded)) for kind in kinds))

"""Sentences that state nothing to be proved: that the documents do not say it, questions."""

# Words of many scripts.
# ruff: noqa: RUF001

import re

from assistant.terms import fold

_SOURCES = (
    r"(?:passages?|documents?|texts?|context|sources?|excerpts?|materials?|files?|information"
    r"|handbooks?|manuals?|records?|pages?)"
)
_TELL = (
    r"(?:say|mention|contain|state|provide|specify|answer|include|give|cover|address|tell|describe"
    r"|list|indicate|discuss|have|offer|explain)"
)
_TOLD = (
    r"(?:mentioned|specified|stated|given|provided|covered|answered|described|found|included"
    r"|contained|indicated|discussed|addressed|available|clear|known)"
)
_UNKNOWN = re.compile(
    rf"\b{_SOURCES}\b[^.]{{0,60}}\b(?:do(?:es)?n['’]t|(?:do|does|did) not|never) {_TELL}"
    rf"|\b(?:no|not enough|insufficient|not any|any) (?:information|mention|answer|details?|data)\b"
    r"[^.]{0,80}\b(?:passages?|documents?|text|context|provided|given|about|on|regarding|found)\b"
    rf"|\bnot (?:explicitly |directly |further )?{_TOLD} (?:in|by|within|from)"
    r" (?:the|these|this|your)"
    r"|\bi (?:do not|don['’]t|cannot|can['’]t|could not|couldn['’]t|am unable to|am not able to"
    r"|was unable to|found nothing) ?(?:know|find|answer|say|tell|determine|see|in)?\b"
    r"|\b(?:cannot|could not|can['’]t) be (?:answered|determined|found)\b"
    r"|\bnothing in the documents"
    r"|\bweiss (?:ich |es )*nicht\b|\bkeine? (?:angaben?|information\w*|hinweise?|antwort|aussage)"
    r"|\bnicht (?:erwahnt|angegeben|enthalten|genannt|hervor|beantwort\w*|entnehmen|gefunden)"
    r"|\bnichts (?:gefunden|daruber|dazu)|\bje (?:ne (?:sais|trouve|peux|dispose)"
    r"|n['’]ai (?:rien|pas) trouve)"
    r"|\bn(?:e |['’])(?:mentionn|precis|contien|indiqu|repond|donn|dit|disent|permet|est|sont|y a)"
    r"\w* (?:\w+ )?(?:pas|aucune?|rien)\b[^.]{0,200}(?:mentionn|precis|indiqu|repond"
    r"|information|reponse|documents?|passages?|texte)"
    r"|\baucune (?:information|mention|reponse|indication)"
    r"|\b(?:documents?|passages?|texte|extraits?) ne \w+ (?:pas|rien|aucune?)\b"
    r"|\bno (?:se )?(?:menciona|indica|especifica|contiene|encuentr|encontr|responde|dice"
    r"|consta)\w*"
    r"|\bno he (?:encontrado|hallado)|\bno (?:lo )?se(?=[.,;]|$)"
    r"|\b(?:no hay|ninguna) (?:informacion|mencion|respuesta|dato)"
    r"|\bnon (?:e |viene |vengono |sono |si )?(?:menzion|indic|specific|conten|trov|rispond|dic)\w*"
    r"|\bnon ho trovato|\bnessuna (?:informazione|risposta|menzione)|\bnon (?:lo )?so\b"
    r"|\bnao (?:se |e |ha |foi |sao )?(?:menciona|indica|especifica|contem|encontr|responde|diz)\w*"
    r"|\bnao (?:sei|ha informac)|\bnenhuma (?:informac|respost|menc)"
    r"|\bniets gevonden|\bin den dokumenten steht (?:dazu )?(?:nichts|nicht)"
    r"|\b(?:niet (?:vermeld|genoemd|gevonden|beantwoord)|geen (?:informatie|antwoord|vermelding))"
    r"|\bне (?:сказано|указан\w*|упомина\w*|упомянут\w*|содерж\w*|найден\w*|знаю|отвеча\w*"
    r"|говорит\w*"
    r"|нашлось)|\bнет (?:информации|сведений|ответа|данных|упоминани\w*)"
    r"|(?:没有|并未|未)(?:任何)?(?:提到|提及|说明|给出|找到|包含|涉及|回答|相关|提供|明确)|不知道|找不到"
    r"|无法(?:回答|确定|得知|判断)|沒有提"
    r"|(?:記載|記述|情報|説明|言及|内容|答え)\w{0,4}(?:ありません|ない|いません|ません|見当たら)"
    r"|(?:見つかり|見当たり)ません"
    r"|(?:わか|分か)り(?:ません|かね)|不明です|お答えできません"
    r"|(?:언급|정보|내용|나와|답|찾을 수).{0,8}(?:없|않|못)|알 수 없|모르겠"
    r"|\b(?:intet|inget|ikke|inte)\b[^.]{0,30}(?:dokument|besvar|naevn|namns|omtal|angiv)"
    r"|\bnie (?:ma|znalaz\w*|wspomn\w*|podan\w*|zawier\w*)\b[^.]{0,40}(?:dokument|informacj|odpowi)"
    r"|\bdokument\w* nie (?:ma|zawier|wspomin|podaj)|\b(?:nenasel|neuvad|nezmin)\w*"
    r"|\ben loytanyt|\bei (?:mainita|kerrota)|\b(?:bulamad[ıi]m|belirtilme\w*|yer alm\w*|bilgi yok)"
    r"|לא (?:מצאתי|נמצא|מוזכר|צוין|כתוב)|नहीं मिल|उल्लेख नहीं|जानकारी नहीं"
    r"|\bне (?:знаишлося|знайшлося|вказано|згаду\w*|містить)|\bнемає (?:інформації|відповіді)"
    r"|ไม่(?:พบ|ทราบ|มีข้อมูล|ได้ระบุ|ได้กล่าว)"
    r"|لا (?:يذكر|تذكر|يوجد|توجد|اعرف|تحتوي|اجد)|لم (?:يذكر|يرد|اجد|تذكر)"
)
_QUESTION = re.compile(r"[?？؟;]['\"”’»）)]*$")
_LEAD_IN = re.compile(r"[:：]['\"”’»*）)]*$")


def says_unknown(sentence: str) -> bool:
    """Return whether a sentence says that the documents do not tell, or that it is not known."""
    return bool(_UNKNOWN.search(fold(sentence)))


def states_nothing(sentence: str) -> bool:
    """Return whether there is nothing in a sentence to be proved."""
    bare = sentence.strip().rstrip("*_ ")
    is_question = bool(_QUESTION.search(bare)) and not bare.endswith(";")
    return is_question or bool(_LEAD_IN.search(bare)) or says_unknown(bare)

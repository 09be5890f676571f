"""Words by which a question points at what was said before it, in each language."""

# ruff: noqa: E501, RUF001

import re

from assistant.services.generation.wording.function_words import UNSPACED, WORD, WORDS, words_of
from assistant.terms import fold

# Pronouns, and what picks from a list that was given.
_POINTING = {
    "ar": "هذا هذه ذلك تلك منه منها فيه فيها له لها عنه عنها عليه عليها الأول الأولى الثاني الثانية الثالث الثالثة الأخير الأخيرة الآخر الأخرى",
    "cs": "to ho jí ji mu jim je jeho její jejich ten ta tento tato toto tam první druhý druhá druhé třetí poslední ostatní",
    "da": "det dem han hun ham hende hans hendes deres dens dets denne dette disse første anden andet tredje sidste",
    "de": "es er sie ihn ihm ihr ihnen ihre seine sein seinen ihren dies diese dieser dieses diesen davon dafür damit darüber dazu dabei darin dort erste ersten erster erstes zweite zweiten zweiter zweites dritte dritten letzte letzten andere anderen beide beiden",
    "en": "it its they them their theirs he she him her his this that these those there one ones first second third last latter former other others both same",
    "es": "él ella ello ellos ellas le su sus este esta esto estos estas ese esa eso esos esas allí primero primera segundo segunda tercero tercera último última otro otra ambos",
    "fi": "se sen sitä siitä siihen siellä sinne ne niitä niiden hän hänen tämä tämän tätä tuo tuon ensimmäinen ensimmäisen toinen toisen kolmas viimeinen muut",
    "fr": "il elle ils elles lui leur leurs sa ses ce cela ça celui celle ceux celles y en premier première deuxième second seconde troisième dernier dernière autre autres",
    "he": "הוא היא הם הן זה זאת זו אלה שלו שלה שלהם אותו אותה אותם בו בה שם הראשון הראשונה השני השנייה השניה השלישי האחרון האחרונה האחר",
    "hi": "यह ये वह वे इस उस इसका इसकी इसके उसका उसकी उसके इसे उसे इन्हें उन्हें इनका उनका वहाँ पहला पहली पहले दूसरा दूसरी दूसरे तीसरा आखिरी",
    "it": "esso essa lui lei loro ne ci suo sua suoi sue questo questa questi queste quello quella quelli quelle primo prima secondo seconda terzo ultimo ultima altro altra altri",
    "ja": "それ これ あれ その この あの そこ ここ 彼 彼女 一つ目 二つ目 三つ目 ひとつ目 ふたつ目 一番目 二番目 最初の 最後の 前者 後者 同じ",
    "ko": "그것 이것 저것 그 거기 그건 이건 첫번째 첫 두번째 두 세번째 마지막 다른",
    "nl": "hij zij ze hem haar hun zijn dit dat deze die er daar ervan eerste tweede derde laatste andere beide",
    "pl": "to on ona ono oni one go ją mu jej ich jego ten ta te tego tej tam pierwszy pierwsza pierwsze drugi druga drugie trzeci ostatni ostatnia inny",
    "pt": "ele ela eles elas lhe lhes seu sua seus suas este esta isto esse essa isso aquele aquela ali primeiro primeira segundo segunda terceiro último última outro outra ambos",
    "ru": "это он она оно они его её ему ей их им этот эта эти этого этой тот та те там первый первая первое первого первой второй вторая второе второго третий третья последний последняя другой другие оба",
    "sv": "det dem han hon honom henne hans hennes deras dess denna detta dessa där första andra tredje sista",
    "th": "มัน นี้ นั้น เขา พวกเขา ที่นั่น อันแรก อันที่สอง อันที่สาม แรก ที่สอง",
    "tr": "o onu ona onun ondan bu bunu buna bunun şu onlar onları onların bunlar orada birinci birincisi ilki ikinci ikincisi üçüncü sonuncu diğeri diğer",
    "uk": "це він вона воно вони його її йому їй їх їм цей ця ці цього цієї той та ті там перший перша перше першого першої другий друга друге другого другої третій останній інший",
    "zh": "它 它们 他 她 他们 她们 这 那 这个 那个 这些 那些 那里 其 第一 第二 第三 最后一 前者 后者 另一 其他 上面 第一個 第二個 這 這個 它們 後者",
}
# What everything of some kind has, so that a question with nothing else does not say whose.
_BELONGING = {
    "ar": "سعر ثمن يكلف تكلف تكلفة رسوم مجاني يبدأ تبدأ ينتهي يفتح يغلق أسسه أسسها موعد مدة عنوان هاتف حجز أطفال للأطفال طلاب للطلاب كبار استثناءات سنة عام يوم",
    "de": "kostet kosten preis preise teuer billiger billig günstiger gratis kostenlos beginnt fängt endet dauert öffnet schließt gegründet gilt adresse telefon öffnungszeiten dauer größe gewicht farbe ausnahmen ermäßigung buchen reservieren anmelden kinder kindern studenten erwachsene gruppen seit jahr tag woche sonntags montags",
    "en": "price prices cost costs expensive cheap cheaper free start starts begin begins end ends open opens close closes last lasts founded built written made apply applies address phone hours duration size weight colour color exceptions discount book booked reserve required children kids students adults groups seniors year day week sundays mondays winter summer long longer take too",
    "es": "precio precios cuesta cuestan caro barato gratis empieza comienza termina dura abre cierra fundó construyó dirección teléfono horario duración excepciones descuento reservar niños estudiantes adultos grupos año día",
    "fr": "prix coûte coûtent tarif cher chère chères moins gratuit gratuite commence finit termine dure ouvre ferme fondé fondée construit adresse téléphone horaires durée exceptions réduction réserver réservation enfants étudiants adultes groupes année jour dimanche hiver été",
    "it": "prezzo prezzi costa costano caro gratis gratuito inizia comincia finisce dura apre chiude fondato fondò costruito indirizzo telefono orario orari durata eccezioni sconto prenotare bambini studenti adulti gruppi anno giorno",
    "ja": "値段 料金 費用 無料 始 終 開 閉 設立 住所 電話 営業時間 時間 期間 例外 割引 予約 必要 子ども 子供 子 学生 大人 団体 年 日",
    "ko": "가격 요금 비용 무료 시작 끝 설립 주소 전화 영업시간 시간 기간 예외 할인 예약 필요 어린이 학생 어른 단체",
    "nl": "prijs kost kosten duur goedkoper gratis begint eindigt duurt opent sluit opgericht adres telefoon openingstijden uitzonderingen korting reserveren boeken kinderen studenten volwassenen groepen jaar dag",
    "pl": "cena ceny kosztuje drogie tańsze darmowe zaczyna kończy trwa otwiera zamyka założył adres telefon godziny wyjątki zniżka rezerwować dzieci studenci dorośli grupy rok dzień",
    "pt": "preço preços custa custam caro barato grátis começa termina dura abre fecha fundou construiu endereço morada telefone horário duração exceções desconto reservar crianças estudantes adultos grupos ano dia",
    "ru": "цена цены стоит стоят дорого дешевле бесплатно начинается кончается длится открывается закрывается основал основана построил адрес телефон часы исключения скидка бронировать детей студентов взрослых групп год день",
    "zh": "价格 价钱 费用 收费 免费 便宜 更便宜 贵 开始 结束 开门 关门 创立 创办 成立 建立 地址 电话 时间 例外 优惠 折扣 预约 预订 儿童 孩子 学生 老人 成人 团体 年份 價格 費用 免費 開始 結束 預約 兒童 學生",
}
# A pronoun there, and an article anywhere else.
_LAST = {"de": frozenset({"das", "die", "der", "den", "dem"})}
# How a question begins that goes on with the one before.
_BEGINNING = {
    "ar": "و|وماذا عن|ماذا عن|لكن|إذن",
    "cs": "a|a co|co|ale|tak",
    "da": "og|og hvad med|hvad med|men|så",
    "de": "und|und was ist mit|was ist mit|wie sieht es aus|aber|also|sowie",
    "en": "and|and what about|what about|how about|what else|but|so|or|also",
    "es": "y|y qué hay de|qué hay de|y qué tal|pero|entonces|o",
    "fi": "entä|entäpä|ja|mutta|entäs",
    "fr": "et|et pour|et si|mais|alors|ou|quid",
    "he": "ומה|ומה לגבי|מה לגבי|ואם|אבל|אז",
    "hi": "और|और क्या|लेकिन|तो",
    "it": "e|e per|ma|allora|o|invece",
    "ja": "では|じゃあ|それでは|また|他に|ほかに|あと",
    "ko": "그럼|그러면|그리고|그런데|그렇다면|또",
    "nl": "en|en hoe zit het met|hoe zit het met|maar|dus|of",
    "pl": "a|i|a co z|co z|ale|więc",
    "pt": "e|e quanto|mas|então|ou|que tal",
    "ru": "а|и|а что насчёт|что насчёт|но|тогда",
    "sv": "och|hur är det med|vad gäller|men|så",
    "th": "แล้ว|และ|แต่",
    "tr": "peki|ya|ve|ama|peki ya",
    "uk": "а|і|й|а що щодо|що щодо|але|тоді",
    "zh": "那|那么|那麼|然后|还有|还|另外|而",
}
# All of a message that only asks for more; yes and please may stand before and behind it.
_MORE = {
    "ar": "نعم|المزيد|أخبرني المزيد|لماذا|كيف|تابع|وبعد",
    "cs": "ano|více|řekni mi více|pokračuj|proč|jak to|a dál",
    "da": "ja|mere|fortæl mig mere|fortsæt|hvorfor|hvordan",
    "de": "ja|mehr|mehr dazu|erzähl mir mehr|erzähle mehr|sag mir mehr|weiter|mach weiter|fahr fort|warum|wieso|weshalb|inwiefern|zum beispiel|genauer|und weiter|bitte genauer",
    "en": "yes|yeah|sure|more|tell me more|say more|more details|more detail|go on|continue|keep going|why|why not|how so|how come|for example|such as|explain|explain that|elaborate|details|in detail|go ahead|what else|anything else|and then|since when|until when",
    "es": "sí|más|cuéntame más|dime más|continúa|sigue|por qué|cómo|por ejemplo|explica|qué más",
    "fi": "kyllä|lisää|kerro lisää|jatka|miksi|miten niin",
    "fr": "oui|plus|dis m en plus|dites m en plus|en savoir plus|continue|continuez|pourquoi|comment ça|par exemple|explique|précise|quoi d autre|plus de détails",
    "he": "כן|עוד|ספר לי עוד|תמשיך|למה|מדוע|איך",
    "hi": "हाँ|और|और बताओ|और बताइए|जारी रखो|क्यों|कैसे",
    "it": "sì|di più|dimmi di più|dimmi altro|continua|perché|come mai|per esempio|spiega",
    "ja": "はい|もっと|もっと詳しく|もっと教えて|もっと詳しく教えて|もっと詳しく教えてください|詳しく教えて|詳しく教えてください|詳しく|続けて|なぜ|なぜですか|どうして|どうしてですか|例えば|それで",
    "ko": "네|예|더|더 알려줘|더 알려 주세요|계속|왜|왜요|예를 들면|자세히",
    "nl": "ja|meer|vertel me meer|ga door|waarom|hoezo|bijvoorbeeld",
    "pl": "tak|więcej|powiedz więcej|powiedz mi więcej|kontynuuj|dlaczego|jak to|na przykład",
    "pt": "sim|mais|conte mais|diga me mais|continue|por quê|porquê|por que|como assim|por exemplo",
    "ru": "да|ещё|расскажи больше|расскажи подробнее|подробнее|продолжай|дальше|почему|зачем|например",
    "sv": "ja|mer|berätta mer|fortsätt|varför|hur så|till exempel",
    "th": "ใช่|เพิ่มเติม|เล่าเพิ่ม|ทำไม|ต่อ",
    "tr": "evet|daha fazla|daha fazla anlat|devam et|devam|neden|niye|niçin|örneğin",
    "uk": "так|ще|розкажи більше|розкажи докладніше|докладніше|продовжуй|далі|чому|наприклад",
    "zh": "是|是的|更多|多说一些|再说一些|详细说说|详细说明|请详细说明|请详细说明一下|详细介绍一下|请继续|详细一点|继续|为什么|为何|怎么|比如|例如|继续说|為什麼|繼續",
}


_POINTING_AT = {code: frozenset(fold(words).split()) for code, words in _POINTING.items()}
_BEGINNINGS = {code: frozenset(phrases.split("|")) for code, phrases in _BEGINNING.items()}
_MORE_OF_IT = {
    code: frozenset(" ".join(words_of(phrase)) for phrase in phrases.split("|"))
    for code, phrases in _MORE.items()
}
_ANYWHERE = {
    code: re.compile("|".join(sorted(map(re.escape, _POINTING_AT[code]), key=len, reverse=True)))
    for code in UNSPACED
}
_BELONGS = {code: frozenset(fold(words).split()) for code, words in _BELONGING.items()}
_LONGEST_BEGINNING = 5
# Written together with the word behind it.
_AND = {"ar": "و", "he": "ו"}
# What may stand before or behind the words that ask for more.
_POLITE = frozenset(
    fold(
        "please yes ok okay well hm can could would you me for bitte ja oui s il vous te plaît por favor sí sim tak prosím"
    ).split()
)


def pointing_words(text: str, language: str) -> frozenset[str]:
    """Return what in a question points at something that was said before."""
    if language in _ANYWHERE:
        return frozenset(_ANYWHERE[language].findall(fold(text)))
    words = words_of(text)
    last = frozenset(words[-1:]) & _LAST.get(language, frozenset())
    return last | frozenset(words) & _POINTING_AT.get(language, frozenset())


def belongs(term: str, language: str) -> bool:
    """Return whether a term of a question is something that everything of some kind has."""
    return term in _BELONGS.get(language, frozenset())


def goes_on(text: str, language: str) -> bool:
    """Return whether a question begins as one that goes on with the one before."""
    # With their accents, which tell an Italian `e` from `è`.
    words = WORD.findall(text.casefold())
    if language in UNSPACED:
        return " ".join(words).startswith(tuple(_BEGINNINGS[language]))
    if words and words[0][:1] == _AND.get(language) and words[0][1:] in WORDS[language]:
        return True
    firsts = {" ".join(words[:count]) for count in range(1, _LONGEST_BEGINNING + 1)}
    return len(words) > 1 and not firsts.isdisjoint(_BEGINNINGS.get(language, frozenset()))


def asks_for_more(text: str, language: str) -> bool:
    """Return whether all that a message says is that it wants more of what was said before."""
    known = _MORE_OF_IT.get(language, frozenset()) | _MORE_OF_IT["en"]
    words = words_of(text)
    if not words or " ".join(words) in known:
        return bool(words)
    while words and words[0] in _POLITE:
        words.pop(0)
    while words and words[-1] in _POLITE:
        words.pop()
    # Nothing but `yes, please`.
    return not words or " ".join(words) in known

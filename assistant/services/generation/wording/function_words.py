"""Words that a question has whatever it is about, in each language that has a refusal.

What is left of a question without them is what its answer must have something to do with. They
also tell the language of a question of few words.
"""

# ruff: noqa: E501, RUF001

import re
from collections.abc import Iterator

from assistant.terms import fold, written_terms_of

_WORDS = {
    "ar": "ما ماذا من متى أين كيف كم لماذا هل أي أية هو هي هم هذا هذه ذلك تلك الذي التي في على إلى عن مع و أو ثم لا لم لن إن أن كان كانت يكون تكون يوجد هناك عند بعد قبل كل لي لنا له لها منه منها فيه فيها عليه لو سمحت من_فضلك يمكن يمكنني ماهو ماهي بين ب ل إذا يحدث حدث يحصل يعمل تعمل أعمل أحصل أعطني يعني تعني معنى الآن الساعة أريد أستطيع يجب اذكر اشرح اكتب احك",
    "cs": "co kdo kdy kde jak kolik proč který která které jaký jaká jaké čí je jsou byl byla bylo byly být má mají to ten ta ti ty a i nebo ale v ve na do z ze s se si k ke o u po pro při od za že by mi mě mu jí jim ho ji jeho její jejich tento tato toto této tom tomu prosím můžeš lze není hodin stane funguje znamená jmenuje potřebuji dej napiš vysvětli",
    "da": "hvad hvem hvornår hvor hvordan hvorfor hvilken hvilket hvilke er var blev bliver være har havde kan skal vil må det den de en et og eller men i på til fra af med for om at som der her ikke jeg du han hun vi man mig dig hans hendes deres dens dets sin dette denne disse så også meget mange klokken sker virker betyder hedder brug giv skriv forklar",
    "de": "was wer wen wem wessen wann wo wohin woher wie warum wieso weshalb welche welcher welches welchen welchem ist sind war waren wird werden wurde wurden sein hat haben hatte kann können könnte darf muss müssen soll sollte gibt es das der die den dem des ein eine einen einem einer eines und oder aber in im ins an am auf aus bei beim mit nach von vom vor zu zum zur für über um unter durch ohne nicht kein keine ich du er sie wir ihr man mir mich dir ihm ihn ihnen sein seine seinen ihre ihren mein meine meinen meiner meinem dein deine deinen unser unsere euer dieser diese dieses diesem diesen dort da denn so auch noch nur sehr viel viele viel bitte mal sich als wenn ob dass woran womit wofür worauf worin gibt darf oft alt hoch groß uhr spät passiert geschieht funktioniert bedeutet heißt brauche braucht brauchen gib schreib schreibe erkläre erzähl nenne lange lang",
    "en": "what who whom whose when where why how which is are was were be been being am do does did done doing has have had can could may might must shall should will would the a an and or but nor in on at to from of for with without by about into onto over under as than then that this these those there here it its he she they them his her hers their theirs him i me my mine we us our you your not no any some such so if whether please tell give show say many much long far often s t re ve ll d m im whats hows does don doesn didn isn aren wasn just also only very one ones get let know want need there happen happens mean means first work works use used does write explain ask tell find good new way time happened called exist exists need needs name names",
    "es": "qué que quién quien quiénes cuándo cuando dónde donde adónde cómo como cuánto cuánta cuántos cuántas cuanto por cuál cuáles es son era eran fue fueron ser está están estar hay ha han haber tiene tienen puede puedo pueden se el la los las lo un una unos unas y e o u pero en de del a al con sin para sobre entre desde hasta no sí me te le les nos su sus mi tu este esta esto estos estas ese esa eso aquel allí muy más también si favor hora pasa sucede funciona significa llama existe necesito dame escribe explica cuenta tarda",
    "fi": "mikä mitä mitkä missä mistä mihin milloin kuka ketkä kenen kuinka miten miksi paljonko montako on ovat oli olivat olla voi voiko ei eikö ja tai mutta se ne hän he minä sinä me te sen siitä siihen sitä niitä niiden tämä tämän tätä nämä tuo ko kö että jos kun kanssa ilman myös hyvin saa saako onko kello tapahtuu toimii tarkoittaa tarvitsen anna kirjoita selitä",
    "fr": "que quoi qui quand où comment combien pourquoi quel quelle quels quelles est sont était étaient être été a ont avait avoir fut peut peuvent peux puis doit doivent faut fait faire le la les l un une des du de d et ou mais en dans sur sous à au aux par pour avec sans chez vers entre ce c cet cette ces cela ça il elle ils elles on je j tu nous vous me m te t se s lui leur leurs son sa ses mon ma mes votre vos notre nos y n ne pas plus si qu lequel laquelle lesquels t très aussi svp ci là moi toi quoi peut faut sert heure arrive passe fonctionne signifie veut dire appelle existe besoin donne écris explique raconte marche long longtemps",
    "he": "מה מי מתי איפה היכן איך כיצד כמה למה מדוע איזה איזו אילו האם הוא היא הם הן זה זאת זו אלה אלו של את על אל עם ב ל מ ו ה ש או אבל לא כן יש אין היה הייתה היו להיות אני אתה אנחנו לי לך לו לה להם שלו שלה שלהם אם כי גם רק מאוד בבקשה אפשר אחרי לפני בין שעה קורה עובד פירוש נקרא צריך תן כתוב הסבר",
    "hi": "क्या कौन किसने किसे किसका कब कहाँ कहां कैसे कितना कितने कितनी क्यों कौनसा कौन सा सी से का की के को में पर तक और या लेकिन है हैं था थे थी हो होता होती होते करना करें करता यह ये वह वे इस उस इसका इसकी इसके उसका उसकी उसके इसे उसे इन उन नहीं मैं मुझे हम आप कृपया भी ही तो ने लिए साथ एक जो समय होगा काम मतलब नाम चाहिए बताइए बताओ दो लिखो समझाओ",
    "it": "che cosa cos chi quando dove come quanto quanta quanti quante perché quale quali qual è sono era erano essere stato stata ha hanno avere può possono si il lo la i gli le l un uno una un e ed o ma in nel nella nei nelle di del della dei delle dell d a al alla ai alle all da dal dalla con senza per su sul sulla tra fra non mi ti ci vi ne suo sua suoi sue mio questo questa questi queste quello quella quelli lì c molto più anche se favore ora ore succede funziona significa chiama esiste bisogno dammi scrivi spiega racconta",
    "ja": "何 誰 いつ どこ どう なぜ いくら どの どれ どんな 何時 何人 何年 何日 何曜日 どちら ください 教えて 場合 ですか ますか でしょうか",
    "ko": "무엇 무슨 누구 누가 언제 어디 어디서 어떻게 얼마나 얼마 왜 어떤 어느 몇 입니까 합니까 습니까 인가요 나요 까요 예요 이에요 있나요 하나요 되나요 됩니까 있습니까 그리고 그것 이것 그 이 저 시 알려 주세요 뜻 이름 쓰는 하는",
    "nl": "wat wie wiens wanneer waar waarom hoe hoeveel welke welk is zijn was waren wordt worden werd werden ben heeft hebben had kan kunnen mag moet moeten zal zou de het een en of maar in op aan uit bij met naar van voor over om onder door zonder niet geen ik je jij u hij zij ze we wij men mij me hem haar hun zijn dit dat deze die er daar hier zo ook nog maar heel veel lang als dan te alstublieft laat gebeurt werkt betekent heet nodig geef schrijf leg",
    "pl": "co kto kogo komu kiedy gdzie dokąd skąd jak ile dlaczego czemu który która które jaki jaka jakie czy czyj jest są był była było były być ma mają można to ten ta te ci i a oraz lub albo ale w we na do z ze o u od po przy przez dla bez za pod nad nie się mi mnie ty on ona ono oni jego jej ich go mu je tego tej tym tam tu też już bardzo proszę godzina godzinie dzieje działa znaczy nazywa potrzebuję daj napisz wyjaśnij",
    "pt": "que quê quem quando onde aonde como quanto quanta quantos quantas por porque porquê qual quais é são era eram foi foram ser está estão estar há tem têm ter pode podem posso se o a os as um uma uns umas e ou mas em no na nos nas de do da dos das ao à aos às com sem para pelo pela sobre entre até não me te lhe lhes seu sua seus suas meu minha este esta isto estes estas esse essa isso ele ela eles elas ali muito mais também favor hora horas acontece funciona significa chama existe preciso dê escreva explique conte",
    "ru": "что кто кого кому чей когда где куда откуда как сколько почему зачем какой какая какое какие который которая которое ли есть был была было были быть это этот эта эти этого этой этом тот та то те в во на на до из с со к ко о об у от по при для без за под над и или но а не ни я ты он она оно они мы вы мне меня его её ему ей их им там тут тоже уже очень можно нужно пожалуйста час часа часов какова каково каков происходит случится работает действует значит называется зовут нужен дай дайте напиши объясни расскажи будет какую каком какого",
    "sv": "vad vem vems när var vart hur varför vilken vilket vilka är var blev blir vara har hade kan ska skall vill får måste det den de en ett och eller men i på till från av med för om att som där här inte jag du han hon vi man mig dig honom henne dem hans hennes deras dess sin detta denna dessa så också mycket många finns klockan händer fungerar betyder heter behöver ge skriv förklara",
    "th": "อะไร เมื่อไหร่ เมื่อไร ที่ไหน ใคร เท่าไหร่ เท่าไร อย่างไร ยังไง ทำไม ไหม หรือ คือ เป็น ของ ที่ มี ได้ และ ใน กี่ ครับ ค่ะ คะ",
    "tr": "ne kim kimin kimi ne_zaman nerede nereye nereden nasıl kaç neden niçin niye hangi hangisi mı mi mu mü var yok ve veya ya da ama ile için gibi kadar bu şu o bunlar onlar onun bunun ona buna onu bunu ben sen biz siz bana sana bir de da ki dir dır mıdır midir çok daha en zaman lütfen olan olarak idi saat olur çalışır demek denir gerek ver yaz anlat açıkla",
    "uk": "що хто кого кому чий коли де куди звідки як скільки чому навіщо який яка яке які котрий чи є був була було були бути це цей ця ці цього цієї цьому той та то ті в у на до з із зі к о об від по при для без за під над і й або але а не ні я ти він вона воно вони ми ви мені мене його її йому їй їх їм там тут теж вже дуже можна треба будь ласка година години відбувається працює означає називається треба потрібно дай напиши поясни яку якого якому",
    "zh": "请 請 什么 谁 何时 什么时候 时候 哪里 哪儿 哪个 哪些 哪 怎么样 怎么 怎样 如何 多少 几点 几 多久 多长 为什么 为何 是否 可以 能否 请问 多少钱 在 吗 呢 吧 的 了 是 它们 它 他们 他 她 这个 那个 这些 那些 这 那 我 你 您 我们 一下 有没有 什麼 誰 時候 哪裡 怎麼 多長 為什麼 嗎 請問 這個 那個 這 麼 意思 表示 知道 需要 应该 解释 介绍",
}

WORDS = {code: frozenset(fold(words).replace("_", " ").split()) for code, words in _WORDS.items()}
# Scripts without blanks: what is taken out of a question wherever it stands, longest first.
UNSPACED = ("ja", "ko", "th", "zh")
_TAKEN_OUT = {
    code: re.compile("|".join(sorted(map(re.escape, WORDS[code]), key=len, reverse=True)))
    for code in UNSPACED
}
# Vowels of some scripts are marks, which belong to their word.
WORD = re.compile(
    r"(?:[^\W_]|[\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u0eb1-\u0ecd\u1000-\u109f\u1780-\u17d3])+"
)
# Han, kana, Hangul, Thai: no blanks between words, or words that endings grow on.
RUN = re.compile(r"[\u0e00-\u0eff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_HIRAGANA = re.compile(r"[\u3041-\u309f]+")
DEVANAGARI = re.compile(r"[\u0900-\u097f]")
HAN_OR_KATAKANA = re.compile(r"[\u30a1-\u30fa\u3400-\u9fff]")
# What Arabic and Hebrew write together with the word that it belongs to.
_PREFIXES = {
    "ar": re.compile(r"(?:وال|بال|كال|فال|لل|ال|و|ب|ل)(?=\w{3})"),
    "he": re.compile(r"[הבלמוש](?=\w{3})"),
}


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded, in their order."""
    return WORD.findall(fold(text))


def content_terms(text: str, language: str) -> list[str]:
    """Return the terms of a question that say what it is about, each once.

    In scripts without blanks a term is a run of characters, which may be several words.
    """
    folded = fold(text)
    if language in _TAKEN_OUT:
        folded = _TAKEN_OUT[language].sub(" ", folded)
    if language == "ja":
        # Endings and particles; what a sentence is about is seldom written in hiragana alone.
        folded = _HIRAGANA.sub(" ", folded) if HAN_OR_KATAKANA.search(folded) else folded
    known = WORDS.get(language, frozenset())
    runs = RUN.findall(folded)
    words = _content(RUN.sub(" ", folded), known, _PREFIXES.get(language))
    return list(dict.fromkeys([*runs, *words]))


def _content(folded: str, known: frozenset[str], prefix: re.Pattern[str] | None) -> Iterator[str]:
    found = words_of(folded) if DEVANAGARI.search(folded) else written_terms_of(folded)
    for term in found:
        parts = WORD.findall(term)
        # What an article or a pronoun is tied to stands for itself.
        if all(part in known for part in parts) or (len(parts) > 1 and not known.isdisjoint(parts)):
            continue
        bare = prefix.sub("", term, count=1) if prefix else term
        if bare not in known and (len(bare) > 1 or not bare.isascii() or bare.isdigit()):
            yield bare

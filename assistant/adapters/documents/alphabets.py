"""What languages are written with: letters beyond ASCII, commonest first, and small words."""

LETTERS = {
    "en": "éèöüïáçñàêâôóíúåøæ",
    "fr": "éèàêçôîûâùïëœüÿæ",
    "de": "üäößéàè",
    "es": "óáíéñúü",
    "pt": "ãçáéêíõóúàâôü",
    "it": "èàùòìéîóí",
    "nl": "ëéïöüèóáêç",
    "sv": "äåöéüà",
    "da": "æøåéöäü",
    "no": "åøæéòóôê",
    "fi": "äöåšžé",
    "is": "ðáíóúþöæéý",
    "ca": "àóéèíúçïòü·",
    "ga": "áíéóú",
    "sq": "ëç",
    "pl": "łąężśćóńź",
    "cs": "íáéěřžčšýůúňóťďöü",
    "hu": "áéöóőíüúű",
    "hr": "čšžćđ",
    "ro": "ăţîşâșț",
    "sk": "áíéčťžýúšľôňäóďĺŕ",
    "sl": "čšžćđ",
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "bg": "аеиотнрсвлдкпзмбъяучйгжцхфшщюьѝ",
    "uk": "оаинітервслкдмпузяьбгчйхцїжєшющфґ",
    "sr": "аиоенртскдвлмујпзбгшцчњжфљћхђџ",
    "be": "анілеоякырстпцдьвзмбуэўчгшйхжфюёґ",
    "mk": "аеионтрскдвлмпзјбугшцчњжфќхџѓљѕ",
    "el": "ατοιενσρκπμλςηυδίγάόέχήθωφύβώξζψϊΐϋΰ",
    "tr": "ıüşğçöâîû",
    "he": "יוהלאתרשמבנםחסקפדעכןטזגצץךףְִֶַָֹּׁ",
    "ar": "اليمرتنوةدحأعبكقسفهخجصإذىطغثءضشزئآظؤًَُِّـ",
    "fa": "ایردنتموهبکشلسفزعگخحقجذطصپژغآچضئظثًءأِ",
    "lt": "ėšųžįąūčę",
    "lv": "āīēšūņļžķģčŗ",
    "et": "äõüöšž",
    "vi": "\u0323\u0301\u0300\u0309\u0303đôưêơâăàáíúãìòóùéèýõĩ",
    "th": "่านอรก้เลัมีงสบหยดวตไทปคูใิจ์ขืแุชผะ็พถำซณโฟธึญฤษศภฉฮฐํ๊ฎฝฬๆ",
    "zh": (
        "的一是不了在人有我他这個这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年"
        "过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本"
        "前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最"
        "重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任"
        "常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活更别打女变四神总何电数安少报"
        "才结反受目太量再感建务做接必场件计管期市直资命山金指许统区保至队形社便空决治展科基书非则听白却"
        "界达光放强即难且权思王完设式路记品住告类求据程北边张该交规万取格望术领共确传师观清今切院让识候"
        "們來為國說時會對這個過發後裡種經麼學現當沒動還進樣開從實軍無與長機業將兩間問應戰頭體見產華話給"
        "門東聲員論處義幾認條氣題別變總電數報結務場計資許統區隊決書則聽卻達強難權設記類據邊張該規萬術領"
        "確傳師觀讓識請點關於新頁檔案輸入選擇错误请输入有效值选择页面字段密码网站票价馆开放"
    ),
    "ja": (
        "のにはをたがでてとしれさあいうるくこなまもよりおえかきけせそちつねひふへほみめやらわんっゃゅょーアイ"
        "ウエオカガキギクグコサシジスズセソタダチッツテデトドナニネノハバパヒビピフブプヘベペホボポマミムメモ"
        "ャュョラリルレロワンばびぶべぼだぢづどがぎぐげござじずぜぞぱぴぷぺぽ日一国人年大十二本中長出三時行"
        "見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車"
        "何南万毎白天母火右読友左休父雨関会社的事者地業方新場員立開手力問代明動京目通言理体田主題意不作用度"
        "強公持野以思家世多正安院心界教文元重近考画海売知道集別物使品計死特私始朝運終台広住真有料館無港付"
    ),
    "ko": (
        "이다는의에가을를하고은로한지사도기스리아인나자시어라서정대그부보수일니제원전상해과구장주만들으요면여성"
        "있것할습합오및세우동공유소신조화모경계게선내비위실연방와데식관안물중미야적용국요개음행트번때열입문간"
        "분명없말년된될않심월같민영생학회진레드바르러했던며려호후차금단체록파력값확올필변택람료십반"
    ),
}
# Small words tell languages apart that share most of their letters.
WORDS = {
    "en": "the of and to in is for that it on with as are this be by not or at from",
    "fr": "le la les de des du et un une est dans pour que qui pas sur avec par sont ne se il ce",
    "de": "der die das und ist nicht ein eine mit von zu den im auf dem sie werden wird auch an",
    "es": "el la los las de y que en un una no se por con para del es al lo como su sus",
    "pt": "o a os as de que um uma para com do da dos das em por se no na mais foi ao",
    "it": "il la di che non una per con del della sono si le gli nel un alla da ma questo valore",
    "nl": "de het een van en is in op te voor niet met dat zijn aan door om ook naar er",
    "sv": "och att det en som i av den till med inte om ett har de vi kan du var",
    "da": "og at det en som af den til med ikke er et der har de kan skal eller",
    "no": "og at det en som av den til med ikke er et har de kan skal eller ikkje",
    "fi": "ja on ei se oli joka mutta kun ovat tai niin voi olla sen jos vain",
    "is": "og sem er til um ekki af var en hann eru fyrir ekki eftir eins",
    "ca": "el la els les de que un una per amb del no es al com pot si us valor",
    "ga": "an na agus ar is le go do sa ag ina bhfuil",
    "sq": "dhe se me nga per nuk i e te ka si do",
    "pl": "i w na z do nie jest to o po za od dla przez jak ale czy lub oraz jako",
    "cs": "a v na se je s z do o to ve pro za jako jsou nebo byl ale od",
    "hu": "a az egy nem hogy is ez meg csak ha van volt vagy mint",
    "hr": "i u na je se da za od su s ne koji ili nije te o sa kao",
    "ro": "de la cu nu un o pe este care din sau sunt mai pentru prin ca",
    "sk": "a v na sa je s z do o to vo pre za ako alebo nie bol od ale",
    "sl": "in v na je se za da so s z ne ki ni ali od po pri ob kot",
    "tr": "ve bir bu da de ile olarak olan daha kadar ne veya gibi en",
    "lt": "ir yra kad su tai ne buvo kaip bet jis iki nuo apie arba",
    "lv": "un ir ka ar no uz tas par bet kas vai pie lai nav",
    "et": "ja on ei et see oli ta kui ka mis aga oma kas peab",
    "vi": "cho trong khi ra hai ba hay theo sau cao con xin",
}
WESTERN = ("en", "fr", "de", "es", "pt", "it", "nl", "sv", "da", "no", "fi", "is", "ca", "ga", "sq")
CENTRAL = ("pl", "cs", "hu", "hr", "ro", "sk", "sl", "de", "sq")
BALTIC = ("lt", "lv", "et")
CYRILLIC = ("ru", "uk", "bg", "sr", "be", "mk")
# How many in a hundred letters are beyond ASCII, where not nearly all of them are.
SHARES = {
    **{"en": 0.1, "fr": 3.5, "de": 1.8, "es": 2.3, "pt": 3.5, "it": 0.8, "nl": 0.2, "sv": 4.5},
    **{"da": 2.2, "no": 2.0, "fi": 4.5, "is": 9.0, "ca": 2.5, "ga": 7.0, "sq": 6.0, "pl": 6.5},
    **{"cs": 13.0, "hu": 11.0, "hr": 2.5, "ro": 5.0, "sk": 11.0, "sl": 2.5, "tr": 9.0, "lt": 6.0},
    **{"lv": 10.0, "et": 4.0, "vi": 24.0},
}
WESTERN = ("en", "fr", "de", "es", "pt", "it", "nl", "sv", "da", "no", "fi", "is", "ca", "ga", "sq")
CENTRAL = ("pl", "cs", "hu", "hr", "ro", "sk", "sl", "de", "sq")
BALTIC = ("lt", "lv", "et")
CYRILLIC = ("ru", "uk", "bg", "sr", "be", "mk")
# Languages and their encodings, the common ones first, which wins ties.
ENCODINGS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (WESTERN, ("cp1252", "iso8859_15", "mac_roman", "cp850", "cp437")),
    (CENTRAL, ("cp1250", "iso8859_2", "cp852", "mac_latin2")),
    (CYRILLIC, ("cp1251", "koi8_r", "cp866", "iso8859_5", "koi8_u", "mac_cyrillic", "cp855")),
    (("zh",), ("gb18030", "big5hkscs")),
    (("ja",), ("cp932", "euc_jp")),
    (("ko",), ("cp949",)),
    (("tr",), ("cp1254", "iso8859_9", "cp857", "mac_turkish")),
    (("el",), ("cp1253", "iso8859_7", "cp737", "mac_greek", "cp869")),
    (("he",), ("cp1255", "iso8859_8", "cp862")),
    (("ar", "fa"), ("cp1256", "iso8859_6", "cp720")),
    (("th",), ("cp874",)),
    (BALTIC, ("cp1257", "iso8859_13", "iso8859_4", "cp775")),
    (("vi",), ("cp1258",)),
)
IDEOGRAPHIC = frozenset(["zh", "ja", "ko"])

"""Greetings, thanks and the like: all of a message that asks for nothing."""

# ruff: noqa: E501, RUF001

import re

from assistant.services.generation.wording.function_words import words_of
from assistant.terms import fold

# Whole phrases by language; they may stand behind one another.
_PHRASES = {
    "ar": "سلام|مرحبا|مرحبًا|أهلا|أهلا وسهلا|السلام عليكم|وعليكم السلام|صباح الخير|مساء الخير|شكرا|شكرًا|شكرا جزيلا|شكرا لك|كيف حالك|مع السلامة|إلى اللقاء|ممتاز",
    "cs": "ahoj|dobrý den|dobré ráno|dobrý večer|díky|děkuji|děkuju|moc díky|jak se máš|na shledanou|nashle|super",
    "da": "hej|goddag|godmorgen|god morgen|godaften|tak|mange tak|tusind tak|hvordan går det|farvel|hej hej",
    "de": "hallo|hi|hey|guten tag|guten morgen|guten abend|moin|servus|grüß gott|grüezi|danke|vielen dank|danke schön|dankeschön|danke dir|danke sehr|besten dank|herzlichen dank|das hat geholfen|wie geht s|wie geht es dir|wie geht es ihnen|tschüss|auf wiedersehen|bis bald|super|toll|prima|alles klar|sehr gut|gut danke",
    "en": "hi|hello|hey|hiya|howdy|greetings|good morning|good afternoon|good evening|good day|good night|hi there|hello there|hey there|hi all|hi everyone|hello everyone|yo|thanks|thank you|thx|ty|cheers|many thanks|thanks a lot|thank you so much|thank you very much|thanks so much|much appreciated|that helps|that helped|that was helpful|very helpful|that was really helpful|that was very helpful|really helpful|you re great|you re the best|you are great|good bot|nice work|see you tomorrow|see you soon|that s all|that is all|how are you|how are you doing|how s it going|how do you do|what s up|sup|nice to meet you|who are you|what can you do|what are you|bye|goodbye|good bye|see you|see you later|great|perfect|awesome|excellent|nice|cool|wonderful|good|very good|well done|good job|got it|i see|understood|ok|okay|k|test|testing|ping|lol|haha|wow|no|no thanks|no thank you|nope|never mind|nevermind|sorry|you re welcome",
    "es": "hola|buenos días|buenas tardes|buenas noches|buenas|gracias|muchas gracias|mil gracias|qué tal|cómo estás|cómo está|adiós|hasta luego|hasta pronto|genial|perfecto|vale|de nada",
    "fi": "hei|moi|terve|huomenta|hyvää huomenta|hyvää päivää|hyvää iltaa|kiitos|kiitos paljon|paljon kiitoksia|mitä kuuluu|näkemiin|hei hei|moikka",
    "fr": "bonjour|bonsoir|salut|coucou|merci|merci beaucoup|merci bien|un grand merci|ça va|comment ça va|comment allez vous|comment vas tu|au revoir|à bientôt|bonne journée|bonne soirée|super|parfait|d accord|très bien|de rien",
    "he": "שלום|היי|הי|בוקר טוב|ערב טוב|צהריים טובים|תודה|תודה רבה|מה שלומך|מה נשמע|להתראות|מצוין",
    "hi": "नमस्ते|नमस्कार|हैलो|हेलो|सुप्रभात|धन्यवाद|शुक्रिया|बहुत धन्यवाद|बहुत बहुत धन्यवाद|आप कैसे हैं|कैसे हो|अलविदा|ठीक है",
    "it": "ciao|salve|buongiorno|buon giorno|buonasera|buona sera|buonanotte|grazie|grazie mille|molte grazie|tante grazie|come stai|come sta|come va|arrivederci|a presto|perfetto|va bene|ottimo|prego",
    "ja": "こんにちは|こんばんは|おはよう|おはようございます|やあ|もしもし|はじめまして|ありがとう|ありがとうございます|ありがとうございました|どうも|どうもありがとう|どうもありがとうございます|お元気ですか|元気ですか|元気|さようなら|またね|了解|わかりました|分かりました|すごい",
    "ko": "안녕|안녕하세요|안녕하십니까|여보세요|좋은 아침|감사합니다|고맙습니다|고마워|고마워요|잘 지내세요|잘 지내|안녕히 계세요|안녕히 가세요|알겠습니다|좋아요",
    "nl": "hallo|hoi|hey|dag|goedemorgen|goedemiddag|goedenavond|goedendag|bedankt|dank je|dank u|dank je wel|dank u wel|dankjewel|hartelijk dank|hoe gaat het|tot ziens|doei|prima|top",
    "pl": "cześć|hej|witam|witaj|dzień dobry|dobry wieczór|dzięki|dziękuję|dziękuję bardzo|bardzo dziękuję|jak się masz|co słychać|do widzenia|na razie|super|świetnie",
    "pt": "olá|oi|bom dia|boa tarde|boa noite|obrigado|obrigada|muito obrigado|muito obrigada|tudo bem|como vai|como está|adeus|tchau|até logo|perfeito|de nada",
    "ru": "привет|здравствуйте|здравствуй|добрый день|доброе утро|добрый вечер|спасибо|большое спасибо|спасибо большое|благодарю|как дела|как ты|пока|до свидания|отлично|понятно|хорошо",
    "sv": "hej|hejsan|tjena|god morgon|god dag|god kväll|godmorgon|tack|tack så mycket|tusen tack|hur mår du|hur är det|hej då|adjö",
    "th": "สวัสดี|สวัสดีครับ|สวัสดีค่ะ|หวัดดี|ขอบคุณ|ขอบคุณครับ|ขอบคุณค่ะ|ขอบคุณมาก|สบายดีไหม|ลาก่อน",
    "tr": "merhaba|selam|günaydın|iyi günler|iyi akşamlar|teşekkürler|teşekkür ederim|çok teşekkürler|çok teşekkür ederim|sağ ol|nasılsın|nasılsınız|hoşça kal|görüşürüz|harika|tamam",
    "uk": "привіт|вітаю|доброго дня|добрий день|доброго ранку|добрий вечір|дякую|дуже дякую|щиро дякую|як справи|до побачення|бувай|чудово|добре",
    "zh": "你好|您好|大家好|嗨|哈喽|早上好|上午好|中午好|下午好|晚上好|早安|晚安|谢谢|谢谢你|谢谢您|非常感谢|多谢|感谢|你好吗|您好吗|再见|拜拜|很好|太好了|明白了|知道了|好|好的|好的谢谢|你好啊|您好啊|你好呀|您好呀|谢谢你的帮助|谢谢您的帮助|谢谢帮助|谢谢啦|谢谢了|嗨你好|謝謝|謝謝你|謝謝您|感謝|再見|哈囉",
}
# What may stand beside them: names that an assistant is called by, and words that make them kinder.
_BESIDE = frozenset(
    fold(
        "assistant bot there all everyone everybody team friend again so much very a lot indeed for your "
        "the help answer and you too now today assistente asistente mein lieber und noch schon et "
        "encore pour votre aide l ton dir ihnen für die hilfe antwort sehr mal y por la ayuda su tu e per "
        "aiuto i za pomoc"
    ).split()
)
_PICTURES = re.compile(
    "[\U0001f300-\U0001faff\u2600-\u27bf\ufe0f\u200d\U0001f1e6-\U0001f1ff]|[:;=]-?[)D(pP]|<3"
)
# As in `hellooo`.
_LONG_DRAWN = re.compile(r"(\w)\1{2,}")
_MOST_WORDS, _LONGEST_MESSAGE = 12, 200


def _key(phrase: str) -> str:
    return " ".join(words_of(phrase))


_LANGUAGES: dict[str, set[str]] = {}
for _code, _listed in _PHRASES.items():
    for _phrase in _listed.split("|"):
        _LANGUAGES.setdefault(_key(_phrase), set()).add(_code)
_LONGEST = max(len(_phrase.split()) for _phrase in _LANGUAGES)


def languages_of(text: str) -> frozenset[str] | None:
    """Return the languages of a message that is a greeting, thanks or the like; None if it is not.

    It has nothing else in it: what asks for anything is a question, however it begins.
    """
    if len(text) > _LONGEST_MESSAGE:
        return None
    words = words_of(_LONG_DRAWN.sub(r"\1", _PICTURES.sub(" ", text)))
    if not words:
        # A face, or a sign of exclamation.
        return frozenset({"en"}) if _PICTURES.search(text) else None
    if len(words) > _MOST_WORDS:
        return None
    found: set[str] | None = None
    position = 0
    while position < len(words):
        count = _longest_phrase(words[position:])
        if count:
            languages = _LANGUAGES[" ".join(words[position : position + count])]
            found = set(languages) if found is None else (found & languages or found)
        elif words[position] not in _BESIDE:
            return None
        position += count or 1
    return None if found is None else frozenset(found)


def _longest_phrase(words: list[str]) -> int:
    for count in range(min(_LONGEST, len(words)), 0, -1):
        if " ".join(words[:count]) in _LANGUAGES:
            return count
    return 0

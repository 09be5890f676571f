"""Say, in the language of a question, that the model does not answer and documents do instead."""

# ruff: noqa: RUF001

from assistant.chat import DOWN
from assistant.errors import PermanentError
from assistant.services.generation.languages import of_question

NOTES = {
    "ar": "نموذج اللغة لا يستجيب حاليا. هذا ما تقوله المستندات:",
    "cs": "Jazykový model právě neodpovídá. V dokumentech stojí:",
    "da": "Sprogmodellen svarer ikke lige nu. I dokumenterne står der:",
    "de": "Das Sprachmodell antwortet gerade nicht. In den Dokumenten steht:",
    "en": "The language model does not answer at the moment. This is what the documents say:",
    "es": "El modelo de lenguaje no responde en este momento. Esto dicen los documentos:",
    "fi": "Kielimalli ei vastaa juuri nyt. Asiakirjoissa lukee:",
    "fr": "Le modèle de langue ne répond pas en ce moment. Voici ce que disent les documents :",
    "he": "מודל השפה אינו עונה כרגע. זה מה שכתוב במסמכים:",
    "hi": "भाषा मॉडल अभी उत्तर नहीं दे रहा है। दस्तावेज़ों में यह लिखा है:",
    "it": "Il modello linguistico al momento non risponde. Nei documenti si legge:",
    "ja": "言語モデルが現在応答していません。文書には次のように書かれています:",
    "ko": "언어 모델이 지금 응답하지 않습니다. 문서에는 다음과 같이 적혀 있습니다:",
    "nl": "Het taalmodel antwoordt op dit moment niet. In de documenten staat:",
    "pl": "Model językowy chwilowo nie odpowiada. W dokumentach czytamy:",
    "pt": "O modelo de linguagem não responde neste momento. É isto que dizem os documentos:",
    "ru": "Языковая модель сейчас не отвечает. Вот что говорится в документах:",
    "sv": "Språkmodellen svarar inte just nu. I dokumenten står det:",
    "th": "แบบจำลองภาษายังไม่ตอบในขณะนี้ เอกสารระบุไว้ดังนี้:",
    "tr": "Dil modeli şu anda yanıt vermiyor. Belgelerde şunlar yazıyor:",
    "uk": "Мовна модель зараз не відповідає. Ось що сказано в документах:",
    "zh": "语言模型目前没有响应。文档中的内容如下：",
}

FINISH_REASON = "model_down"


def is_down(error: PermanentError) -> bool:
    """Return whether an error says that nobody answers, whatever is asked."""
    return error.code in DOWN


def note(question: str) -> str:
    """Return the sentence that stands before what the documents say."""
    return NOTES[of_question(question)]

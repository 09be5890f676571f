"""What is said to a greeting where no model is there to talk."""

# ruff: noqa: RUF001

INVITATIONS = {
    "ar": "مرحبا! اسألني عن مستنداتك.",
    "cs": "Dobrý den! Zeptejte se mě na své dokumenty.",
    "da": "Hej! Spørg mig om dine dokumenter.",
    "de": "Hallo! Fragen Sie mich nach Ihren Dokumenten.",
    "en": "Hello! Ask me about your documents.",
    "es": "¡Hola! Pregúnteme por sus documentos.",
    "fi": "Hei! Kysy minulta asiakirjoistasi.",
    "fr": "Bonjour ! Posez-moi une question sur vos documents.",
    "he": "שלום! אפשר לשאול אותי על המסמכים שלך.",
    "hi": "नमस्ते! मुझसे अपने दस्तावेज़ों के बारे में पूछिए।",
    "it": "Buongiorno! Mi chieda dei suoi documenti.",
    "ja": "こんにちは。文書についてお尋ねください。",
    "ko": "안녕하세요! 문서에 대해 물어보세요.",
    "nl": "Hallo! Vraag me naar uw documenten.",
    "pl": "Dzień dobry! Proszę pytać o swoje dokumenty.",
    "pt": "Olá! Pergunte-me sobre os seus documentos.",
    "ru": "Здравствуйте! Спрашивайте о своих документах.",
    "sv": "Hej! Fråga mig om dina dokument.",
    "th": "สวัสดี ถามเกี่ยวกับเอกสารของคุณได้เลย",
    "tr": "Merhaba! Bana belgeleriniz hakkında soru sorun.",
    "uk": "Вітаю! Питайте про свої документи.",
    "zh": "您好！请就您的文档提问。",
}

"""Texts by which the backends of an embedding model are compared: languages, lengths, oddities."""

# ruff: noqa: RUF001  # other alphabets are what this is about

SENTENCES = (
    "On the first Sunday of each month the foghorn of the old lighthouse is sounded at noon.",
    "Der Leuchtturmwärter schreibt jeden Abend auf, wie weit der Küstennebel gereicht hat.",
    "Chaque mois, l'association vérifie les comptes et publie un résumé pour ses membres.",
    "El contrato se renueva automáticamente si ninguna de las partes lo cancela a tiempo.",
    "Гарантия на двигатель действует два года со дня покупки или до ста тысяч километров.",
    "灯台の霧笛は毎月第一日曜日の正午に鳴らされ、町の人々はそれを楽しみにしている。",
    "本合同自双方签字之日起生效，任何修改均须以书面形式作出并经双方确认。",
    "يجب على كل موظف أن يقدم تقريره قبل نهاية الأسبوع الأول من كل شهر.",
    "हर महीने के पहले रविवार को दोपहर में प्रकाशस्तंभ का भोंपू बजाया जाता है।",
    "Każdy wolontariusz otrzymuje niebieską kurtkę i dziesięć procent zniżki w sklepie.",
    "등대의 안개 신호는 매달 첫째 일요일 정오에 울리며 주민들이 모두 듣는다.",
    "def area(radius: float) -> float: return 3.14159 * radius ** 2  # in square metres",
    "| Year | Turnover (EUR) | Staff |\n| 2023 | 1,204,500.75 | 48 |\n| 2024 | 998,310.00 | 51 |",
)
ODDITIES = ("", "a", "?!…", "42", "ISO-9001", "ÉCOLE École école", "🙂 ok 👩‍👩‍👧", "x" * 300)
REPEATS = (1, 3, 7)
# Longer than most models read.
LONG = 20


def varied() -> list[str]:
    """Return short and long texts, of which the long ones go through several languages."""
    texts = list(ODDITIES)
    for first in range(len(SENTENCES)):
        for repeats in REPEATS if first % 4 else (*REPEATS, LONG):
            parts = [SENTENCES[(first + step // 3) % len(SENTENCES)] for step in range(repeats)]
            texts.append(" ".join(f"{part} ({step})" for step, part in enumerate(parts)))
    return texts

"""Words by which a question asks about several documents at once."""

# ruff: noqa: E501, RUF001

import re

from assistant.terms import fold

_STEMS = (
    r"compar(?:e|es|ed|ing|ison|isons)|both|versus|vs|differ|differs|difference|differences|different|each|respectively|"
    r"vergleich\w*|unterschied\w*|unterscheid\w*|beide[nrm]?|jeweils|"
    r"comparer|compare[rz]?|comparaison|difference|differences|les deux|tous les deux|toutes les deux|chacun|chacune|"
    r"comparar|compara|diferencia|diferencias|ambos|ambas|cada uno|confronta|confrontare|differenza|differenze|entrambi|entrambe|"
    r"comparar|diferenca|diferencas|vergelijk\w*|verschil\w*|beide|allebei|porown\w*|roznic\w*|oba|obie|obu|"
    r"jamfor\w*|skillnad\w*|bada|sammenlign\w*|forskel\w*|begge|vertaa|vertail\w*|erot|molem\w*|porovn\w*|rozdil\w*|obou|"
    r"karsilastir\w*|fark\w*|her iki|сравн\w*|различ\w*|отлич\w*|оба|обоих|обеих|порівн\w*|відрізня\w*|обидв\w*|"
    r"قارن|مقارنة|الفرق|كلا|كلتا|השווה|השוואה|הבדל\w*|שניהם"
)
_WORD = re.compile(rf"\b(?:{_STEMS})\b")
_ANYWHERE = re.compile(
    "比较|比較|对比|對比|区别|區別|差别|不同|两份|兩份|两个文件|分别|分別|各自|違い|相違|両方|両者|それぞれ|비교|차이|각각|둘 다|"
    "เปรียบเทียบ|แตกต่าง|ทั้งสอง|तुलना|अंतर|दोनों"
)


def compares(question: str) -> bool:
    """Return whether a question asks about several documents, by its words."""
    folded = fold(question)
    return bool(_WORD.search(folded) or _ANYWHERE.search(question))

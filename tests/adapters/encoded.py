"""Sentences in the languages that legacy encodings were made for."""

# ruff: noqa: RUF001  # letters of all alphabets are the point
SENTENCES = {
    "French": (
        "Le musée est fermé le lundi ; l'entrée coûte cinq euros, et les élèves ne paient rien.",
        "La visite guidée commence à onze heures et dure près d'une heure.",
    ),
    "German": (
        "Das Museum ist montags geschlossen, und für Schüler ist der Eintritt frei.",
        "Die Führung beginnt um elf Uhr und dauert etwa eine Stunde; größere Gruppen rufen an.",
    ),
    "Spanish": (
        "El museo está cerrado los lunes; los niños y las niñas entran gratis por la mañana.",
        "¿Cuánto cuesta la visita? Según el día, cinco o seis euros.",
    ),
    "Polish": (
        "Muzeum jest nieczynne w poniedziałki, a wstęp dla uczniów jest bezpłatny.",
        "Zwiedzanie z przewodnikiem zaczyna się o jedenastej i trwa około godziny.",
    ),
    "Czech": (
        "Muzeum je v pondělí zavřené a žáci mají vstup zdarma.",
        "Prohlídka začíná v jedenáct hodin a trvá přibližně hodinu.",
    ),
    "Hungarian": (
        "A múzeum hétfőn zárva tart, a diákok belépője ingyenes.",
        "A vezetés tizenegy órakor kezdődik, és körülbelül egy óráig tart.",
    ),
    "Russian": (
        "Музей закрыт по понедельникам, вход для школьников бесплатный.",
        "Экскурсия начинается в одиннадцать часов и длится около часа.",
    ),
    "Ukrainian": (
        "Музей зачинений у понеділок, а вхід для учнів безкоштовний.",
        "Екскурсія починається об одинадцятій і триває близько години.",
    ),
    "Bulgarian": (
        "Музеят е затворен в понеделник, а входът за ученици е безплатен.",
        "Обиколката започва в единадесет часа и трае около час.",
    ),
    "Greek": (
        "Το μουσείο είναι κλειστό τη Δευτέρα και οι μαθητές μπαίνουν δωρεάν.",
        "Η ξενάγηση αρχίζει στις έντεκα και διαρκεί περίπου μία ώρα.",
    ),
    "Turkish": (
        "Müze pazartesi günleri kapalıdır ve öğrenciler için giriş ücretsizdir.",
        "Rehberli gezi saat on birde başlar ve yaklaşık bir saat sürer.",
    ),
    "Hebrew": (
        "המוזיאון סגור ביום שני, והכניסה לתלמידים חופשית.",
        "הסיור מתחיל באחת עשרה ונמשך כשעה.",
    ),
    "Arabic": (
        "المتحف مغلق يوم الاثنين، والدخول مجاني للطلاب.",
        "تبدأ الجولة في الساعة الحادية عشرة وتستمر نحو ساعة.",
    ),
    "Lithuanian": (
        "Muziejus pirmadieniais uždarytas, o mokiniams įėjimas nemokamas.",
        "Ekskursija prasideda vienuoliktą valandą ir trunka apie valandą; grupės užsirašo.",
    ),
    "Latvian": (
        "Muzejs pirmdienās ir slēgts, un skolēniem ieeja ir bez maksas.",
        "Ekskursija sākas vienpadsmitos un ilgst apmēram stundu.",
    ),
    "Thai": (
        "พิพิธภัณฑ์ปิดทุกวันจันทร์ และนักเรียนเข้าชมฟรี",
        "การนำชมเริ่มเวลาสิบเอ็ดนาฬิกาและใช้เวลาประมาณหนึ่งชั่วโมง",
    ),
    "Vietnamese": (
        "Bảo tàng đóng cửa vào thứ hai và học sinh được vào cửa miễn phí.",
        "Chuyến tham quan bắt đầu lúc mười một giờ và kéo dài khoảng một tiếng.",
    ),
    "Simplified Chinese": (
        "博物馆每周一闭馆，学生可以免费参观。",
        "导览从上午十一点开始，大约需要一个小时。",
    ),
    "Traditional Chinese": (
        "博物館每週一休館，學生可以免費參觀。",
        "導覽從上午十一點開始，大約需要一個小時。",
    ),
    "Japanese": (
        "博物館は毎週月曜日に休館し、生徒の入場は無料です。",
        "見学は十一時に始まり、およそ一時間かかります。",
    ),
    "Korean": (
        "박물관은 월요일에 문을 닫으며 학생은 무료로 입장합니다.",
        "안내는 열한 시에 시작하여 약 한 시간 동안 진행됩니다.",
    ),
}
WESTERN = ("French", "German", "Spanish")
ENCODINGS = {
    "cp1252": WESTERN,
    "iso8859-1": WESTERN,
    "mac-roman": WESTERN,
    "cp850": WESTERN,
    "cp437": WESTERN,
    "cp1250": ("Polish", "Czech", "Hungarian"),
    "iso8859-2": ("Polish", "Czech", "Hungarian"),
    "cp852": ("Polish", "Czech", "Hungarian"),
    "cp1251": ("Russian", "Ukrainian", "Bulgarian"),
    "koi8-r": ("Russian",),
    "iso8859-5": ("Russian", "Bulgarian"),
    "cp866": ("Russian", "Bulgarian"),
    "cp1253": ("Greek",),
    "cp1254": ("Turkish",),
    "cp1255": ("Hebrew",),
    "cp1256": ("Arabic",),
    "cp1257": ("Lithuanian", "Latvian"),
    "cp874": ("Thai",),
    "gb18030": ("Simplified Chinese",),
    "big5": ("Traditional Chinese",),
    "shift_jis": ("Japanese",),
    "euc-jp": ("Japanese",),
    "euc-kr": ("Korean",),
}

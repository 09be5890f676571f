"""Requests that are about a document as a whole, in each language: nothing else is in them."""

# ruff: noqa: E501, RUF001

import re
from collections.abc import Iterator
from functools import cache

from assistant.services.generation.wording.function_words import words_of

# What stands in a request where it named a file.
NAMED = "namedfile"

# By language: how a document is called there (`D` below), and what may be asked of one. `T` is
# what may follow: into which language, in how many sentences. Written folded, without accents.
_ASKED: dict[str, tuple[str, str]] = {
    "ar": (
        "(?:هذا|هذه|ال|في|عن)? ?(?:المستند|الملف|الوثيقه|الوثيقة|النص|التقرير|المقال|الكتاب|العقد)(?: هذا)?|هذا|هذه",
        "(?:لخص|لخصي|تلخيص|ملخص|اختصر|ترجم|ترجمه)(?: لي)?(?: D)?T|ما (?:هو )?(?:موضوع|ملخص|عنوان|تاريخ|محتوي|محتوى) D|(?:عم|عن ماذا|عما|ماذا) (?:يتحدث|يتناول|يحتوي|يقول) D|من (?:هو )?(?:كتب|مولف|كاتب) D|(?:اعطني|اكتب|اريد)(?: لي)? (?:ملخصا|ملخص)(?: (?:عن |ل|لل)?D| لل\\w+)?|ما (?:هي )?(?:اهم )?(?:النقاط|الافكار)(?: الرييسية| الاساسية)?(?: (?:في )?D)?|متي (?:كتب|كتبت|نشر) D",
    ),
    "cs": (
        "(?:(?:tento|tenhle|ten|tohoto|toho|cely) )?(?:dokument|dokumentu|soubor|souboru|text|textu|clanek|clanku|zpravu|zprava)|to|ho|jej",
        "(?:shrn|shrnte|shrnout|preloz|prelozte|popis)(?: mi)?(?: D)?T|(?:shrnuti|obsah|hlavni body)(?: D)?|o cem (?:je|jsou) D|co (?:je|obsahuje) (?:v )?D|jaky je (?:nazev|obsah|nadpis) D|kdo (?:napsal|je autorem|je autor) D|kdy byl (?:napsan )?D(?: napsan| vydan)?",
    ),
    "da": (
        "(?:(?:dette|denne|den|det|hele) )?(?:dokument|dokumentet|fil|filen|tekst|teksten|artikel|artiklen|rapport|rapporten)|den|det",
        "(?:opsummer|sammenfat|resumer|oversaet|beskriv)(?: D)?T|(?:giv mig )?(?:et |en )?(?:kort )?(?:resume|opsummering|oversigt)(?: (?:af|over) D)?|hvad (?:handler D om|star der i D|indeholder D)|hvad er titlen(?: pa D)?|hvem (?:har skrevet D|skrev D|er forfatteren(?: til D)?)|hvornar (?:er|blev) D skrevet",
    ),
    "de": (
        "(?:(?:dieses|dieser|diese|diesen|das|der|die|den|dem|des|diesem|mein|meine|ganze|gesamte|ganzen|gesamten|hochgeladene|angehangte) )*(?:dokument|dokuments|dokumentes|dokumente|datei|dateien|text|textes|texte|pdf|artikel|artikels|bericht|berichts|vertrag|vertrags|buch|buches|buchs|brief|briefs|unterlage|unterlagen|anhang|seite|prasentation|tabelle)|es|ihn|sie|das|dies|dieses",
        "(?:fass|fasse|fassen sie)(?: mir)?(?: bitte)?(?: D)?(?: kurz)?(?: bitte)?T zusammen|fass zusammen|(?:ubersetze|ubersetz|ubersetzen sie|beschreibe|beschreib|erklare|erklar|zusammenfasse)(?: mir)?(?: D)?T|(?:kannst du|konnen sie|konntest du) (?:mir )?D(?: kurz)?T (?:zusammenfassen|ubersetzen|beschreiben|erklaren)|(?:gib mir |schreib |schreibe |erstelle |mach |mache )?(?:eine |die |einen |den )?(?:kurze |kurzen )?(?:zusammenfassung|ubersicht|uberblick|inhaltsverzeichnis|gliederung|ubersetzung|kernpunkte|hauptpunkte|wichtigsten punkte)(?: (?:von |uber |zu |aus |in )?D)?T|worum geht (?:es|s)(?: (?:hier|in D|bei D))?|was ist das (?:haupt)?thema(?: (?:von )?D)?|(?:nenne|liste|zeige)(?: mir)? die (?:kernpunkte|hauptpunkte|wichtigsten punkte)(?: (?:von |aus |in )?D)?(?: auf)?|was ist (?:hier|in D) (?:beschrieben|enthalten)|wovon handelt D|was (?:steht|ist) in D|was (?:behandelt|enthalt) D|um was geht es (?:hier|in D|bei D)|was (?:sind|ist) (?:die|der) (?:kernpunkte|hauptpunkte|wichtigsten punkte|inhalt|hauptthemen|hauptaussagen?)(?: (?:von )?D)?|(?:wie (?:lautet|heisst|ist)|was ist) der titel(?: (?:von )?D)?|(?:wer hat D (?:geschrieben|verfasst|erstellt)|wer ist der (?:autor|verfasser)(?: (?:von )?D)?)|wann wurde D (?:geschrieben|verfasst|veroffentlicht|erstellt)|(?:von wann|wie alt) ist D|wie viele seiten hat D|in welcher sprache ist D(?: geschrieben| verfasst)?",
    ),
    "en": (
        "(?:(?:this|the|that|these|those|my|our|all|both|whole|entire|full|uploaded|attached|given|each|of|following|new|above|present|current|content|contents) )*(?:document|documents|doc|docs|file|files|text|texts|pdf|pdfs|paper|report|article|page|contract|book|letter|presentation|slides|spreadsheet|table|attachment|attachments|upload|manual|guide|email|mail|story|essay|thesis|content|contents)|it|this|that|these|them|everything|all of it|all of this|the whole thing",
        "(?:(?:briefly|shortly|quickly) )?(?:summari[sz]e|sum up|condense|recap|outline|paraphrase|translate|describe|explain|read|proofread|review|analy[sz]e|rewrite|rephrase|shorten|simplify)(?: for me)?(?: D)?(?: briefly| shortly| for me| up)?T|sum D up(?: for me)?T|(?:(?:give|write|make|create|provide|show|get|do|list|name|i want|i need|i d like|let me have|produce)(?: me| us)? )?(?:an? |the |some )?(?:(?:short|brief|quick|concise|detailed|good|executive|one paragraph|one sentence|high level|general|full|complete) )*(?:summary|summari[sz]ation|overview|outline|synopsis|abstract|gist|recap|translation|tl dr|tldr|table of contents|description|main points|main ideas?|main topics?|main message|key points|key takeaways|takeaways|key facts|key findings|highlights|bullet points)(?: (?:of|from|in|for|about|on) D)?T|what ?(?:is|s|are|was|does) D(?: all)? about|what D (?:is|are) about|how (?:is|are) D (?:structured|organi[sz]ed)|what can you tell me about D|what information (?:is in|does D contain|do D contain)(?: D)?|what ?(?:is|s) the (?:main|key|central) (?:idea|topic|point|message|theme|argument|purpose|subject)(?: (?:of|in) D)?|(?:what|who) ?(?:is|s) D s (?:title|name|author|date|topic|subject)|what (?:is|s) (?:in|inside|the (?:content|contents|topic|subject|gist|point|purpose|main idea|main topic|main point|main message|structure) of) D|what are (?:the )?(?:main|key|most important|central) (?:points|ideas|topics|takeaways|findings|messages|facts|themes)(?: (?:of|in|from) D)?|what (?:does|do) D (?:say|contain|cover|cover in general|deal with|discuss|describe|talk about|tell us)|(?:what|which) (?:topics|subjects|things) (?:does D cover|are covered(?: in D)?)|what (?:kind|type|sort) of (?:document|file|text|thing) is (?:D|this|it)|(?:tell me (?:something )?about|talk about|what do you know about|walk me through) D|(?:what (?:is|s) )?the (?:title|name|author|authors|date|language|length|subject|topic|publisher|version)(?: of D)?|what (?:is|s) (?:the )?(?:title|name|author|date|language) (?:of|in) D|who (?:is|are|was|were) the authors?(?: of D)?|who (?:wrote|authored|made|created|published|issued|signed) D|(?:by whom|when|(?:in )?(?:what|which) year) (?:was|were) D (?:written|published|created|made|issued|dated|signed|last updated|updated)|(?:what (?:is|s) the date|from when is|how old is|how many (?:pages|words|chapters|sections) (?:does|do|has|have)) D(?: have)?|(?:what|which) language is D(?: written)?(?: in)?|in (?:what|which) language is D(?: written)?|(?:what|which) (?:sections|chapters|headings) (?:does D have|are (?:there )?in D)|list (?:the )?(?:sections|chapters|headings|main points|key points)(?: (?:of|in) D)?",
    ),
    "es": (
        "(?:(?:este|esta|el|la|los|las|mi|estos|estas|todo|toda|del|al) )*(?:documento|documentos|archivo|archivos|fichero|texto|textos|pdf|articulo|informe|contrato|libro|carta|pagina)|lo|esto|eso",
        "(?:resume|resumir|resumeme|resumelo|resumalo|resuma|traduce|traducelo|traduzca|traducir|describe|explica|sintetiza)(?: D)?T|(?:puedes|podrias|puede) (?:resumir|traducir|resumirme|explicar)(?:me|lo)? ?(?:D)?T|(?:dame |haz |hazme |escribe |quiero )?(?:un |una |el |los |las )?(?:breve |corto )?(?:resumen|sintesis|esquema|indice|traduccion|puntos (?:clave|principales)|ideas principales)(?: (?:de |del )?D)?T|de que (?:trata|va|habla|se trata) D|que (?:dice|contiene|hay en) D|sobre que (?:es|trata) D|cuales son los puntos (?:clave|principales)(?: (?:de |del )?D)?|(?:cual es|como es) (?:el|la) (?:titulo|autor|fecha|tema)(?: principal)?(?: (?:de |del )?D)?|como se llama D|quien (?:escribio|redacto) D|quien es el autor(?: (?:de |del )?D)?|cuando (?:se escribio|fue escrito|se publico) D",
    ),
    "fi": (
        "(?:(?:tama|taman|koko|tasta) )?(?:asiakirja|asiakirjan|tiedosto|tiedoston|teksti|tekstin|dokumentti|dokumentin|raportti|raportin)|se|sen|tama|taman",
        "(?:tiivista|kaanna|referoi|selita)(?: D)?T|(?:anna )?(?:lyhyt )?(?:tiivistelma|yhteenveto)(?: D)?|(?:mista D kertoo|mita D (?:kasittelee|sisaltaa)|mika on D (?:otsikko|nimi|aihe))|kuka (?:kirjoitti D|on D (?:kirjoittanut|kirjoittaja))|milloin D (?:on )?(?:kirjoitettu|julkaistu|kirjoitettiin)",
    ),
    "fr": (
        "(?:(?:ce|cet|cette|ces|le|la|les|l|mon|du|de|au|tout|toute|present) )*(?:document|documents|fichier|fichiers|texte|textes|pdf|article|rapport|contrat|livre|lettre|page|guide)|le|la|ca|cela|ceci|tout",
        "c est quoi D|(?:resume|resumez|resumer|resume moi|traduis|traduisez|traduire|decris|decrivez|explique|expliquez|synthetise|synthetisez)(?: moi)?(?: D)?(?: brievement)?T|(?:peux tu|pouvez vous|pourrais tu|pourriez vous) (?:me )?(?:le |la )?(?:resumer|traduire|expliquer|decrire)(?: D)?T|(?:donne moi |donnez moi |fais |faites |fais moi |ecris )?(?:un |une |le |la |les )?(?:bref |court |petit )?(?:resume|synthese|plan|apercu|traduction|sommaire|table des matieres|points (?:cles|principaux|essentiels)|idees principales)(?: (?:de |du )?D)?T|de quoi (?:parle|traite|s agit il dans|est il question dans) D|de quoi (?:ca|cela) parle|que (?:dit|contient) D|qu (?:y a t il|est ce qu il y a) dans D|(?:quel est|quelle est|quels sont|quelles sont) (?:le|la|les|l) ?(?:titre|auteur|date|sujet|theme|contenu|message|points (?:cles|principaux)|idees principales)(?: principal)?(?: (?:de |du )?D)?|qui (?:a ecrit|a redige|est l auteur(?: de| du)?) ?D|comment s (?:appelle|intitule) D|quand (?:a t il ete ecrit|D a t il ete (?:ecrit|publie|redige)|a ete (?:ecrit|publie|redige) D)|de quand date D|combien de pages (?:a|contient|fait) D",
    ),
    "he": (
        "(?:את )?(?:ה)?(?:מסמך|קובץ|טקסט|מאמר|דוח|חוזה|ספר)(?: ה?זה)?|את זה|אותו|זה",
        "(?:סכם|סכמי|תסכם|תרגם|תרגמי|תתרגם|תאר)(?: לי)?(?: D)?T|(?:תן לי )?(?:סיכום|תקציר|תרגום)(?: (?:של )?D)?|(?:על מה|במה) (?:D|מדבר D|עוסק D)|מה (?:כתוב ב|יש ב)D|מה (?:הכותרת|הנושא|התאריך)(?: של D)?|מי (?:כתב|חיבר|המחבר של) D|מתי נכתב D",
    ),
    "hi": (
        "(?:इस|यह|पूरे|पूरी) ?(?:दस्तावेज|दस्तावेज़|फाइल|फ़ाइल|पाठ|लेख|रिपोर्ट)?|दस्तावेज|दस्तावेज़|फाइल|फ़ाइल|इसे",
        "D (?:का |की |को )?(?:सारांश|संक्षेप|सार|अनुवाद)(?: .{1,24})?|(?:सारांश|अनुवाद)(?: .{1,24})?|D (?:किस बारे में|किसके बारे में|में क्या) (?:है|लिखा है)|D का (?:शीर्षक|विषय|लेखक) (?:क्या|कौन) है|D (?:किसने लिखा|किसने लिखी)(?: है)?",
    ),
    "it": (
        "(?:(?:questo|questa|il|la|lo|l|questi|del|al|tutto|mio) )*(?:documento|documenti|file|testo|pdf|articolo|rapporto|relazione|contratto|libro|lettera|pagina)|lo|questo",
        "(?:riassumi|riassumere|riassumimi|riassumilo|traduci|traducilo|tradurre|descrivi|spiega|sintetizza)(?: D)?T|(?:puoi|potresti|puo) (?:riassumere|tradurre|spiegare|riassumermi)(?: D)?T|(?:dammi |fai |fammi |scrivi )?(?:un |una |il |la |i )?(?:breve )?(?:riassunto|sintesi|indice|traduzione|panoramica|punti (?:chiave|principali))(?: (?:di |del |dell )?D)?T|di (?:che )?cosa (?:parla|tratta) D|cosa (?:dice|contiene|c e in) D|qual e (?:il|la|l) ?(?:titolo|autore|data|argomento)(?: (?:di |del |dell )?D)?|chi ha scritto D|chi e l autore(?: (?:di |del )?D)?|quando e stato scritto D",
    ),
    "ja": (
        "(?:この|その|これらの|本)?(?:文書|文章|ファイル|資料|書類|本文|テキスト|レポート|報告書|論文|記事|契約書|ドキュメント|pdf|案内|手引き|説明書|本)(?:全体)?|これ|それ|全文|全体",
        "(?:D)?(?:を|の)?(?:.{1,4}語(?:に|へ))?(?:[0-9一二三四五六七八九十百]{1,4}(?:行|文|字|点)(?:以内)?で)?(?:簡単に|簡潔に|短く)?(?:要約|まとめ|翻訳|訳|和訳|英訳|説明|概要|要点|要旨|あらすじ)(?:を)?(?:し|して|て|教えて|書いて|作って|見せて)?(?:ください|下さい|くれ|ほしい|お願いします|くれますか|もらえますか|いただけますか)?(?:は(?:何(?:ですか)?)?)?|D(?:は|って)?(?:何|なに|どんな(?:こと|内容))(?:について|に関する|を|が)?(?:の)?(?:書|述べ|書かれ|説明し|もの|文書|内容|話)?(?:て|いて|ている|てある|ていますか|てありますか|です|ですか|のですか|いますか|か){0,3}|何について(?:の|書かれた|述べた)D(?:です)?か?|これは何の(?:文書|ファイル|資料)(?:です)?か?|(?:D(?:の))?(?:主な(?:ポイント|点|論点|テーマ)|タイトル|題名|表題|著者|作者|筆者|日付|作成日|内容|主題|テーマ|目次)(?:は|を)?(?:何|誰|いつ|教えて)?(?:ですか|ください)?|(?:誰|だれ|いつ)(?:が)?D(?:は|を|が)?(?:書|作成し|書かれ)(?:いた|きました|た|ました|たのですか|きましたか|いたのですか|れましたか)?(?:か)?|D(?:は|を)?(?:誰|だれ|いつ)(?:が)?(?:書|作成|書かれ)(?:いた|きました|た|ました|たのですか|きましたか|いたのですか|れましたか)?(?:か)?",
    ),
    "ko": (
        "(?:이|그|위|전체|본)? ?(?:문서|파일|글|텍스트|보고서|논문|기사|계약서|자료|책)|이것|이거|그것",
        "(?:D)? ?(?:을|를|의)? ?(?:.{1,4}로 )?(?:간단히 |짧게 )?(?:요약|정리|번역|설명|개요|요점)(?:을|를)? ?(?:해|해줘|해 줘|해주세요|해 주세요|하세요|해줄래|알려줘|알려 주세요|부탁해|부탁합니다)?|D ?(?:은|는|이|가)? ?(?:무엇|무슨 내용|어떤 내용|뭐)(?:에)? ?(?:관한|대한|대해)? ?(?:것|글|문서|내용)?(?:인가요|입니까|이에요|예요|이야|야)?|(?:D ?의? ?)?(?:제목|저자|작성자|날짜|주제|내용)(?:은|는|이|가)? ?(?:무엇|누구|언제|뭐)?(?:인가요|입니까|예요|이에요|야)?|(?:누가) ?D ?(?:을|를)? ?(?:썼나요|썼습니까|작성했나요|썼어)",
    ),
    "nl": (
        "(?:(?:dit|deze|het|de|mijn|hele|bijgevoegde) )*(?:document|documenten|bestand|bestanden|tekst|pdf|artikel|rapport|contract|boek|brief|pagina)|het|dit|dat",
        "(?:vat|vat me) (?:D )?(?:kort )?(?:samen|even samen)T|vat D T samen|(?:vertaal|beschrijf|samenvatten|leg)(?: D)?T|(?:kun je|kunt u) D(?: kort)?T (?:samenvatten|vertalen)|(?:geef(?: me)? |maak )?(?:een |de )?(?:korte )?(?:samenvatting|overzicht|vertaling|inhoudsopgave|belangrijkste punten)(?: van D)?T|waar (?:gaat D over|over gaat D)|waarover gaat D|wat staat er in D|wat (?:zijn de belangrijkste punten|is de inhoud)(?: van D)?|(?:wat|hoe) (?:is|luidt) (?:de|het) (?:titel|auteur|datum|onderwerp)(?: van D)?|wie (?:heeft D geschreven|schreef D|is de auteur(?: van D)?)|wanneer is D (?:geschreven|gepubliceerd)",
    ),
    "pl": (
        "(?:(?:ten|tego|to|ta|te|caly|calego) )*(?:dokument|dokumentu|dokumencie|plik|pliku|tekst|tekstu|tekscie|artykul|artykulu|raport|raportu|umowe|umowa|umowy)|to|go|tym",
        "(?:stresc|stresc mi|podsumuj|przetlumacz|opisz|wyjasnij)(?: D)?T|(?:daj |zrob |napisz )?(?:krotkie )?(?:streszczenie|podsumowanie|tlumaczenie|glowne punkty)(?: D)?T|o czym (?:jest|mowi|traktuje) D|co (?:jest w|zawiera) D|jaki (?:jest tytul|jest temat|tytul ma)(?: D)?|jaki tytul ma D|kto (?:napisal|jest autorem) D|kiedy (?:napisano|powstal|zostal napisany) D",
    ),
    "pt": (
        "(?:(?:este|esta|o|a|os|as|esse|essa|meu|do|ao|todo) )*(?:documento|documentos|arquivo|arquivos|ficheiro|texto|pdf|artigo|relatorio|contrato|livro|carta|pagina)|isto|isso|o",
        "(?:resuma|resume|resumir|resuma me|traduza|traduz|traduzir|descreva|explique|sintetize)(?: D)?T|(?:voce pode|pode|podes|poderia) (?:resumir|traduzir|explicar)(?: D)?T|(?:de me |faca |me de |escreva )?(?:um |uma |o |a |os )?(?:breve )?(?:resumo|sintese|traducao|sumario|indice|pontos (?:chave|principais))(?: (?:de |do |deste |desse )?D)?T|(?:sobre o que|de que|do que) (?:e|trata|fala|se trata) D|o que (?:diz|contem|ha em) D|qual e (?:o|a) (?:titulo|autor|data|assunto|tema)(?: (?:de |do |deste )?D)?|qual o (?:titulo|tema)(?: (?:de |do |deste )?D)?|quem escreveu D|quem e o autor(?: (?:de |do |deste )?D)?|quando foi escrito D|(?:resumo|autor|titulo) (?:deste|desse|do) (?:documento|arquivo|texto)",
    ),
    "ru": (
        "(?:(?:этот|этого|этом|весь|всего|данный|данного) )*(?:документ|документа|документе|фаил|фаила|фаиле|текст|текста|тексте|статью|статья|статьи|отчет|отчета|договор|договора|книгу|книга)|это|его|этот",
        "(?:кратко )?(?:изложи|изложите|резюмируи|резюмируите|суммируи|обобщи|перескажи|перескажите|переведи|переведите|опиши|опишите|объясни)(?: мне)?(?: кратко)?(?: D)?(?: кратко)?T|(?:даи |саде |сделаи |напиши )?(?:краткое |краткии )?(?:содержание|резюме|изложение|пересказ|обзор|перевод|основные мысли|главные мысли|основные пункты|тезисы)(?: D)?T|о чем (?:говорится в )?(?:идет речь в )?D|о чем D(?: говорится| рассказывает)?|что (?:написано|говорится|содержится) в D|что содержит D|(?:каково|какое|какои|какая|как) (?:название|содержание|заголовок|тема|дата|называется)(?: у)?(?: D)?|кто (?:написал|автор|является автором) D|когда (?:написан|был написан|опубликован|создан) D",
    ),
    "sv": (
        "(?:(?:detta|denna|det har|den har|hela|den|det) )?(?:dokument|dokumentet|fil|filen|text|texten|artikel|artikeln|rapport|rapporten)|den|det|detta",
        "(?:sammanfatta|summera|oversatt|beskriv|forklara)(?: D)?T|(?:ge mig )?(?:en )?(?:kort )?(?:sammanfattning|oversikt|oversattning)(?: av D)?T|vad (?:handlar D om|star det i D|innehaller D)|vad (?:ar titeln|heter D|ar amnet)(?: pa D| i D)?|vem (?:har skrivit D|skrev D|ar forfattaren(?: till D)?)|nar (?:skrevs D|ar D skriven|ar D skrivet)",
    ),
    "th": (
        "(?:เอกสาร|ไฟล์|ข้อความ|บทความ|รายงาน)(?:นี้|ฉบับนี้)?|นี้",
        "(?:ช่วย)?(?:สรุป|แปล|อธิบาย)(?:ย่อ)?(?:D)?(?:เป็น.{1,12})?(?:ให้หน่อย|หน่อย|ให้ฉัน)?(?:ครับ|ค่ะ|คะ)?|D(?:เกี่ยวกับ|พูดถึง|กล่าวถึง|มี)(?:อะไร|เรื่องอะไร|เนื้อหาอะไร)(?:บ้าง)?|(?:ชื่อเรื่อง|ผู้เขียน)(?:ของ)?D(?:คืออะไร|คือใคร)|ใคร(?:เป็นคน)?เขียนD",
    ),
    "tr": (
        "(?:(?:bu|butun|tum|su) )*(?:belge|belgeyi|belgenin|belgede|dosya|dosyayi|dosyanin|dosyada|metin|metni|metnin|metinde|makale|makaleyi|makalenin|rapor|raporu|raporun|sozlesme|sozlesmeyi)|bunu|bu|onu",
        "D (?:kisaca )?(?:ozetle|ozetler misin|ozetleyin|cevir|acikla|(?:\\w+(?:ya|ye|a|e) )?cevir(?:ir misin)?)|ozetle|(?:D )?(?:kisa )?(?:ozeti|ozet|cevirisi|ana fikirleri?|konusu|basligi|yazari|tarihi)(?: (?:nedir|ne|kim|kimdir|ver|cikar))?|D (?:ne hakkinda|neyle ilgili|hangi konuda|neden bahsediyor|ne anlatiyor)|D kim yazdi|D ne zaman yazildi",
    ),
    "uk": (
        "(?:(?:цеи|цього|цьому|весь|увесь) )*(?:документ|документа|документу|документі|фаил|фаилу|фаилі|текст|тексту|тексті|статтю|звіт|звіту|договір)|це|иого",
        "(?:стисло )?(?:виклади|викладіть|підсумуи|узагальни|перекажи|переклади|перекладіть|опиши|поясни)(?: мені)?(?: стисло)?(?: D)?T|(?:даи |зроби |напиши )?(?:короткии |стислии )?(?:зміст|підсумок|виклад|огляд|переклад|основні думки)(?: D)?T|про що (?:идеться в |мова в )?D|про що (?:идеться|розповідає) (?:в |у )?D|що (?:написано|міститься) (?:в|у) D|яка (?:назва|тема) D|хто (?:написав|автор|є автором) D|коли (?:написано|написании|створено) D",
    ),
    "zh": (
        "(?:这|這|该|該|本|此|上述|整)?(?:份|个|個|篇|本|些)?(?:文件|文档|文檔|文章|报告|報告|资料|資料|材料|合同|论文|論文|内容|书|書|文本|手册|指南|pdf)(?:里面|里|中)?|这个|这|這個|它|全文|这是|内容",
        "(?:请|請|帮我|請幫我|请帮我|麻烦|麻烦你)?(?:你)?(?:把|将|給我|给我|用.{1,3}句话)?(?:简单|简要|简短|简洁|大致)?(?:地)?(?:总结|總結|概括|概述|归纳|歸納|摘要|翻译|翻譯|介绍|介紹|简述|简介|解释|说明)(?:一下|下)?(?:D)?(?:的)?(?:内容|要点|大意|主要内容|主要观点)?(?:成|为|到|为)?(?:.{1,3}[文语語])?|(?:请|請|帮我|请帮我)?(?:把|将)D(?:翻译|翻譯|译|总结|概括)(?:一下|成|为|到)?(?:.{1,3}[文语語])?|D(?:主要)?(?:是)?(?:关于|關於|讲|講|说|說|讲述|介绍|写|寫|谈)(?:的|了)?(?:是)?(?:什么|什麼|啥|哪些|哪些内容|些什么)(?:的|内容|方面的)?|(?:D)?主要(?:是)?(?:讲|講|说|說|写|寫|内容是)(?:的|了)?(?:是)?(?:什么|什麼)(?:内容)?|(?:这|這|该|該|本|此)(?:份|个|個|篇|本)?(?:文件|文档|文檔|文章|报告|报告|资料|合同|书)?(?:是)?(?:什么|什麼)(?:内容|內容|文件|文档)?(?:的)?|(?:请|請)?(?:列出|给出|写出)(?:D)?(?:的)?(?:主要)?(?:要点|重点|观点)|D(?:有|包含|包括)(?:什么|什麼|哪些)(?:内容)?|(?:D)?(?:的)?(?:标题|標題|题目|作者|日期|主题|主題|要点|主要内容|大意|摘要|概要|主要观点|目录|名称|中心思想)(?:是)?(?:什么|什麼|谁|誰|哪天|有哪些)?|(?:是)?(?:谁|誰)(?:写|寫|撰写|编写)(?:了|的)?D(?:的)?|D(?:是)?(?:谁|誰|什么时候|何时)(?:写|寫|撰写|发布|编写)(?:的)?",
    ),
}
_NAMED = (
    "(?:(?:the|this|my|file|document|contract|report|paper|das|die|der|den|dem|datei|dokument|le|la"
    f"|les|l|fichier|el|archivo|il|lo|o|a|het|de) ){{0,3}}{NAMED}(?: (?:file|document|contract))?"
)
_TAIL = r"(?: (?:in|into|to|as|with|by|for|auf|ins|mit|als|en|au|avec|para|al|a|con|com|na|po|pa|til|i|naar|met|w|do|v|на|в|українською|إلى|الى|ب|ל)(?: [^\s]+){1,6}| (?:kurz|briefly|svp))?"
_POLITE = re.compile(
    r"^(?:(?:please|hi|hello|hey|ok|now|then|so|well|thanks|bitte|hallo|nun|bonjour|merci|alors|por favor|hola|per favore|ciao|por favor|prosim|prosze|пожалуиста|можешь|can you|could you|would you|will you|can u|tell me|let me know|i want to know|briefly|in short|in (?:one|two|three|a few|\d+) (?:sentences?|words?|lines?)|i want you to|i would like you to|i d like you to|help me|من فضلك) )+"
    r"|(?: (?:please|bitte|thanks|s il (?:te|vous) plait|svp|por favor|per favore|alstublieft|prosim|prosze|пожалуиста|будь ласка|lutfen|من فضلك|now|again|jetzt|mal))+$"
)


def _patterns() -> Iterator[str]:
    for document, asked in _ASKED.values():
        whole = f"(?:{document}|{_NAMED})"
        yield asked.replace("T", _TAIL).replace("D", whole)


@cache
def request_pattern() -> re.Pattern[str]:
    """Compile what asks of a whole document: half a second, which no other process shall pay."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in _patterns()))


_LONGEST = 160


def is_about_a_whole(text: str) -> bool:
    """Return whether a request is about a document as a whole: all of it, and nothing in it."""
    if len(text) > _LONGEST:
        return False
    said = " ".join(words_of(text))
    bare = _POLITE.sub("", said)
    return any(
        request_pattern().fullmatch(version) is not None
        for version in (said, bare, _POLITE.sub("", bare), bare.replace(" ", ""))
    )

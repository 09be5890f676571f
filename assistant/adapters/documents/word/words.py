"""Reading the words of a paragraph of Word as they are printed."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from assistant.adapters.documents.elements import child, number, value
from assistant.adapters.documents.line import Line
from assistant.adapters.documents.pictures import described
from assistant.adapters.documents.symbols import is_symbol_font, readable, symbol
from assistant.adapters.documents.word.equations import linear
from assistant.adapters.documents.word.styles import Style, Styles, font, raised, switched_on

# Not printed: deleted and moved text, codes of fields, properties, and the copy of ruby's base.
SKIPPED = frozenset(
    ["del", "moveFrom", "instrText", "delText", "delInstrText", "pPr", "rPr", "sdtPr", "object"]
)
GAPS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
Note = Callable[[str, str], str]
Drawing = Callable[[Element], list[str]]
BOXES = frozenset(["txbxContent", "txBody", "p", "tbl"])


class Words:
    """Reads runs into a line; a field may begin in one paragraph and end in another."""

    def __init__(self, styles: Styles, note: Note, drawing: Drawing) -> None:
        """Take the styles, and what gives marks of notes and the blocks of drawings."""
        self._styles = styles
        self._note = note
        self._drawing = drawing
        # Of each open field, whether its code is being read, which nobody sees.
        self._fields: list[bool] = []
        self._hidden = False
        self._raised = False
        self._font: str | None = None

    def read(self, paragraph: Element, style: Style, line: Line) -> None:
        """Add what is printed of a paragraph to the line."""
        self._paragraph = style
        self._hidden = bool(style.hidden)
        self._raised = bool(style.raised)
        self._font = style.font
        self._inside(paragraph, line)
        # A code ends with its paragraph, whatever a damaged file says.
        self._fields = [code for code in self._fields if not code]

    def _inside(self, element: Element, line: Line) -> None:
        for part in element:
            name = part.tag
            if name in SKIPPED:
                continue
            if name == "r":
                self._run(part, line)
            elif read := READERS.get(name):
                read(self, part, line)
            elif name in BOXES:
                if self._printed():
                    line.boxes.append(part)
            elif name in GAPS:
                self._put(GAPS[name], line)
            else:
                self._inside(part, line)

    def _run(self, run: Element, line: Line) -> None:
        before = self._hidden, self._raised, self._font
        properties = child(run, "rPr")
        if properties is not None:
            style = self._styles.of_words(value(child(properties, "rStyle")))
            self._hidden = _first(switched_on(properties, "vanish"), style.hidden, self._hidden)
            self._raised = _first(raised(properties), style.raised, self._raised)
            self._font = font(properties) or style.font or self._font
        self._inside(run, line)
        self._hidden, self._raised, self._font = before

    def _printed(self) -> bool:
        return not self._hidden and not any(self._fields)

    def _put(self, text: str, line: Line) -> None:
        if self._printed():
            line.put(text, self._raised)

    def _text(self, element: Element, line: Line) -> None:
        # Line ends in the XML are blanks in Word.
        text = (element.text or "").replace("\n", " ")
        self._put(readable(text, self._font if is_symbol_font(self._font) else None), line)

    def _symbol(self, element: Element, line: Line) -> None:
        try:
            code = int(value(element, "char") or "", 16)
        except ValueError:
            return
        # Some programs leave out the F of the private area.
        name = value(element, "font")
        if code < 0x100 and is_symbol_font(name):
            code += 0xF000
        self._put(symbol(name, code), line)

    def _field(self, element: Element, line: Line) -> None:
        step = value(element, "fldCharType")
        if step == "begin":
            self._put(_form_field(element), line)
            self._fields.append(True)
        elif step == "separate" and self._fields:
            self._fields[-1] = False
        elif step == "end" and self._fields:
            self._fields.pop()

    def _reference(self, element: Element, line: Line) -> None:
        if self._printed():
            kind = "footnote" if element.tag == "footnoteReference" else "endnote"
            line.put(self._note(kind, value(element, "id") or ""))

    def _equation(self, element: Element, line: Line) -> None:
        self._put(linear(element).strip(), line)

    def _drawn(self, element: Element, line: Line) -> None:
        if self._printed():
            line.drawn += self._drawing(element)

    def _picture(self, element: Element, line: Line) -> None:
        said = described(value(element, "descr") or "")
        if said and self._printed():
            line.drawn.append(said)

    def _choice(self, element: Element, line: Line) -> None:
        """Read the first alternative that has something to read; the others are copies."""
        for alternative in element:
            tried = Line()
            self._inside(alternative, tried)
            if tried.text().strip() or tried.boxes or tried.drawn:
                line.put(tried.text())
                line.boxes += tried.boxes
                line.drawn += tried.drawn
                return

    def _ruby(self, element: Element, line: Line) -> None:
        above, base = child(element, "rt"), child(element, "rubyBase")
        if base is not None:
            self._inside(base, line)
        if above is not None:
            self._put("(", line)
            self._inside(above, line)
            self._put(")", line)


READERS: dict[str, Callable[[Words, Element, Line], None]] = {
    "t": Words._text,
    "sym": Words._symbol,
    "fldChar": Words._field,
    "footnoteReference": Words._reference,
    "endnoteReference": Words._reference,
    "oMath": Words._equation,
    "chart": Words._drawn,
    "relIds": Words._drawn,
    "docPr": Words._picture,
    "AlternateContent": Words._choice,
    "ruby": Words._ruby,
}


def _first(*answers: bool | None) -> bool:
    return next((answer for answer in answers if answer is not None), False)


def _form_field(begin: Element) -> str:
    """Return what a form of old kind shows for a box or a list, which is not in its text."""
    data = child(begin, "ffData")
    box, chosen = child(data, "checkBox"), child(data, "ddList")
    if box is not None:
        checked = switched_on(box, "checked")
        checked = switched_on(box, "default") if checked is None else checked
        return "☒" if checked else "☐"
    entries = [
        value(entry) or "" for entry in (chosen.iter("listEntry") if chosen is not None else ())
    ]
    place = number(value(child(chosen, "result"))) or number(value(child(chosen, "default"))) or 0
    return entries[place] if 0 <= place < len(entries) else ""

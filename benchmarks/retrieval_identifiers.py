"""Documents full of identifiers that resemble each other, and questions that name one of them.

Eight kinds: error codes, options, clauses, part numbers, standards, acronyms, people, settings. All
is made by rules with a fixed seed. The right chunk is the one in which the entry of the identifier
begins; others name it in passing.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SEED = 20
QUESTIONS = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """What a document says of an identifier, and the words that are there instead of a name."""

    identifier: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and where its answer begins."""

    text: str
    filename: str
    start: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A document of one kind of identifiers: its name, its first lines, its entries, how to ask."""

    filename: str
    opening: str
    entries: list[Entry]
    asked: tuple[str, ...]


def documents() -> tuple[dict[str, str], list[Question]]:
    """Return all texts by their names, and all questions."""
    dice = random.Random(SEED)
    kinds = [make(dice) for make in KINDS]
    texts: dict[str, str] = {}
    asked: list[list[Question]] = []
    for kind in kinds:
        text, starts = kind.opening, {}
        for entry in kind.entries:
            text += "\n\n"
            starts[entry.identifier] = len(text)
            text += entry.text
        texts[kind.filename] = text
        chosen = dice.sample(sorted(starts), len(starts))
        asked.append([_question(dice, kind, name, starts[name]) for name in chosen])
    # In turns, so that each kind has as many as another.
    in_turns = [questions[turn] for turn in range(QUESTIONS) for questions in _long(asked, turn)]
    return texts, in_turns[:QUESTIONS]


def _long(asked: list[list[Question]], turn: int) -> list[list[Question]]:
    return [questions for questions in asked if turn < len(questions)]


def _question(dice: random.Random, kind: Kind, name: str, start: int) -> Question:
    return Question(dice.choice(kind.asked).format(name), kind.filename, start)


def _numbers(dice: random.Random, count: int, low: int, high: int) -> list[int]:
    """Return numbers of which many differ in one digit or have two exchanged."""
    found: list[int] = []
    while len(found) < count:
        number = dice.randint(low, high)
        swapped = int(str(number)[:-2] + str(number)[:-3:-1])
        for near in (number, number + 1, number + 10, swapped):
            if low <= near <= high and near not in found:
                found.append(near)
    return found[:count]


def _error_codes(dice: random.Random) -> Kind:
    parts = ("feed roller", "drying unit", "paper tray", "ink pump", "print head", "exit guide")
    faults = (
        *("runs slower than it was told to", "does not answer", "is warmer than sixty degrees"),
        *("reports a position that it cannot have", "draws too much current", "has lost its zero"),
    )
    remedies = (
        *("Switch the press off, wait a minute and start it again.", "Clean the sensor beside it."),
        *("Replace the fuse behind the left cover.", "Let the service load its firmware anew."),
    )
    numbers = _numbers(dice, 90, 1100, 8999)
    entries = []
    for number in numbers:
        other = dice.choice(numbers)
        text = (
            f"HX-{number}: The {dice.choice(parts)} {dice.choice(faults)}. "
            f"{dice.choice(remedies)} If it comes back, look under HX-{other}."
        )
        entries.append(Entry(f"HX-{number}", text))
    asked = ("What does error {} mean?", "The press shows {}, what should I do?", "{}")
    return Kind("press-errors.txt", "Messages of the Halvorsen press", entries, asked)


def _options(dice: random.Random) -> Kind:
    verbs = ("skip", "keep", "check", "force", "list", "merge", "no-verify", "ignore", "show")
    things = ("links", "owner", "times", "empty", "hidden", "remote", "locks", "index", "case")
    names = [f"--{verb}-{thing}" for verb in verbs for thing in things]
    dice.shuffle(names)
    entries = []
    for name in names:
        verb, thing = name[2:].rsplit("-", 1)
        text = (
            f"{name}\n    Makes the copy {verb.replace('-', ' ')} what has to do with {thing}. "
            f"Off unless it is given; it wins over {dice.choice(names)}, and "
            f"{dice.choice(('costs time', 'needs no rights', 'writes a line to the log'))}."
        )
        entries.append(Entry(name, text))
    asked = ("What does {} do?", "When would I use the option {}?", "{}")
    return Kind("carry-options.txt", "Options of the program carry", entries, asked)


def _clauses(dice: random.Random) -> Kind:
    duties = (
        *("pays within thirty days of the invoice", "keeps the rooms clean and dry"),
        *("insures the goods against fire", "gives notice in writing, three months before"),
        *("lets the other side look at its books", "bears the costs of the transport"),
    )
    who = ("The tenant", "The landlord", "The carrier", "The warehouse", "Either party")
    entries = []
    for article in range(1, 13):
        for clause in range(1, 8):
            name = f"§ {article}.{clause}"
            text = (
                f"{name} {dice.choice(who)} {dice.choice(duties)}, unless § "
                f"{dice.randint(1, 12)}.{dice.randint(1, 7)} says something else. The duty ends "
                f"after {dice.randint(2, 60)} months."
            )
            entries.append(Entry(name, text))
    asked = ("What does {} say?", "Who has a duty under {}?", "What is laid down in section {}?")
    return Kind("storage-contract.txt", "Contract about the storage of goods", entries, asked)


def _part_numbers(dice: random.Random) -> Kind:
    things = ("gasket", "bearing", "shaft seal", "spring", "valve seat", "mounting plate", "hose")
    stuffs = ("brass", "hardened steel", "nitrile rubber", "bronze", "stainless steel", "nylon")
    names = [
        f"{first}-{letter}-{number}"
        for first, letter, number in zip(
            dice.choices((71, 77, 17), k=80),
            dice.choices("ABK", k=80),
            _numbers(dice, 80, 1000, 9899),
            strict=True,
        )
    ]
    entries = [
        Entry(
            name,
            f"{name}: {dice.choice(things)} of {dice.choice(stuffs)}, {dice.randint(4, 90)} mm, "
            f"{dice.randint(2, 300)} euros a piece. Takes the place of {dice.choice(names)}.",
        )
        for name in names
    ]
    asked = ("How much is part {}?", "What is {} made of?", "Do you have {}?")
    return Kind("spare-parts.txt", "Spare parts of the pumps Nordwind", entries, asked)


def _standards(dice: random.Random) -> Kind:
    topics = (
        "the marking of pipes",
        "the testing of ropes",
        "how loads are lashed",
        "lifting gear",
    )
    numbers = _numbers(dice, 70, 1200, 5999)
    entries = []
    for number in numbers:
        series = dice.choice(("NWS", "NWT"))
        text = (
            f"{series} {number} is about {dice.choice(topics)}. It was published in "
            f"{dice.randint(1971, 2022)}, has {dice.randint(4, 80)} pages, and refers to "
            f"{dice.choice(('NWS', 'NWT'))} {dice.choice(numbers)} for its terms."
        )
        entries.append(Entry(f"{series} {number}", text))
    asked = ("What is {} about?", "When was {} published?", "How many pages has {}?")
    return Kind("standards.txt", "Standards that the yard works by", entries, asked)


def _acronyms(dice: random.Random) -> Kind:
    letters = "ACDEFLMPRST"
    words = {
        **{"A": "average", "C": "cargo", "D": "daily", "E": "expected", "F": "fuel", "L": "loss"},
        **{"M": "maximum", "P": "port", "R": "return", "S": "stay", "T": "time"},
    }
    names: list[str] = []
    while len(names) < 60:
        name = "".join(dice.sample(letters, dice.choice((3, 4))))
        if name not in names:
            names.append(name)
    entries = [
        Entry(
            name,
            f"{name}: {' '.join(words[letter] for letter in name)}. It is worked out "
            f"{dice.choice(('once a week', 'for each voyage', 'at the end of a quarter'))} and "
            f"shown beside {dice.choice(names)}.",
        )
        for name in names
    ]
    asked = ("What does {} stand for?", "What is {}?", "How often is {} worked out?")
    return Kind("glossary.txt", "Short forms in the reports of the fleet", entries, asked)


def _people(dice: random.Random) -> Kind:
    first = ("Ingrid", "Ingo", "Marta", "Martin", "Jonas", "Johanna", "Petra", "Peter", "Sanne")
    last = ("Velde", "Velten", "Holm", "Holmgren", "Brandt", "Brandes", "Quist", "Lindqvist")
    roles = ("repairs radios", "plans the shifts", "keeps the archive", "trains new pilots")
    names = [f"{one} {other}" for one in first for other in last]
    dice.shuffle(names)
    entries = [
        Entry(
            name,
            f"{name} {dice.choice(roles)}, sits in room {dice.randint(100, 480)} and stands in "
            f"for {dice.choice(names)} on {dice.choice(('Mondays', 'Thursdays', 'Fridays'))}.",
        )
        for name in names
    ]
    asked = ("What does {} do?", "In which room is {}?", "Where do I find {}?")
    return Kind("people.txt", "Who does what in the harbour office", entries, asked)


def _settings(dice: random.Random) -> Kind:
    heads = ("MAX_OPEN", "MIN_FREE", "CACHE", "RETRY", "MAX_IDLE", "UPLOAD", "INDEX")
    tails = ("FILES", "SECONDS", "BYTES", "LIMIT", "SOCKETS", "PAGES", "ROOT", "DEPTH")
    names = [f"{head}_{tail}" for head in heads for tail in tails]
    dice.shuffle(names)
    entries = [
        Entry(
            name,
            f"{name} ({dice.randint(1, 900)} if it is not set)\n    Bounds what the server may "
            f"{dice.choice(('keep', 'open', 'wait for', 'write'))} before it "
            f"{dice.choice(('refuses', 'waits', 'starts anew'))}. Read together with "
            f"{dice.choice(names)}.",
        )
        for name in names
    ]
    asked = ("What is {} for?", "What happens if {} is not set?", "{}")
    return Kind("server-settings.txt", "Settings of the file server", entries, asked)


KINDS: tuple[Callable[[random.Random], Kind], ...] = (
    _error_codes,
    _options,
    _clauses,
    _part_numbers,
    _standards,
    _acronyms,
    _people,
    _settings,
)


def lines() -> Iterator[str]:
    """Yield a few of the questions, to look at."""
    for question in documents()[1][:20]:
        yield f"{question.filename}: {question.text}"

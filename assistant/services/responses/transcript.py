"""What a model says, as output items and numbered events, also when it has to begin anew."""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assistant.services.responses.output_items import (
    COMPLETED,
    INCOMPLETE,
    PREFIXES,
    Kind,
    Members,
    OutputItem,
    item_id,
)

ABOUT = {
    Kind.CALL: ("call_id", "name"),
    Kind.SEARCH: ("queries", "results"),
}


class Event(NamedTuple):
    """An event under its number; `data` is JSON in one line, as it is sent."""

    number: int
    type: str
    data: str


def event(number: int, name: str, members: Members) -> Event:
    """Make an event."""
    kind = f"response.{name}"
    data = {"type": kind, "sequence_number": number, **members}
    return Event(number, kind, json.dumps(data, ensure_ascii=False))


@dataclass
class _Telling:
    """An item as it is being told now; `item` is what followers know of it."""

    kind: Kind
    key: object
    about: Members
    said: str = ""
    ended: bool = False
    item: OutputItem | None = field(default=None)


class Transcript:
    """The items that followers know, and what is told now, which may repeat them.

    As long as it does, there is nothing new. What is `fresh` has to be committed before anybody
    sees it. `telling` is in order, and so are the items: the first that is told is the first of
    those that were not given up.
    """

    def __init__(self, response_id: uuid.UUID, first_number: int, known: Sequence[Event]) -> None:
        self._response_id = response_id
        self.items = items_of(known)
        self.fresh: list[Event] = []
        self._next = known[-1].number + 1 if known else first_number
        self._told: list[_Telling] = []
        # Whether messages stay open to the end, since only then is known what they cite.
        self.is_citing = False

    def begin(self) -> None:
        """Begin anew, from the first item on."""
        self._told = []

    def tell(self, kind: Kind, text: str, key: object = None, **about: Any) -> None:
        """Say more of an item; what is of another kind, or has another key, is another item."""
        telling = self._current(kind, key, about)
        telling.said += text
        item = telling.item
        assert item is not None
        if item.is_open and len(item.text) + len(text) == len(telling.said):
            # Nothing is repeated any more; of what is not, no character has to be compared.
            self._add(item, text)
        elif item.text.startswith(telling.said):
            return
        elif item.is_open and telling.said.startswith(item.text):
            self._add(item, telling.said[len(item.text) :])
        else:
            self._depart(self._told.index(telling))

    def end_search(self, results: list[Members] | None) -> None:
        """End the search that is being told, with what it has found."""
        telling = self._told[-1]
        assert telling.item is not None
        if telling.item.is_open:
            telling.item.about = {**telling.item.about, "results": results}
        self._end(telling)

    def end(self, *, incomplete: bool = False, annotations: Sequence[Members] = ()) -> None:
        """End what is still open; nothing more is told.

        The indexes of annotations are counted over the texts of all messages, one behind another.
        """
        start = 0
        left = sorted(annotations, key=lambda one: one["index"])
        for place, telling in enumerate(tuple(self._told)):
            last = place == len(self._told) - 1
            own: list[Members] = []
            if telling.kind is Kind.MESSAGE:
                end = start + len(telling.said)
                its = [one for one in left if one["index"] <= end]
                own = [{**one, "index": one["index"] - start} for one in its]
                start, left = end, left[len(its) :]
            self._end(telling, incomplete=incomplete and last, annotations=own)
        for item in self._live()[len(self._told) :]:
            self._give_up(item)

    def output(self) -> list[Members]:
        """Return the items that were told."""
        return [telling.item.body() for telling in self._told if telling.item is not None]

    def _live(self) -> list[OutputItem]:
        return [item for item in self.items if not item.given_up]

    def _current(self, kind: Kind, key: object, about: Members) -> _Telling:
        for telling in self._told:
            # Calls may be told in turns; of the rest, only the last goes on.
            goes_on = kind is Kind.CALL or telling is self._told[-1]
            if goes_on and not telling.ended and (telling.kind, telling.key) == (kind, key):
                return telling
        for telling in tuple(self._told):
            if telling.kind is Kind.MESSAGE and self.is_citing:
                self._settle(telling)
            elif telling.kind is not Kind.CALL:
                self._end(telling)
        telling = _Telling(kind, key, about)
        place = len(self._told)
        self._told.append(telling)
        known = self._live()[place:]
        if known and _is_alike(telling, known[0]):
            telling.item = known[0]
        else:
            self._depart(place)
        return telling

    def _depart(self, place: int) -> None:
        """Give up what followers know from this place on, and tell them what is said instead."""
        for item in self._live()[place:]:
            self._give_up(item)
        for telling in self._told[place:]:
            telling.item = self._open(telling)
            if telling.said:
                self._add(telling.item, telling.said)
            if telling.ended:
                self._close(telling.item, COMPLETED)

    def _open(self, telling: _Telling) -> OutputItem:
        index, kind = len(self.items), telling.kind
        item = OutputItem(
            index, kind, item_id(PREFIXES[kind], self._response_id, index), telling.about
        )
        self.items.append(item)
        self._say(item.opening())
        return item

    def _add(self, item: OutputItem, text: str) -> None:
        if text:
            item.text += text
            self._say([item.more(text)])

    def _end(
        self, telling: _Telling, *, incomplete: bool = False, annotations: Sequence[Members] = ()
    ) -> None:
        if telling.ended:
            return
        self._settle(telling)
        telling.ended = True
        assert telling.item is not None
        if telling.item.is_open:
            if telling.kind is Kind.MESSAGE:
                telling.item.annotations = list(annotations)
            self._close(telling.item, INCOMPLETE if incomplete else COMPLETED)

    def _settle(self, telling: _Telling) -> None:
        """Make sure that followers know no more of it than was said now."""
        assert telling.item is not None
        if telling.kind is not Kind.SEARCH and telling.item.text != telling.said:
            # More was said before.
            self._depart(self._told.index(telling))

    def _close(self, item: OutputItem, status: str) -> None:
        item.status = status
        self._say(item.closing())

    def _give_up(self, item: OutputItem) -> None:
        item.given_up = True
        if item.is_open:
            self._close(item, INCOMPLETE)

    def _say(self, told: Iterable[tuple[str, Members]]) -> None:
        for name, members in told:
            self.fresh.append(event(self._next, name, members))
            self._next += 1


def _is_alike(telling: _Telling, item: OutputItem) -> bool:
    """Return whether an item may be what is told now."""
    if telling.kind is not item.kind:
        return False
    same = {Kind.CALL: ("name",), Kind.SEARCH: ("queries",)}.get(telling.kind, ())
    return all(telling.about[name] == item.about[name] for name in same)


def items_of(events: Sequence[Event]) -> list[OutputItem]:
    """Return the items that events tell of."""
    items: dict[int, OutputItem] = {}
    for _, kind, data in events:
        members = json.loads(data)
        name = kind.removeprefix("response.")
        index = members["output_index"]
        if name == "output_item.added":
            items[index] = _item_of(index, members["item"])
        elif name == "content_part.added" and members["part"]["type"] == "refusal":
            items[index].kind = Kind.REFUSAL
        elif name.endswith(".delta"):
            items[index].text += members["delta"]
        elif name == "output_text.annotation.added":
            items[index].annotations.append(members["annotation"])
        elif name == "output_item.done":
            items[index].about = _about(members["item"])
            items[index].status = members["item"]["status"]
            # What has truly ended so is told with the end of the response.
            items[index].given_up = items[index].status == INCOMPLETE
    return [items[index] for index in sorted(items)]


def _item_of(index: int, body: Members) -> OutputItem:
    return OutputItem(index, Kind(body["type"]), body["id"], _about(body))


def _about(body: Members) -> Members:
    return {name: body[name] for name in ABOUT.get(Kind(body["type"]), ())}

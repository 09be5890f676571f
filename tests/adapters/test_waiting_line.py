"""Who asks for little is served before who asks for much."""

import threading
from functools import partial

from assistant.adapters.waiting_line import WaitingLine
from tests.services.factories import wait_for


def waiter(line: WaitingLine, served: list[str], name: str, address: str) -> threading.Thread:
    """Start somebody who waits for a place, and leaves it at once."""

    def ask() -> None:
        with line.asking(name, address) as rank:
            assert line.enter(rank, 20)
            served.append(name)
            line.leave()

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def waits(line: WaitingLine, number: int) -> bool:
    return len(line._waiting) == number


def order(asking: list[tuple[str, str]]) -> list[str]:
    """Return in which order they are served who come in this one."""
    line, served = WaitingLine(places=1, longest=100), list[str]()
    assert line.enter((0, 0), 1)
    threads = []
    for number, (name, address) in enumerate(asking, start=1):
        threads.append(waiter(line, served, name, address))
        wait_for(partial(waits, line, number))
    line.leave()
    for thread in threads:
        thread.join(20)
    assert line.enter((0, 0), 0), "every place was given back"
    return served


def test_a_name_that_is_asked_for_once_comes_before_one_that_is_asked_for_often() -> None:
    flood = [("victim", "x")] * 4
    assert order([*flood, ("honest", "x")]) == ["victim", "honest", "victim", "victim", "victim"]


def test_an_address_that_asks_once_comes_before_one_that_asks_often() -> None:
    flood = [(f"name{number}", "x") for number in range(3)]
    assert order([*flood, ("honest", "y")]) == ["name0", "honest", "name1", "name2"]


def test_who_waits_in_vain_leaves_no_gap() -> None:
    line = WaitingLine(places=1, longest=1)
    assert line.enter((0,), 0)
    assert not line.enter((0,), 0.01)
    line.leave()
    assert line.enter((0,), 0)
    threading.Thread(target=line.enter, args=((0,), 0.5)).start()
    wait_for(lambda: len(line._waiting) == 1)
    assert not line.enter((0,), 5), "the line is as long as it may be"


def test_a_full_line_sends_its_last_away_for_who_asks_for_less() -> None:
    line, told = WaitingLine(places=1, longest=2), dict[str, bool]()
    assert line.enter((0,), 0)

    def wait(name: str, rank: int) -> threading.Thread:
        thread = threading.Thread(target=lambda: told.update({name: line.enter((rank,), 20)}))
        thread.start()
        return thread

    waiting = []
    for number, (name, rank) in enumerate([("second", 2), ("third", 3)], start=1):
        waiting.append(wait(name, rank))
        wait_for(partial(waits, line, number))
    assert not line.enter((3,), 20), "who asks for as much comes later"
    waiting.append(wait("first", 1))
    waiting[1].join(20)
    assert told == {"third": False}
    line.leave()
    waiting[2].join(20)
    assert told == {"third": False, "first": True}
    line.leave()
    waiting[0].join(20)
    line.leave()
    assert told["second"]
    assert line.enter((9,), 0), "every place was given back"

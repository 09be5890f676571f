"""Whom a local run takes for hanging."""

from pathlib import Path

import pytest

from assistant.local.program import Program
from assistant.local.silence import LOOKS, Silence
from assistant.local.supervision import Supervisor

WELL = {"database": "ok", "sweeper": "ok", "worker:pages": "ok", "worker:replies": "ok"}
SILENT = "has been silent for 70 s"


@pytest.fixture
def silence(tmp_path: Path) -> Silence:
    programs = [
        Program(name=name, command=["-"]) for name in ("web", "pages", "replies", "sweeper")
    ]
    return Silence(Supervisor(programs, tmp_path, tmp_path), "http://127.0.0.1:9", patience=60)


@pytest.mark.parametrize("name", ["worker:pages", "sweeper"])
def test_who_is_silent_at_each_look_is_ended_once(silence: Silence, name: str) -> None:
    for _ in range(LOOKS):
        assert silence.silent_in({**WELL, name: SILENT}) == []
    assert silence.silent_in({**WELL, name: SILENT}) == [name.removeprefix("worker:")]
    assert silence.silent_in({**WELL, name: SILENT}) == [], "it has the time to start again"


@pytest.mark.parametrize(
    "meanwhile",
    [
        WELL,
        {},
        {**WELL, "worker:pages": "is loading the embedding model"},
        {**WELL, "worker:pages": SILENT, "database": "has no room left on its disk"},
    ],
)
def test_one_look_in_between_counts_from_the_beginning(
    silence: Silence, meanwhile: dict[str, str]
) -> None:
    for checks in [*[{**WELL, "worker:pages": SILENT}] * LOOKS, meanwhile] * 2:
        assert silence.silent_in(checks) == []


def test_while_the_database_takes_nothing_nobody_is_taken_for_silent(silence: Silence) -> None:
    full = dict.fromkeys(WELL, SILENT) | {"database": "has no room left on its disk"}
    assert [silence.silent_in(full) for _ in range(3 * LOOKS)] == [[]] * 3 * LOOKS

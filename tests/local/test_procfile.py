"""Reading Procfiles, and what the project's own says."""

from pathlib import Path

import pytest

from assistant.config import Settings
from assistant.local.errors import LocalRunError
from assistant.local.ports import require_free_ports
from assistant.local.procfile import read_processes
from assistant.local.program import APPLICATION
from assistant.local.stack import PROJECT


def test_a_process_is_a_shell_command_in_the_folder_of_its_procfile(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("# said\n\nweb: exec serve ${PORT:-1} # not a comment here\n")
    [process] = read_processes(procfile)
    assert process.name == "web"
    assert process.command == ["sh", "-c", "exec serve ${PORT:-1} # not a comment here"]
    assert process.folder == tmp_path
    assert process.group == APPLICATION


def test_a_line_that_is_no_process_is_named(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("web: serve\nnonsense\n")
    with pytest.raises(LocalRunError, match="line 2"):
        read_processes(procfile)


def test_a_missing_procfile_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalRunError, match="cannot be read: No such file"):
        read_processes(tmp_path / "Procfile")


def test_every_process_of_ours_replaces_its_shell() -> None:
    processes = read_processes(PROJECT / "Procfile")
    names = {process.name for process in processes}
    assert names == {
        *(
            "web",
            "replies",
            "search",
            "pages",
            "indexing",
            "long_indexing",
            "quarantine",
            "sweeper",
            "flower",
        ),
    }
    assert all("exec " in process.command[-1] for process in processes)


def test_one_port_cannot_be_used_twice(settings: Settings) -> None:
    same = settings.model_copy(update={"flower_port": settings.port})
    with pytest.raises(LocalRunError, match="PORT and FLOWER_PORT are both"):
        require_free_ports(same)

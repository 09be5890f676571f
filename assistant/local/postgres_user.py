"""The user id that PostgreSQL runs as when root starts it, and what it may then do."""

import contextlib
import grp
import os
import pwd
import random
import shutil
import stat
from pathlib import Path

from assistant.local.errors import LocalRunError
from assistant.local.secret import write_private

# Below what systems and containers give out by themselves, and below `nobody`.
IDS = range(50_000, 60_000)
OPENED = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
READ_BELOW_CLOSED_FOLDERS = "+dac_read_search"

# What others could have changed while the cluster was theirs, too; everything else that counts is
# on the command line.
CONFIGURATION = {
    "postgresql.conf": "shared_buffers = 128MB\n"
    "datestyle = 'iso, mdy'\n"
    "default_text_search_config = 'pg_catalog.english'\n",
    "postgresql.auto.conf": "",
    "pg_ident.conf": "",
    "pg_hba.conf": "local all all scram-sha-256\n"
    "host all all 127.0.0.1/32 scram-sha-256\n"
    "host all all ::1/128 scram-sha-256\n",
}


def kept_user_id(data_dir: Path) -> int:
    """Return the id of this folder's PostgreSQL, which nothing else uses; chosen once."""
    file = data_dir / "postgres_user_id"
    with contextlib.suppress(OSError, ValueError):
        kept = int(file.read_text())
        if kept in IDS and not _has_name(kept):
            return kept
    in_use = _running()
    chosen = next(
        number
        for number in random.sample(IDS, len(IDS))
        if number not in in_use and not _has_name(number)
    )
    write_private(file, f"{chosen}\n")
    return chosen


def user_with_a_name() -> int:
    """Return the id of an ordinary user that has a name: `initdb` demands one."""
    users = {user.pw_uid: user.pw_name for user in pwd.getpwall() if user.pw_uid != 0}
    if not users:
        raise LocalRunError(
            "PostgreSQL does not run as root, and there is no other user. Run this as an ordinary "
            "user, or set DATABASE_URL."
        )
    return next((uid for uid, name in users.items() if name == "nobody"), max(users))


def run_as(user_id: int, command: list[str], *, past_permissions: bool) -> list[str]:
    """Return the command as this user runs it: without root's powers, but that to read, if asked.

    It can then read what is below folders that are closed to it, and write to nothing of others.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise LocalRunError(
            "PostgreSQL does not run as root, and the program setpriv, which would start it as "
            "somebody else, is missing. Run this as an ordinary user, or set DATABASE_URL."
        )
    powers = f"-all,{READ_BELOW_CLOSED_FOLDERS}" if past_permissions else "-all"
    return [
        setpriv,
        f"--reuid={user_id}",
        f"--regid={user_id}",
        "--clear-groups",
        f"--inh-caps={powers}",
        f"--ambient-caps={powers}",
        f"--bounding-set={powers}",
        "--no-new-privs",
        "--securebits=+no_setuid_fixup",
        # A change of user clears the one that the lifeline set.
        "--pdeathsig=INT",
        "--",
        *command,
    ]


def hand_over(cluster: Path, user_id: int) -> None:
    """Give a cluster to this user, with a configuration that nobody else could have changed.

    The folder itself goes last, so that one that was interrupted is done again; and it is closed
    first, so that its former owner changes nothing meanwhile.
    """
    if cluster.stat().st_uid == user_id:
        return
    os.chown(cluster, 0, 0)
    cluster.chmod(0o700)
    # Its former owner may still be at work further down, and put something else under a name: so
    # each is opened first, without following a link, and then looked at.
    for _, folders, files, folder in os.fwalk(cluster):
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                _give(os.open(name, OPENED, dir_fd=folder), user_id)
    for name, text in CONFIGURATION.items():
        write_private(cluster / name, text)
        os.chown(cluster / name, user_id, user_id)
    os.chown(cluster, user_id, user_id)


def _give(opened: int, user_id: int) -> None:
    """Give an open file or folder to this user, and close it."""
    try:
        found = os.fstat(opened)
        # What root put there is not PostgreSQL's, and what has a second name may be anybody's.
        if found.st_uid != 0 and (stat.S_ISDIR(found.st_mode) or found.st_nlink == 1):
            os.fchown(opened, user_id, user_id)
    finally:
        os.close(opened)


def closed_to_strangers(*needed: Path) -> Path | None:
    """Return a folder on the way to one of these paths that strangers cannot pass, if any."""
    above = (folder for path in needed for folder in path.absolute().parents)
    return next((folder for folder in above if not folder.stat().st_mode & 0o001), None)


def _has_name(user_id: int) -> bool:
    for look_up in (pwd.getpwuid, grp.getgrgid):
        with contextlib.suppress(KeyError):
            look_up(user_id)
            return True
    return False


def _running() -> set[int]:
    """Return the ids that processes run as."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.add(process.stat().st_uid)
    return found

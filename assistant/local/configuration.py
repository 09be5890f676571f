"""Writes what supervisord reads."""

from collections.abc import Sequence

from assistant.local.program import APPLICATION, SERVERS, Program

# supervisord closes the files that it inherits below this number.
LOWEST_KEPT_FILE = 100

# Paths are relative to the folder where supervisord runs, and the two that are not come from its
# environment: a name may hold what this format gives a meaning to.
SUPERVISORD = """\
[supervisord]
nodaemon=true
silent=true
logfile=../log/supervisord.log
logfile_maxbytes=1MB
logfile_backups=1
pidfile=supervisord.pid
childlogdir=../log
nocleanup=true
minfds={files}
minprocs=1

[inet_http_server]
port=127.0.0.1:{port}
username=local
password={password}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

# Among groups, the highest priority stops first: the application before the servers.
GROUP = """
[group:{group}]
programs={names}
priority={priority}
"""

# Retries without an end: what dies is started again for as long as the run lasts, each time a
# second later than the time before if it dies at once.
PROGRAM = """
[program:{program.name}]
command="%(ENV_LOCAL_RUN_PYTHON)s" -I -S "%(ENV_LOCAL_RUN_LIFELINE)s" programs.json {program.name}
autostart={autostart}
autorestart=true
startsecs={program.settle_seconds}
startretries=1000000000
stopsignal={program.stop_signal}
stopwaitsecs={program.stop_seconds}
stopasgroup=false
killasgroup=true
redirect_stderr=true
"""

TO_TERMINAL = """\
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
"""

TO_FILE = """\
stdout_logfile=../log/{program.name}.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=2
"""


def configuration(
    programs: Sequence[Program], port: int, password: str, *, logs_to_files: bool
) -> str:
    """Return the text of supervisord.conf; the application may write to the terminal."""
    parts = [SUPERVISORD.format(port=port, password=password, files=LOWEST_KEPT_FILE)]
    for group, priority in ((SERVERS, 100), (APPLICATION, 900)):
        names = [program.name for program in programs if program.group == group]
        if names:
            parts.append(GROUP.format(group=group, names=",".join(names), priority=priority))
    for program in programs:
        autostart = str(program.group == SERVERS).lower()
        parts.append(PROGRAM.format(program=program, autostart=autostart))
        to_terminal = program.group == APPLICATION and not logs_to_files
        parts.append((TO_TERMINAL if to_terminal else TO_FILE).format(program=program))
    return "".join(parts)

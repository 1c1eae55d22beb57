"""Leave processes that want to outlive the build. Each has the token in its command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

from probe import TARGETS, attempt, say

TOKEN = TARGETS["token"]
_SLEEP = "import time; time.sleep(600)"
_STUBBORN = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 13, 15)]; time.sleep(600)"
_FORKER = """
import os, time
while True:
    if os.fork():
        os._exit(0)
    os.setsid()
    time.sleep(0.001)
"""
_MANY = """
import os, time
for _ in range(150):
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
time.sleep(600)
"""


def _command(name: str, code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code, f"{TOKEN}-{name}"]


def _start(name: str, code: str, *before: str, session: bool = True) -> int:
    nothing = subprocess.DEVNULL
    command = [*before, *_command(name, code)]
    # An empty environment: what the worker knows its processes by is not there.
    return subprocess.Popen(
        command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=session, env={}
    ).pid


def _daemon(name: str, code: str) -> int:
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            for descriptor in range(256):
                with suppress(OSError):
                    os.close(descriptor)
            os.chdir("/")
            command = _command(name, code)
            os.execve(command[0], command, {})
        os._exit(0)
    os.waitpid(child, 0)
    return child


def _stopped() -> int:
    pid = _start("stopped", _SLEEP)
    os.kill(pid, signal.SIGSTOP)
    return pid


attempt("setsid", lambda: _start("setsid", _SLEEP))
attempt("double-fork", lambda: _daemon("double-fork", _SLEEP))
attempt("nohup", lambda: _start("nohup", _SLEEP, "nohup", session=False))
attempt("stubborn", lambda: _daemon("stubborn", _STUBBORN))
attempt("stopped", _stopped)
attempt("forker", lambda: _daemon("forker", _FORKER))
attempt("many", lambda: _daemon("many", _MANY))
unshare = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child=SIGCONT")
attempt("namespaces", lambda: _start("namespaces", _STUBBORN, *unshare[:-1]))
for name, command in (("at", ["at", "now"]), ("crontab", ["crontab", "-"])):
    line = f"* * * * * {' '.join(_command(name, _SLEEP))}\n"
    attempt(
        name, lambda command=command, line=line: subprocess.run(command, input=line.encode(), check=False).returncode
    )
time.sleep(0.3)
say("own", f"had {os.getpid()}")

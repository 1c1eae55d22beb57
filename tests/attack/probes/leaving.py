"""Leave things for whoever builds next, and for the same user's next build. `looking.py` looks for them."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
from pathlib import Path

from probe import TARGETS, attempt, call

_CREATE = 0o1000
TOKEN = TARGETS["token"]
KEY = TARGETS["key"]
_ADD_KEY = {"x86_64": 248, "aarch64": 217}


def _leave(path: str, text: str = "") -> int:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.write_text(text or f"{TOKEN}\n")


for where in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/dev/mqueue"):
    attempt(f"file:{where}", lambda where=where: _leave(f"{where}/{TOKEN}"))
attempt("tmpdir", lambda: _leave(f"{os.environ['TMPDIR']}/{TOKEN}"))
attempt("shared-memory", lambda: call("shmget", KEY, 4096, _CREATE | 0o666))
attempt("semaphores", lambda: call("semget", KEY, 1, _CREATE | 0o666))
attempt("messages", lambda: call("msgget", KEY, _CREATE | 0o666))
number = _ADD_KEY.get(platform.machine(), -1)
data = ctypes.c_char_p(TOKEN.encode())
attempt("keyring", lambda: call("syscall", number, b"user", TOKEN.encode(), data, len(TOKEN), ctypes.c_int(-4)))

home = os.environ["HOME"]
evil = f"echo {TOKEN}-ran > {TARGETS['rw']}/{TOKEN}-$$; export {TOKEN.replace('-', '_')}=1\n"
attempt(
    "home:.gitconfig",
    lambda: _leave(f"{home}/.gitconfig", f'[core]\n\tfsmonitor = "{evil.strip()}"\n[user]\n\tname = {TOKEN}\n'),
)
attempt("home:.config/git/config", lambda: _leave(f"{home}/.config/git/config", f"[user]\n\tname = {TOKEN}\n"))
attempt("home:.ssh/config", lambda: _leave(f"{home}/.ssh/config", f"Host *\n  ProxyCommand {evil}"))
attempt("home:.ssh/known_hosts", lambda: _leave(f"{home}/.ssh/known_hosts"))
for name in (".profile", ".bashrc", ".bash_profile", ".bash_login", ".pam_environment", ".netrc", ".npmrc"):
    attempt(f"home:{name}", lambda name=name: _leave(f"{home}/{name}", evil))
attempt("home:bin", lambda: (_leave(f"{home}/bin/git", f"#!/bin/sh\n{evil}"), os.chmod(f"{home}/bin/git", 0o755)))
for directory in os.environ["PATH"].split(":"):
    attempt(f"path:{directory}", lambda directory=directory: _leave(f"{directory}/{TOKEN}"))

attempt("umask", lambda: os.umask(0o777))
attempt("limit", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)) or "set")
os.umask(0o022)


def _limit_others() -> int:
    """Also for the worker, where it is the same user's."""
    limits = (ctypes.c_uint64 * 2)(0, 0)
    return sum(
        call("prlimit", pid, resource.RLIMIT_CORE, ctypes.byref(limits), None) + 1
        for pid in TARGETS["processes"].values()
    )


attempt("limit-of-worker", _limit_others)
attempt("environment", lambda: os.environ.update({"LD_PRELOAD": TOKEN, "BASH_ENV": TOKEN}))

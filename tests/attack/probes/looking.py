"""What of `leaving.py` a build meets: an honest one, whose words count."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import subprocess
from pathlib import Path

from probe import TARGETS, attempt, call, say

TOKEN = TARGETS["token"]
KEY = TARGETS["key"]
_KEYCTL = {"x86_64": 250}.get(platform.machine(), 219)
_SEARCH, _USER_KEYRING = 10, -4


def _there(path: str) -> str:
    return Path(path).read_text(errors="replace").strip()[:20]


for where in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/dev/mqueue"):
    attempt(f"file:{where}", lambda where=where: _there(f"{where}/{TOKEN}"))
attempt("tmpdir", lambda: _there(f"{os.environ['TMPDIR']}/{TOKEN}"))
attempt("shared-memory", lambda: call("shmget", KEY, 0, 0))
attempt("semaphores", lambda: call("semget", KEY, 0, 0))
attempt("messages", lambda: call("msgget", KEY, 0))
keyring = (ctypes.c_long(_SEARCH), ctypes.c_long(_USER_KEYRING), b"user", TOKEN.encode(), ctypes.c_long(0))
attempt("keyring", lambda: call("syscall", _KEYCTL, *keyring))
home = Path(os.environ["HOME"])
files = (path for path in home.rglob("*") if path.is_file())
found = [str(path.relative_to(home)) for path in files if TOKEN in path.read_text(errors="replace")]
say("home", f"had {sorted(found)}" if found else "ENOENT")
shell = subprocess.run(["bash", "-lc", "git config user.name; env"], capture_output=True, text=True, check=False)
say("shell", "had it" if TOKEN in shell.stdout or TOKEN.replace("-", "_") in shell.stdout else "ENOENT")
for directory in os.environ["PATH"].split(":"):
    attempt(f"path:{directory}", lambda directory=directory: _there(f"{directory}/{TOKEN}"))
umask = os.umask(0o022)
say("umask", oct(umask))
say("limit", str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
say("core-limit", str(resource.getrlimit(resource.RLIMIT_CORE)[1]))
say("environment", "had it" if TOKEN in str(os.environ) else "ENOENT")
say("user", str(os.getuid()))

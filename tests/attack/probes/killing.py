"""Kill, stop and change what is not this build's."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from probe import TARGETS, attempt

_SIGNALS = ("SIGSTOP", "SIGABRT", "SIGSEGV", "SIGTERM", "SIGKILL")


def _spoil(path: str) -> int:
    with Path(path).open("ab") as file:
        return file.write(b"spoilt")


for path in TARGETS["spoil"]:
    attempt(f"write:{os.path.basename(path)}", lambda path=path: _spoil(path))
    attempt(f"remove:{os.path.basename(path)}", lambda path=path: os.unlink(path))
    Path("mine").write_text("spoilt", encoding="utf-8")
    attempt(f"replace:{os.path.basename(path)}", lambda path=path: os.replace("mine", path))
for directory in TARGETS["directories"]:
    attempt(f"make:{directory[-12:]}", lambda directory=directory: os.mkdir(f"{directory}/made-by-attacker"))
for role, pid in TARGETS["processes"].items():
    attempt(f"{role}:SIGCONT", lambda pid=pid: os.kill(pid, signal.SIGCONT))
    attempt(f"{role}:affinity", lambda pid=pid: os.sched_setaffinity(pid, {0}))
    attempt(f"{role}:nice", lambda pid=pid: os.setpriority(os.PRIO_PROCESS, pid, 5))
    if TARGETS["kill"]:
        for name in _SIGNALS:
            attempt(f"{role}:{name}", lambda pid=pid, name=name: os.kill(pid, getattr(signal, name)))
            attempt(
                f"{role}:group:{name}", lambda pid=pid, name=name: os.killpg(os.getpgid(pid), getattr(signal, name))
            )
if TARGETS["kill"]:
    attempt("everybody", lambda: os.kill(-1, signal.SIGTERM))
    attempt("oom", lambda: Path(f"/proc/{TARGETS['processes']['worker']}/oom_score_adj").write_text("1000"))

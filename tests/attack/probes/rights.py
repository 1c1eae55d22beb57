"""Become somebody else, or more than a user is."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

from probe import TARGETS, attempt, bring, call, say, take

_NEWNS, _NEWUSER, _NEWPID = 0x00020000, 0x10000000, 0x20000000


def _be(uid: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(uid, uid, uid)
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))
    return uid


def _run(*command: str) -> str:
    """What a command wrote; an error is one of the system."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=6, check=False)
    bring(done.stdout)
    if done.returncode:
        raise PermissionError(1, done.stderr[-60:])
    return done.stdout.strip()


def _in_own_namespace() -> str:
    """With all capabilities of a user namespace: read and mount what is not its own."""
    paths = " ".join(TARGETS["files"].values())
    script = (
        f"cat {paths}; mkdir -p m; mount -t tmpfs none m && mount --bind {TARGETS['workdir']} m; cat m/identity.json"
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "sh", "-c", script],
        capture_output=True,
        timeout=6,
        check=False,
    )
    bring(done.stdout)
    return str(done.stderr[-60:])


found = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Groups", "Uid", "Gid"):
    say(f"status:{field}", found[field].strip() or "-")
for uid in (0, *TARGETS["uids"]):
    attempt(f"setuid:{uid}", lambda uid=uid: _be(uid))
attempt("setgid", lambda: os.setresgid(0, 0, 0))
attempt("setgroups", lambda: os.setgroups([0]))
attempt("setuid-program", lambda: _run(TARGETS["setuid"], "-c", "import os; print(os.geteuid())"))
attempt("su", lambda: _run("su", "-c", "id -u"))
attempt("sudo", lambda: _run("sudo", "-n", "id", "-u"))
attempt("mount", lambda: call("mount", b"none", b"/mnt", b"tmpfs", 0, None))
attempt("unshare-mounts", lambda: call("unshare", _NEWNS))
attempt("user-namespace", _in_own_namespace)
attempt("chroot", lambda: os.chroot("."))
attempt("device", lambda: os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(254, 0)))
attempt("raw-disk", lambda: os.open(TARGETS["disk"], os.O_RDONLY))
attempt("kernel-memory", lambda: take("/proc/kcore"))
attempt("core-pattern", lambda: Path("/proc/sys/kernel/core_pattern").write_text("|/bin/true"))
attempt("hostname", lambda: call("sethostname", b"x", 1))
attempt("shadow", lambda: take("/etc/shadow"))
attempt("passwd", lambda: os.open("/etc/passwd", os.O_WRONLY))
attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))
attempt("program", lambda: os.open(TARGETS["program"], os.O_WRONLY))
attempt("program-directory", lambda: os.open(os.path.dirname(TARGETS["program"]) + "/x", os.O_WRONLY | os.O_CREAT))

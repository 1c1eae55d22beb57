"""Run a program that never outlives the test run, not even one ended by SIGKILL.

`python lifeline.py SIGNAL USER FOLDER COMMAND...` runs the command, as USER unless that is empty, until its own
standard input reaches its end, which is when the test run closes it or dies. It then sends SIGNAL, waits, kills every
descendant that is left, and removes FOLDER. The folder stays when a byte on standard input asked for that (`K` also
asks for SIGKILL at once), and when the command ended by itself, so that its log can be read. After `S` and the path of
a file, the lock that somebody holds on it takes the place of standard input.
"""

import contextlib
import ctypes
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

GRACE_SECONDS = 10
POLL_SECONDS = 0.2
PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> int:
    """Run the command to its end or ours, and return its exit status."""
    ending, user, folder, *command = arguments
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda *_: None)  # the pipe alone decides, also on Ctrl-C
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        user=user or None,
        group=user or None,
        extra_groups=[] if user else None,
    )
    ended = os.pidfd_open(child.pid)
    told, _, _ = select.select([0, ended], [], [])
    wish = os.read(0, select.PIPE_BUF) if 0 in told else b"k"
    if wish.startswith(b"S"):
        wish = _wait_for_run(os.fsdecode(wish[1:]), ended)
    if wish != b"K":
        child.send_signal(signal.Signals[ending])
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
    _kill_descendants()
    if not wish:
        shutil.rmtree(folder, ignore_errors=True)
    return child.returncode or 0


def _wait_for_run(file: str, ended: int) -> bytes:
    """Wait until the command has ended, or nobody holds a lock on the file; what is to happen then."""
    while _is_locked(file):
        if select.select([ended], [], [], POLL_SECONDS)[0]:
            return b"k"
    return b""


def _is_locked(file: str) -> bool:
    try:
        with Path(file).open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def _kill_descendants() -> None:
    """Kill children until none is left; what a killed one leaves becomes a child of this process."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while pids := children.read_text().split():
        for pid in map(int, pids):
            os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

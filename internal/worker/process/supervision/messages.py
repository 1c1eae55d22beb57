"""The messages between a worker and its supervisors.

They travel over a pair of SOCK_SEQPACKET sockets, so each is whole or not there at all. What can be long (arguments,
environment) goes through an anonymous file whose descriptor is sent along, with those of stdout, stderr and, if there
is one, stdin.
"""

import os
import socket
from array import array
from collections.abc import Mapping, Sequence

MAX_MESSAGE_BYTES = 8192
MAX_DESCRIPTORS = 4  # request, stdout, stderr, stdin
MAX_REQUEST_BYTES = 4 << 20  # the kernel's own limit for arguments and environment is 2 MiB with the usual stack

READY = b"ready"
RUN = b"run"
HOLD = b"hold"  # a run that keeps what its command leaves behind
UNTIL = b"until"
STOP = b"stop"
LEFT = b"left"  # how the held command ended; those it left run on
DONE = b"done"
FAILED = b"failed"
UNFIT = b"unfit"


class User:
    """Whom a command runs as; with ``tmp``, in namespaces of its own, in which that directory is its /tmp."""

    def __init__(self, uid: int, gid: int, tmp: str = "") -> None:
        self.uid = uid
        self.gid = gid
        self.tmp = tmp


class Request:
    """What to execute, as the kernel takes it.

    Without ``argv`` all processes of the user are to be killed. A plain class, as the modules behind named tuples and
    data classes take a megabyte.
    """

    def __init__(self, argv: list[bytes], cwd: bytes, env: dict[bytes, bytes], user: User | None = None) -> None:
        self.argv = argv
        self.cwd = cwd
        self.env = env
        self.user = user


class Ending:
    """How a command ended; ``status`` is as from ``wait``, -1 when the main process never was or could not be killed.

    ``lapsed``: its deadline had passed.
    """

    def __init__(
        self,
        status: int,
        *,
        stopped: bool,
        lapsed: bool = False,
        leftovers: int = 0,
        survivors: int = 0,
        usage: tuple[int, float, float] = (0, 0.0, 0.0),
    ) -> None:
        self.status = status
        self.stopped = stopped
        self.lapsed = lapsed
        self.leftovers = leftovers
        self.survivors = survivors
        self.max_rss_kib, self.user_seconds, self.system_seconds = usage


def receive(lifeline: socket.socket) -> tuple[bytes, list[int]]:
    """Wait for a message and the descriptors that came with it; nothing (empty) when the other side is gone.

    ``socket.recv_fds`` forgets the flags it is given, and a lifeline inherited by a command would be none.
    """
    room = socket.CMSG_LEN(MAX_DESCRIPTORS * array("i").itemsize)
    try:
        message, ancillary, _flags, _address = lifeline.recvmsg(MAX_MESSAGE_BYTES, room, socket.MSG_CMSG_CLOEXEC)
    except ConnectionError:
        return b"", []
    descriptors = array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return message, list(descriptors)


def encode_request(argv: Sequence[str], cwd: str, env: Mapping[str, str], user: User | None = None) -> bytes:
    """Pack a request; a NUL, which no field can hold, separates the fields. Raises ValueError with a sentence."""
    fields = [_pack_user(user), str(len(argv)), cwd, *argv, *(f"{name}={value}" for name, value in env.items())]
    if not argv or not argv[0]:
        raise ValueError("the command is empty")
    bad = next((name for name in env if not name or "=" in name), None)
    if bad is not None:
        raise ValueError(f"environment variable {bad!r} has a bad name: it is empty or contains =")
    packed = os.fsencode("\0".join(fields))
    if packed.count(b"\0") != len(fields) - 1:
        raise ValueError(_where_nul(argv, cwd, env))
    if len(packed) > MAX_REQUEST_BYTES:
        raise ValueError(
            f"arguments and environment take {len(packed)} bytes, of which at most {MAX_REQUEST_BYTES} are allowed; "
            "pass large values in files"
        )
    return packed


def encode_end(user: User) -> bytes:
    """Pack the request to kill all processes of a user."""
    return os.fsencode("\0".join((_pack_user(user), "0", "/")))


def _pack_user(user: User | None) -> str:
    return f"{user.uid}:{user.gid}:{user.tmp}" if user else ""


def _where_nul(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> str:
    for index, argument in enumerate(argv):
        if "\0" in argument:
            return f"argument {index} contains a NUL byte"
    if "\0" in cwd:
        return "the working directory's name contains a NUL byte"
    name = next(name for name, value in env.items() if "\0" in name or "\0" in value)
    return f"environment variable {name!r} contains a NUL byte"


def decode_request(packed: bytes) -> Request:
    """Unpack what ``encode_request`` or ``encode_end`` packed."""
    whom, count, cwd, *rest = packed.split(b"\0")
    argv, pairs = rest[: int(count)], rest[int(count) :]
    user = None
    if whom:
        uid, gid, tmp = whom.split(b":", 2)
        user = User(int(uid), int(gid), os.fsdecode(tmp))
    return Request(argv, cwd, dict(pair.split(b"=", 1) for pair in pairs), user)


def encode_ending(ending: Ending, verb: bytes = DONE) -> bytes:
    """Pack an ending into one message."""
    ended = (ending.status, ending.stopped, ending.lapsed)
    whole = (*ended, ending.leftovers, ending.survivors, ending.max_rss_kib)
    return b"%s %d %d %d %d %d %d %f %f" % (verb, *whole, ending.user_seconds, ending.system_seconds)


def decode_ending(message: bytes) -> Ending:
    """Unpack what ``encode_ending`` packed."""
    *whole, user, system = message.split()[1:]
    status, stopped, lapsed, leftovers, survivors, max_rss_kib = map(int, whole)
    usage = max_rss_kib, float(user), float(system)
    return Ending(
        status,
        stopped=bool(stopped),
        lapsed=bool(lapsed),
        leftovers=leftovers,
        survivors=survivors,
        usage=usage,
    )

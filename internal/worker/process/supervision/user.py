"""Becoming the user of a build, for good: what is executed then has nothing of the worker's.

The way from the worker's user to the build's leads through a fork: mounts, pipes and capabilities are changed by a
child that still may, then it gives up that it may, and only then it looks at anything that the build can choose.
"""

import ctypes
import os
import signal
import time
from collections.abc import Sequence

from .family import pids
from .kernel import close_to_others, libc, prctl
from .launch import DEFAULT_SIGNALS, LaunchError, enter_directory, explain, find_program, message_of, reason_of
from .messages import Request, User

# linux/prctl.h, linux/capability.h, linux/sched.h, linux/mount.h
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWNS = 0x00020000
_CLONE_NEWIPC = 0x08000000
# linux/keyctl.h; the number of the call differs between architectures
_KEYCTL = {"x86_64": 250, "ppc64le": 271, "s390x": 280}.get(os.uname().machine, 219)
_JOIN_SESSION, _CLEAR, _GET_PERSISTENT = 1, 7, 22
_PROCESS_KEYRING, _USER_KEYRING, _USER_SESSION_KEYRING = -2, -4, -5
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_SLAVE = 2, 4, 4096, 16384, 1 << 19

# What programs expect: files that a build packs or hands on can be read. Others are kept out by its directories.
UMASK = 0o022
END_LIMIT_SECONDS = 5.0
RESCAN_SECONDS = 0.005
_SHARED_DIRECTORIES = ("/tmp", "/var/tmp")  # noqa: S108 - these are covered, not used


def launch_as(request: Request, user: User, stdio: Sequence[int]) -> tuple[int, int]:
    """Start a command as a user; give its pid, and a pipe with the reason should it end without being executed.

    Without arguments, all processes of the user are killed instead. Nothing here waits for the child: others may stop
    it once it is that user's. Raises LaunchError.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
    except OSError as error:
        os.close(reader)
        os.close(writer)
        raise LaunchError(f"the system cannot start another process now ({reason_of(error)})") from error
    if pid:
        os.close(writer)
        return pid, reader
    status = 127
    try:
        _reset_signals()
        if request.argv:
            _execute(request, user, stdio)
        become(user)
        status = 1 if _end_all() else 0
        _forget_keys()
    except Exception as error:  # noqa: BLE001 - the outermost frame of this process; the supervisor hands it on
        os.write(writer, message_of(error)[:4096])
    finally:
        os._exit(status)


def become(user: User) -> None:
    """Be this user from now on, with its own group alone, no capability, and no way to any. Raises OSError."""
    _forbid_capabilities()
    os.setgroups([user.gid])
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    _drop_capabilities()
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    close_to_others()  # a change of users resets this where the machine dumps the memory of all programs
    if os.getresuid() != (user.uid,) * 3 or user.uid == 0 or _has_capabilities():
        raise PermissionError("this process could not give up its rights")


def _execute(request: Request, user: User, stdio: Sequence[int]) -> None:
    """Become the command. Raises LaunchError and OSError."""
    if user.tmp:
        _leave_shared_places(user.tmp)
    for descriptor in stdio[1:]:
        os.fchown(descriptor, user.uid, user.gid)  # else /dev/stdout and /dev/stderr could not be opened
    for target, source in enumerate(stdio):
        os.dup2(source, target)
    become(user)
    _keyctl(_JOIN_SESSION, 0)  # not the worker's: whoever has a keyring may read what is in it
    os.umask(UMASK)
    enter_directory(request)
    program = find_program(request)
    try:
        os.execve(program, request.argv, request.env)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise explain(error, request, program) from error


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in DEFAULT_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.setsid()


def _leave_shared_places(tmp: str) -> None:
    """Take part no longer in the machine's mounts, shared memory, semaphores and queues; have a /tmp of one's own.

    A directory for temporary files that the work directory lies in stays as it is. Raises OSError.
    """
    _check("a mount namespace", libc.unshare(_CLONE_NEWNS | _CLONE_NEWIPC))
    _mount(b"none", b"/", None, _MS_REC | _MS_SLAVE)
    if os.path.isdir("/dev/shm"):  # noqa: S108
        _mount(b"tmpfs", b"/dev/shm", b"tmpfs", _MS_NOSUID | _MS_NODEV, b"mode=1777")
    place = os.path.realpath(tmp)
    for shared in _SHARED_DIRECTORIES:
        if os.path.isdir(shared) and not place.startswith(os.path.realpath(shared) + "/"):
            _mount(os.fsencode(tmp), shared.encode(), None, _MS_BIND)


def _mount(source: bytes, target: bytes, kind: bytes | None, flags: int, data: bytes | None = None) -> None:
    _check(f"mount {os.fsdecode(target)}", libc.mount(source, target, kind, ctypes.c_ulong(flags), data))


def _forbid_capabilities() -> None:
    """Have no program give any capability again, where this process may forbid that; a forbidden gain stays one."""
    for number in range(64):
        try:
            prctl(_PR_CAPBSET_DROP, number)
        except OSError:
            return  # the last one, or none may be forbidden: then no_new_privs alone stands in the way


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _check("capset", libc.capset(header, (ctypes.c_uint32 * 6)()))


def _has_capabilities() -> bool:
    header, found = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    _check("capget", libc.capget(header, found))
    return any(found)


def _check(what: str, result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _forget_keys() -> None:
    """Empty the keyrings that the kernel keeps for this process's user, whatever runs."""
    for keyring in (_USER_KEYRING, _USER_SESSION_KEYRING, _keyctl(_GET_PERSISTENT, -1, _PROCESS_KEYRING)):
        if keyring != -1:
            _keyctl(_CLEAR, keyring)


def _keyctl(operation: int, *arguments: int) -> int:
    """Call the kernel's keeper of keys; -1 where it has none, or may not be called, as in most containers."""
    return int(libc.syscall(_KEYCTL, operation, *(ctypes.c_long(argument) for argument in arguments)))


def _end_all() -> bool:
    """Kill all other processes of this process's user; tell whether somebody is left.

    One call reaches all at once: no fork escapes it, as the kernel holds the list of processes meanwhile.
    """
    limit = time.monotonic() + END_LIMIT_SECONDS
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return False
        if not _others():
            return False
        if time.monotonic() > limit:
            return True
        time.sleep(RESCAN_SECONDS)


def _others() -> bool:
    """Tell whether another process of this process's user runs."""
    uid, own = str(os.getuid()).encode(), os.getpid()
    return any(pid != own and uid in _living_users(pid) for pid in pids())


def _living_users(pid: int) -> list[bytes]:
    """Give the user ids of a process, or none when it is dead."""
    try:
        with open(f"/proc/{pid}/status", "rb", buffering=0) as file:
            lines = file.read(4096).split(b"\n")
    except OSError:
        return []
    fields = {name: rest.split() for name, _, rest in (line.partition(b":") for line in lines)}
    return [] if fields.get(b"State", [b"X"])[0] in {b"Z", b"X"} else fields.get(b"Uid", [])

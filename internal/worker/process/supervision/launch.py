"""Starting a command, or one sentence that says why it cannot be started."""

import errno
import os
import signal
from collections.abc import Iterator, Sequence

from .messages import FAILED, UNFIT, Request

# Python ignores SIGPIPE and SIGXFSZ, this process ignores more, and an ignored signal would stay so in the command.
DEFAULT_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
_UNFIT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EISDIR, errno.EINVAL, errno.ELIBBAD}
_DEFAULT_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LaunchError(Exception):
    """A command that cannot be started; the text is for the user."""


class UnfitCommandError(LaunchError):
    """No machine in this state can start the command: there is no such program, or it takes no such arguments."""


def message_of(error: Exception) -> bytes:
    """What is sent about a command that could not be started."""
    verb = UNFIT if isinstance(error, UnfitCommandError) else FAILED
    return verb + b" " + str(error).encode("utf-8", "backslashreplace")


def launch(request: Request, stdio: Sequence[int]) -> int:
    """Start a command in a session of its own and give its pid. Leaves this process in the command's directory.

    ``posix_spawn`` shares the memory until the exec, which takes half the time of a fork here. It cannot change the
    directory, so this process does. Raises LaunchError.
    """
    enter_directory(request)
    program = find_program(request)
    try:
        return os.posix_spawn(
            program,
            request.argv,
            request.env,
            file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(stdio)],
            setsid=True,
            setsigmask=(),
            setsigdef=DEFAULT_SIGNALS,
        )
    except OSError as error:
        raise explain(error, request, program) from error


def enter_directory(request: Request) -> None:
    """Change to the command's directory. Raises LaunchError."""
    try:
        os.chdir(request.cwd)
    except OSError as error:
        raise LaunchError(f"working directory {_text(request.cwd)}: {reason_of(error)}") from error


def find_program(request: Request) -> bytes:
    """Give the path of the program, seen from the command's directory. Raises LaunchError."""
    name = request.argv[0]
    if b"/" in name:
        return name
    path = request.env.get(b"PATH", _DEFAULT_PATH)
    not_executable = None
    for candidate in _candidates(name, path):
        if os.access(candidate, os.X_OK):
            return candidate
        not_executable = not_executable or candidate
    if not_executable:
        raise UnfitCommandError(f"{_text(not_executable)}: permission denied (it is not executable)")
    raise UnfitCommandError(f"command {_text(name)!r} was not found in PATH ({_text(path)})")


def _candidates(name: bytes, path: bytes) -> Iterator[bytes]:
    for directory in path.split(b":"):
        candidate = (directory or b".") + b"/" + name
        if os.path.isfile(candidate):
            yield candidate


def explain(error: OSError, request: Request, program: bytes) -> LaunchError:
    """The error that says why the program could not be executed."""
    name = _text(program)
    if error.errno == errno.ENOENT and os.path.exists(program):
        return UnfitCommandError(f"{name}: its interpreter (see its first line) or its loader does not exist")
    if error.errno == errno.EACCES:
        what = "it is a directory" if os.path.isdir(program) else "is it executable?"
        return UnfitCommandError(f"{name}: permission denied ({what})")
    if error.errno == errno.ENOEXEC:
        return UnfitCommandError(f"{name}: not a program for this machine, nor a script with #! in its first line")
    if error.errno == errno.E2BIG:
        size = sum(map(len, request.argv)) + sum(len(key) + len(value) + 2 for key, value in request.env.items())
        return UnfitCommandError(
            f"{name}: the system does not take {size} bytes of arguments and environment; pass large values in files"
        )
    if error.errno in {errno.EAGAIN, errno.ENOMEM}:
        return LaunchError(f"{name}: the system cannot start another process now ({reason_of(error)})")
    kind = UnfitCommandError if error.errno in _UNFIT else LaunchError
    return kind(f"{name}: {reason_of(error)}")


def reason_of(error: OSError) -> str:
    """Give the system's reason, to follow a colon."""
    text = os.strerror(error.errno or 0)
    return text[:1].lower() + text[1:]


def _text(name: bytes) -> str:
    """Show a path of any bytes and length in one bounded line."""
    text = name.decode("utf-8", "backslashreplace").replace("\n", "\\n")
    return text if len(text) <= 1000 else text[:1000] + "…"

"""What to run, and how it ended."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from os import PathLike

from pikoci.internal.worker.process.supervision.messages import User

DEFAULT_GRACE_SECONDS = 10.0


class Reason(StrEnum):
    """Why a command is no longer running.

    ``EXITED``: its main process ended by itself (an exit status or a signal that was not ours).
    ``TIMEOUT`` and ``CANCELLED``: it was still running when it was stopped for that reason.
    ``NOT_STARTED``: nothing ever ran, through no fault of the command; ``ExitResult.message`` says why.
    ``UNFIT``: nothing ever ran and nothing could: there is no such program, or it takes no such arguments.
    ``LAPSED``: its deadline passed, so it was killed, or not started at all.
    ``LOST``: the process that supervised it died, so it was killed and its status is unknown.
    """

    EXITED = "exited"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    NOT_STARTED = "not_started"
    UNFIT = "unfit"
    LAPSED = "lapsed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One child process.

    ``argv[0]`` is a path when it holds a slash (a relative one starts at ``cwd``), else it is looked up in
    the ``PATH`` of ``env``. ``env`` is the whole environment: nothing of the worker's is inherited, only
    the mark is added. ``argv`` is visible to every user of the machine and must not hold a secret;
    ``env`` and ``stdin`` never travel over a command line. Without ``stdin`` the command reads /dev/null.
    It runs as ``user``, as the worker's own without.
    """

    argv: Sequence[str]
    cwd: str | PathLike[str]
    env: Mapping[str, str] = field(repr=False)
    stdin: bytes | None = field(default=None, repr=False)
    user: User | None = None


@dataclass(frozen=True, slots=True)
class ResourceUsage:
    """What the main process and the children it waited for used.

    The kernel counts the peak memory from the process that started it, so about 10 MiB is the least it shows.
    """

    user_seconds: float
    system_seconds: float
    max_rss_bytes: int


@dataclass(frozen=True, slots=True)
class ExitResult:
    """How a command ended.

    At most one of ``exit_code`` and ``signal`` is set, both for the main process; neither is when it never
    started, was lost or could not be killed. ``message`` is one sentence for the user, empty only for a
    normal exit. ``duration_seconds`` runs from the call until all processes were gone. ``leftovers_killed`` counts
    processes that the ended command had left behind. ``survivors`` counts those that could not be killed
    (another user's, as with sudo, or stuck in the kernel); it is 0 in any ordinary case.
    """

    reason: Reason
    exit_code: int | None = None
    signal: int | None = None
    message: str = ""
    duration_seconds: float = 0.0
    leftovers_killed: int = 0
    survivors: int = 0
    usage: ResourceUsage | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the command ended by itself with exit status 0."""
        return self.reason is Reason.EXITED and self.exit_code == 0

    def describe(self) -> str:
        """The end in a few words: "exit status 3", "killed by SIGSEGV", or the message."""
        if self.message:
            return self.message
        if self.signal is not None:
            return f"killed by {_signal_name(self.signal)}"
        return f"exit status {self.exit_code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

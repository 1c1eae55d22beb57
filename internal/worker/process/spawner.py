"""The worker's way to run child processes."""

from collections.abc import Callable

from gevent.event import Event

from .command import DEFAULT_GRACE_SECONDS, Command, ExitResult

Sink = Callable[[bytes], None]


class Spawner:
    """Runs commands for one worker, any number at a time, and leaves no process behind.

    One small process per worker (the zygote) forks supervisors; each supervisor runs one command at a time
    and adopts whatever the command daemonises. When the worker dies, also by SIGKILL, everything it was
    running dies with it at once. ``mark`` (1 to 128 of ``A-Z a-z 0-9 . _ -``, unique on this machine, the same
    after a restart) is put in the environment of every process for ``sweep_leftovers``.
    """

    def __init__(self, mark: str) -> None:
        """Check the mark; nothing is started yet. Raises ValueError for a bad mark."""
        self._mark = mark

    def start(self) -> None:
        """Start the zygote. Raises SpawnerError when it does not come up."""
        raise NotImplementedError

    def close(self) -> None:
        """Kill every running command (those calls return as cancelled), wait, and end the zygote."""
        raise NotImplementedError

    def run(
        self,
        command: Command,
        on_output: Sink,
        *,
        on_stderr: Sink | None = None,
        timeout: float | None = None,
        cancel: Event | None = None,
        grace: float = DEFAULT_GRACE_SECONDS,
    ) -> ExitResult:
        """Run one command and return how it ended, when all its processes are gone.

        ``on_output`` gets stdout and stderr merged in order; with ``on_stderr`` it gets stdout alone. They are
        called in the calling greenlet with chunks of 1 to 64 KiB as they come, and may block: then reading
        stops, the command waits on its full pipe, and memory stays bounded. Timeout and cancel act meanwhile.

        After ``timeout`` seconds, or when ``cancel`` is set, all processes of the command get SIGTERM, and
        after ``grace`` seconds more SIGKILL. A command that cannot be started is a result, not an exception.
        When a sink raises, or the calling greenlet is killed, the command is killed before that goes on.

        Processes that outlive the main process are killed. Services, which must outlive a step, will
        get an interface of their own.
        """
        raise NotImplementedError

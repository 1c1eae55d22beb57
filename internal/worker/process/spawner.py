"""The worker's way to run child processes."""

import os
import re
import time
from contextlib import ExitStack
from dataclasses import replace

import gevent
import structlog
from gevent.event import Event
from gevent.lock import RLock

from pikoci.internal.worker.process.command import DEFAULT_GRACE_SECONDS, ExitResult, Invocation, Reason
from pikoci.internal.worker.process.deadline import Deadline
from pikoci.internal.worker.process.errors import SpawnerError
from pikoci.internal.worker.process.execution import Execution, OnLeft, Sink, open_streams
from pikoci.internal.worker.process.link import Link, reason_of
from pikoci.internal.worker.process.supervision.messages import User, encode_end, encode_request
from pikoci.internal.worker.process.supervision.run import KILL_LIMIT_SECONDS
from pikoci.internal.worker.process.sweep import MARK_VARIABLE, sweep_leftovers
from pikoci.internal.worker.process.zygote_process import ZygoteProcess

MAX_IDLE_SUPERVISORS = 16  # 2 MiB each, and never more than ran at once
RECOVER_POLL_SECONDS = 0.02
END_USER_SECONDS = 2 * KILL_LIMIT_SECONDS

_MARK = re.compile(r"[A-Za-z0-9._-]{1,128}")
_CLOSED = "cancelled: the worker is stopping"

_log = structlog.get_logger(__name__)


class Spawner:
    """Runs commands for one worker, any number at a time, and leaves no process behind.

    One small process per worker (the zygote) forks supervisors; each supervisor runs one command at a time
    and adopts whatever the command daemonises. When the worker dies, also by SIGKILL, everything it was
    running dies with it at once. ``mark`` (1 to 128 of ``A-Z a-z 0-9 . _ -``, unique on this machine, the same
    after a restart) is put in the environment of every process for ``sweep_leftovers``.

    What a command has started by a service of the machine (a container by its daemon, a timer, a unit) is not its
    descendant and is not found. Not for use across a fork: the child would hold the lifeline open.
    """

    def __init__(self, mark: str) -> None:
        """Check the mark; nothing is started yet. Raises ValueError for a bad mark."""
        if not _MARK.fullmatch(mark):
            raise ValueError(f"a worker's mark must be 1 to 128 characters of A-Z a-z 0-9 . _ -, not {mark!r}")
        self._mark = mark
        self._lock = RLock()
        self._zygote: ZygoteProcess | None = None
        self._idle: list[Link] = []
        self._links: set[Link] = set()
        self._running: set[Execution] = set()
        self._closed = False

    def start(self) -> None:
        """Start the zygote and one supervisor; without it, the first ``run`` does. Raises SpawnerError."""
        self._give_back(self._take())

    def close(self) -> None:
        """Kill every running command, wait until all processes are gone, and end the zygote.

        The calls that run return as cancelled. Later ones start nothing.
        """
        self._closed = True
        for execution in self._running:
            execution.stop(Reason.CANCELLED, _CLOSED, grace=0.0)
        for link in self._links:
            link.cut()
        with self._lock:
            zygote, self._zygote = self._zygote, None
            if zygote is not None:
                zygote.close()
            while self._idle:
                self._drop(self._idle.pop())

    def run(
        self,
        command: Invocation,
        on_output: Sink,
        *,
        on_stderr: Sink | None = None,
        timeout: float | None = None,
        cancel: Event | None = None,
        grace: float = DEFAULT_GRACE_SECONDS,
        deadline: Deadline | None = None,
        on_left: OnLeft | None = None,
    ) -> ExitResult:
        """Run one command and return how it ended, when all its processes are gone.

        ``on_output`` gets stdout and stderr merged in order; with ``on_stderr`` it gets stdout alone. They are
        called in the calling greenlet with chunks of 1 to 64 KiB as they come, and may block: then reading
        stops, the command waits on its full pipe, and memory stays bounded. Timeout and cancel act meanwhile.

        After ``timeout`` seconds, or when ``cancel`` is set, all processes of the command get SIGTERM, and
        after ``grace`` seconds more SIGKILL. A command that cannot be started is a result, not an exception.
        When a sink raises, or the calling greenlet is killed, the command is killed before that goes on.
        At the ``deadline``, which may move meanwhile, all is killed at once, also while this process is stopped.

        Processes that outlive the main process are killed, unless there is ``on_left``: then they are held, as a
        daemon should be that the command started. ``on_left`` is told how the command ended, after its output, and
        the call goes on, as does the output, until they are stopped by cancel or deadline, or have all ended.
        It is not called when nothing is left, or the command is stopped before its end.
        """
        began = time.monotonic()
        if cancel is not None and cancel.is_set():
            return ExitResult(Reason.CANCELLED, message="cancelled before it started")
        env = {**command.env, MARK_VARIABLE: self._mark}
        try:
            packed = encode_request(command.argv, os.fspath(command.cwd), env, command.user)
        except ValueError as error:
            return ExitResult(Reason.UNFIT, message=str(error))
        sinks = (on_output, on_stderr)
        result = self._serve(packed, command.stdin, sinks, timeout, cancel, grace, deadline, on_left)
        return replace(result, duration_seconds=time.monotonic() - began)

    def end_user(self, user: User) -> ExitResult:
        """Kill all processes of a user, whoever started them; succeeded when nobody is left.

        It must be a user of its own for commands: that of a person would lose all that runs.
        """
        ignored: tuple[Sink, None] = (lambda _: None, None)
        return self._serve(encode_end(user), None, ignored, END_USER_SECONDS, None, 0.0, None)

    def _serve(
        self,
        packed: bytes,
        stdin: bytes | None,
        sinks: tuple[Sink, Sink | None],
        timeout: float | None,
        cancel: Event | None,
        grace: float,
        deadline: Deadline | None,
        on_left: OnLeft | None = None,
    ) -> ExitResult:
        """Have a supervisor do what a request says."""
        if self._closed:
            return ExitResult(Reason.CANCELLED, message=_CLOSED)
        try:
            link = self._take()
        except SpawnerError as error:
            return ExitResult(Reason.NOT_STARTED, message=str(error))
        try:
            return self._execute(link, packed, stdin, sinks, timeout, cancel, grace, deadline, on_left)
        finally:
            self._give_back(link)

    def _execute(
        self,
        link: Link,
        packed: bytes,
        stdin: bytes | None,
        sinks: tuple[Sink, Sink | None],
        timeout: float | None,
        cancel: Event | None,
        grace: float,
        deadline: Deadline | None,
        on_left: OnLeft | None = None,
    ) -> ExitResult:
        with ExitStack() as stack:
            try:
                streams, descriptors = open_streams(stack, packed, stdin, *sinks)
            except OSError as error:
                return ExitResult(Reason.NOT_STARTED, message=f"cannot start a command: {reason_of(error)}")
            execution = Execution(link, streams, grace, deadline or Deadline(), on_left)
            self._running.add(execution)
            stack.callback(self._running.discard, execution)
            stack.enter_context(execution.limited(timeout, cancel))
            return execution.run(descriptors)

    def _take(self, *, again: bool = True) -> Link:
        """Give an idle supervisor or a new one. Raises SpawnerError."""
        with self._lock:
            zygote = self._living_zygote()
            while self._idle:
                link = self._idle.pop()
                if not link.has_ended():
                    return link
                self._drop(link)
        try:
            link = Link(zygote)
        except SpawnerError:
            if again and zygote.has_ended():
                return self._take(again=False)  # nothing was started yet, so another zygote may do it
            raise
        self._links.add(link)
        if self._closed:
            self._drop(link)
            raise SpawnerError(_CLOSED)
        return link

    def _give_back(self, link: Link) -> None:
        if link.usable and not link.busy and not self._closed and len(self._idle) < MAX_IDLE_SUPERVISORS:
            self._idle.append(link)
        else:
            self._drop(link)

    def _drop(self, link: Link) -> None:
        self._links.discard(link)
        link.close()

    def _living_zygote(self) -> ZygoteProcess:
        """Give the zygote, a new one if need be. Needs the lock. Raises SpawnerError."""
        if self._zygote is not None and self._zygote.has_ended():
            self._recover()
        if self._closed:
            raise SpawnerError(_CLOSED)
        if self._zygote is None:
            self._zygote = ZygoteProcess(f"{MARK_VARIABLE}={self._mark}")
            gevent.spawn(self._watch, self._zygote)
        return self._zygote

    def _watch(self, zygote: ZygoteProcess) -> None:
        """Clean up as soon as a zygote dies, not only when the next command comes."""
        zygote.wait_end()
        with self._lock:
            if self._zygote is zygote:
                self._recover()

    def _recover(self) -> None:
        """Forget a dead zygote once its supervisors are gone, and kill what escaped them. Needs the lock."""
        assert self._zygote is not None
        _log.warning("the process that starts commands died; what it ran is killed", pid=self._zygote.pid)
        limit = time.monotonic() + KILL_LIMIT_SECONDS
        while not all(link.has_ended() or not link.busy for link in self._links) and time.monotonic() < limit:
            gevent.sleep(RECOVER_POLL_SECONDS)
        while self._idle:
            self._drop(self._idle.pop())
        sweep_leftovers(self._mark)
        self._zygote.kill()
        self._zygote = None

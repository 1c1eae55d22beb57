"""Running child processes for steps and resources, and reading their ends as outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gevent.event import Event

from pikoci.internal.worker.process import Deadline, ExitResult, Invocation, Reason, User
from pikoci.internal.worker.tools.container_line import ContainerLine
from pikoci.internal.worker.tools.lifetime import BuildControl, Cause, CauseKind, Lifetime
from pikoci.internal.worker.tools.outcome import GONE, SUCCESS, Outcome, StepError, errored, failed, stopped

Sink = Callable[[bytes], None]


class ProcessRunner(Protocol):
    """The part of the Spawner that steps use; see there."""

    def run(
        self,
        command: Invocation,
        on_output: Sink,
        *,
        on_stderr: Sink | None = None,
        timeout: float | None = None,
        cancel: Event | None = None,
        grace: float = ...,
        deadline: Deadline | None = None,
        on_left: Callable[[ExitResult], None] | None = None,
    ) -> ExitResult:
        """Run one command to its end."""


class ContainerRunner(Protocol):
    """What runs commands in containers; see `containers`."""

    def run(
        self,
        commands: Commands,
        line: ContainerLine,
        env: Mapping[str, str],
        lifetime: Lifetime,
        on_output: Sink,
        on_stderr: Sink | None,
    ) -> Outcome:
        """Run one container to its end."""

    def prepare(self, commands: Commands, line: ContainerLine, lifetime: Lifetime, log: Sink) -> object:
        """See to all that a container needs, once for a line. Raises StepError and OSError."""

    def find(self) -> str:
        """The path of the container program. Raises StepError if there is none."""


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs argument vectors within a lifetime of a claim that `control` steers.

    `grace` is the time in seconds between SIGTERM and SIGKILL. They run as `user`, as the worker's own without; those
    of containers by `containers`.
    """

    spawner: ProcessRunner
    grace: float
    control: BuildControl
    user: User | None = None
    containers: ContainerRunner | None = None

    def run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        lifetime: Lifetime,
        on_output: Sink,
        on_stderr: Sink | None = None,
    ) -> Outcome:
        """Run to the end, or until the lifetime stops; standard error goes the way of the output if it has no sink.

        Raises StepError for a container that cannot be had.
        """
        if isinstance(argv, ContainerLine) and self.containers is not None:
            return self.containers.run(self, argv, env, lifetime, on_output, on_stderr)
        if lifetime.cause is not None:
            return stopped(lifetime.cause)
        if not cwd.is_dir():
            return failed(GONE)
        command = Invocation(argv=argv, cwd=str(cwd), env=env, user=self.user)
        result = self.spawner.run(
            command,
            on_output,
            on_stderr=on_stderr,
            cancel=lifetime.stopped,
            grace=self.grace,
            deadline=self.control.deadline,
        )
        if result.reason is Reason.LAPSED:
            self.control.lapse()
        return outcome_of(result, lifetime.cause)

    def prepare(self, argv: Sequence[str], lifetime: Lifetime, log: Sink) -> None:
        """See to it that the image of a container is there, which may take long. Raises StepError and OSError."""
        if isinstance(argv, ContainerLine) and self.containers is not None:
            self.containers.prepare(self, argv, lifetime, log)

    def capture(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, lifetime: Lifetime, on_stderr: Sink, limit: int
    ) -> tuple[Outcome, bytes]:
        """Run and collect standard output. Raises StepError, having killed the command, for more than `limit` bytes."""
        output = bytearray()

        def collect(data: bytes) -> None:
            if len(output) + len(data) > limit:
                raise StepError(failed(f"it printed more than {limit} bytes"))
            output.extend(data)

        outcome = self.run(argv, env, cwd, lifetime, collect, on_stderr)
        return outcome, bytes(output)


class Tail:
    """Keeps the last `limit` bytes of an output."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.data = b""

    def write(self, data: bytes) -> None:
        """Add output."""
        self.data = (self.data + data)[-self._limit :]

    def text(self) -> str:
        """What was kept, for people: one line, replacement characters for what is no UTF-8."""
        return " ".join(self.data.decode("utf-8", "replace").split())


def outcome_of(result: ExitResult, cause: Cause | None) -> Outcome:
    """How a command ended, as an outcome; `cause` says why it was stopped, if it was."""
    if result.succeeded:
        return Outcome(SUCCESS.status, exit_code=0)
    match result.reason:
        case Reason.EXITED | Reason.UNFIT:
            return failed(result.describe(), result.exit_code)
        case Reason.TIMEOUT | Reason.CANCELLED | Reason.LAPSED:
            return stopped(cause or Cause(CauseKind.RETURNED, "the worker was stopped"))
        case Reason.NOT_STARTED | Reason.LOST:
            return errored(result.describe())

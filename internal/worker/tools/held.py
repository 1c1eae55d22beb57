"""A command whose processes run on when it has ended: a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import gevent
from gevent.event import Event

from pikoci.internal.worker.process import ExitResult, Invocation, Reason
from pikoci.internal.worker.tools.commands import Commands, Sink, outcome_of
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import GONE, SUCCESS, Outcome, StepError, errored, failed, stopped


def hold(
    commands: Commands,
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    on_output: Sink,
    on_death: Callable[[ExitResult], None],
    *,
    foreground: bool = False,
) -> Held:
    """Start a command to be held. Raises StepError."""
    if not cwd.is_dir():
        raise StepError(failed(GONE))
    command = Invocation(argv=argv, cwd=str(cwd), env=env, user=commands.user)
    return Held(commands, command, on_output, on_death, foreground=foreground)


class Held:
    """A running command and all it starts, until `end`, or the end of the claim.

    What should run on is what the ended command left behind or, in the `foreground`, the command itself. When that has
    ended it is `died`, and `on_death` is called, unless somebody stopped it.
    """

    def __init__(
        self,
        commands: Commands,
        command: Invocation,
        on_output: Sink,
        on_death: Callable[[ExitResult], None],
        *,
        foreground: bool,
    ) -> None:
        self.died = Event()
        self._commands = commands
        self._on_death = on_death
        self._foreground = foreground
        self._exited = Event()
        self._ending = Event()
        self._expected = False
        self._left: ExitResult | None = None
        self._result: ExitResult | None = None
        commands.control.services.on_stop(self._ending.set)
        self._greenlet = gevent.spawn(self._run, command, on_output)

    def wait(self, lifetime: Lifetime) -> Outcome:
        """Wait for the end of the command itself; all is stopped if the lifetime is."""
        gevent.wait([self._exited, lifetime.stopped], count=1)
        if lifetime.cause is not None:
            self.end()
            return stopped(lifetime.cause)
        result = self._left or self._result
        assert result is not None
        return outcome_of(result, None)

    def expect_end(self) -> None:
        """From now on somebody stops it."""
        self._expected = True

    def end(self) -> Outcome:
        """Stop what runs, and wait until it has ended; an error if some of it could not be ended."""
        self._expected = True
        self._ending.set()
        self._greenlet.join()
        if self._result is not None and self._result.survivors:
            return errored(f"{self._result.survivors} of its processes could not be killed")
        return SUCCESS

    def _run(self, command: Invocation, on_output: Sink) -> None:
        commands = self._commands
        try:
            self._result = commands.spawner.run(
                command,
                on_output,
                cancel=self._ending,
                grace=commands.grace,
                deadline=commands.control.deadline,
                on_left=self._note_left,
            )
        except Exception as error:  # noqa: BLE001 - what its log brings up ends this service, not the worker
            self._result = ExitResult(Reason.LOST, message=f"an error inside the worker: {type(error).__name__}")
        if self._result.reason is Reason.LAPSED:
            commands.control.lapse()
        self._exited.set()
        if self._foreground or self._left is not None:
            self._die(self._result)

    def _note_left(self, result: ExitResult) -> None:
        self._left = result
        self._exited.set()
        if self._foreground:
            self._die(result)

    def _die(self, result: ExitResult) -> None:
        if not self.died.is_set():
            self.died.set()
            if not self._expected:
                self._on_death(result)

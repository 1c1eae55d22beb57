"""A command whose processes run on when it has ended: a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import gevent
from gevent.event import Event

from pikoci.internal.worker.process import ExitResult, Invocation, Reason
from pikoci.internal.worker.tools.commands import Commands, Sink, outcome_of
from pikoci.internal.worker.tools.container_line import ContainerLine
from pikoci.internal.worker.tools.lifetime import Cause, CauseKind, Lifetime
from pikoci.internal.worker.tools.outcome import GONE, SUCCESS, Outcome, StepError, errored, failed, stopped

#: What runs a command, within a lifetime, to its end and that of all that it left.
_Work = Callable[["Held"], Outcome]


def hold(
    commands: Commands,
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    on_output: Sink,
    on_death: Callable[[str], None],
    *,
    foreground: bool = False,
) -> Held:
    """Start a command to be held; of one in a container nothing is left when it has ended. Raises StepError."""
    if not cwd.is_dir():
        raise StepError(failed(GONE))

    def run(held: Held) -> Outcome:
        if isinstance(argv, ContainerLine):
            return commands.run(argv, env, cwd, held.life, on_output)
        result = commands.spawner.run(
            Invocation(argv=argv, cwd=str(cwd), env=env, user=commands.user),
            on_output,
            cancel=held.life.stopped,
            grace=commands.grace,
            deadline=commands.control.deadline,
            on_left=held.note_left,
        )
        if result.reason is Reason.LAPSED:
            commands.control.lapse()
        held.survivors = result.survivors
        return outcome_of(result, held.life.cause)

    held = Held(run, on_death, foreground=foreground)
    commands.control.services.on_stop(held.stop)
    return held


class Held:
    """A running command and all it starts, until `end`, or the end of its `life`.

    What should run on is what the ended command left behind or, in the `foreground`, the command itself. When that has
    ended it is `died`, and `on_death` is told how, unless somebody stopped it.
    """

    def __init__(self, work: _Work, on_death: Callable[[str], None], *, foreground: bool) -> None:
        self.life = Lifetime()
        self.died = Event()
        self.survivors = 0
        self._on_death = on_death
        self._foreground = foreground
        self._exited = Event()
        self._expected = False
        self._left = False
        self._exit = SUCCESS
        self._greenlet = gevent.spawn(self._run, work)

    def wait(self, lifetime: Lifetime) -> Outcome:
        """Wait for the end of the command itself; all is stopped if the lifetime is."""
        gevent.wait([self._exited, lifetime.stopped], count=1)
        if lifetime.cause is not None:
            self.end()
            return stopped(lifetime.cause)
        return self._exit

    def expect_end(self) -> None:
        """From now on somebody stops it."""
        self._expected = True

    def stop(self) -> None:
        """Have all stopped, without waiting."""
        self._expected = True
        self.life.stop(Cause(CauseKind.CANCELLED, "stopped"))

    def end(self) -> Outcome:
        """Stop what runs, and wait until it has ended; an error if some of it could not be ended."""
        self.stop()
        self._greenlet.join()
        return errored(f"{self.survivors} of its processes could not be killed") if self.survivors else SUCCESS

    def note_left(self, result: ExitResult) -> None:
        """The command has ended, and others run on."""
        self._left = True
        self._note_exit(outcome_of(result, None))
        if self._foreground:
            self._die()

    def _run(self, work: _Work) -> None:
        try:
            outcome = work(self)
        except StepError as error:
            outcome = error.outcome
        except Exception as error:  # noqa: BLE001 - what its log brings up ends this service, not the worker
            outcome = errored(f"an error inside the worker: {type(error).__name__}: {error}")
        self._note_exit(outcome)
        if self._foreground or self._left:
            self._die()

    def _note_exit(self, outcome: Outcome) -> None:
        if not self._exited.is_set():
            self._exit = outcome
            self._exited.set()

    def _die(self) -> None:
        if not self.died.is_set():
            self.died.set()
            if not self._expected:
                self._on_death(self._exit.reason or f"exit status {self._exit.exit_code}")

"""One service of a build: its start, its ready check, its stop, and what it leaves behind in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent

from pikoci.internal.domain.duration import format_duration
from pikoci.internal.domain.plan import Command, Service, ServiceType
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.exports import read_exports
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.steps.task import command_line, run_command
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.environment import exported, parameters
from pikoci.internal.worker.tools.held import Held, hold
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, StepError, errored, failed, stopped

#: How long one try of a ready check may take, in seconds: one that hangs is tried again.
TRY_SECONDS = 10.0
#: When a start that has not ended is told how to stay.
HINT_SECONDS = 60.0
_HINT = "the start has not ended yet; one that is the service itself needs foreground = true"
_TRY_OUTPUT = 64 * 1024
_SAID, _SAID_SHOWN, _LINES_SHOWN = 16 * 1024, 600, 5


class RunningService:
    """A service made of commands. `id` is that in the plan, `name` that of its type."""

    def __init__(self, context: BuildContext, service: Service, kind: ServiceType) -> None:
        self.id = service.id
        self.name = service.type
        self._context = context
        self._kind = kind
        self._service = service
        self._held: Held | None = None
        self._log: StepLog | None = None
        self._said = Tail(_SAID)
        self._output = Path()
        self._death = ""

    @property
    def has_check(self) -> bool:
        """Whether there is something to wait for after the start."""
        return self._kind.ready_check is not None

    def start(self, scope: Scope, log: StepLog) -> Outcome:
        """Run the start command and, unless it is the service itself, wait for its end. Raises StepError and OSError.

        What it leaves behind runs on, and writes to `log`. Export what it wrote to `$PIKOCI_OUTPUT`.
        """
        kind = self._kind
        if kind.start is None:
            raise StepError(errored(f'the service type "{self.name}" has no start command'))
        if scope.cause is not None:
            return stopped(scope.cause)
        self._log = log
        with self._inside(scope) as inside:
            argv, env, self._output = self._line(kind.start, inside)
        self._context.commands.prepare(argv, scope.lifetime, log.write)

        def keep(data: bytes) -> None:
            self._said.write(data)
            log.write(data)

        self._held = hold(
            self._context.commands,
            argv,
            env,
            self._context.workspace.work,
            keep,
            self._note_death,
            foreground=kind.foreground,
        )
        if kind.foreground:
            return SUCCESS
        patience = gevent.spawn_later(HINT_SECONDS, log.note, _HINT)
        outcome = self._held.wait(scope.lifetime)
        patience.kill()
        if outcome.ok:
            scope.export(self._exports(log.note))
        return outcome

    def await_ready(self, scope: Scope, log: StepLog) -> Outcome:
        """Try until the service is ready, it ends, or the time is over. Raises StepError and OSError."""
        check, held = self._kind.ready_check, self._held
        assert check is not None
        assert held is not None
        outcome, shown, tries = SUCCESS, b"", 0
        with scope.nested(check.timeout) as waiting:
            run_check = self._check(check.command, waiting)
            while waiting.cause is None:
                tries += 1
                outcome, output = run_check()
                if output != shown:
                    log.write(output)
                    shown = output
                if outcome.ok or held.died.is_set():
                    break
                gevent.wait([waiting.lifetime.stopped, held.died], timeout=check.interval, count=1)
        if scope.cause is not None:
            return stopped(scope.cause)
        if held.died.is_set():
            return failed(f"it ended before it was ready: {self._death}{self._last_words()}")
        if not outcome.ok:
            times = "1 try" if tries == 1 else f"{tries} tries"
            within = format_duration(check.timeout)
            reason = f"not ready within {within}, in {times}; the last: {outcome.reason}{self._last_words()}"
            return failed(reason, outcome.exit_code)
        if self._kind.foreground:
            scope.export(self._exports(log.note))
        return outcome

    def stop(self, scope: Scope, log: StepLog) -> Outcome:
        """Run the stop command, and then end what still runs. Raises StepError and OSError, having ended it, too."""
        if self._death:
            log.note(f"it had ended before: {self._death}")
        ended = SUCCESS
        try:
            outcome = self._run_stop(scope, log)
        finally:
            if self._held is not None:
                ended = self._held.end()
            if self._log is not None:
                self._log.finish()
        return outcome if ended.ok else ended

    def _run_stop(self, scope: Scope, log: StepLog) -> Outcome:
        if self._held is not None:
            self._held.expect_end()
        if self._kind.stop is None:
            return SUCCESS
        with self._inside(scope) as inside:
            outcome, _ = run_command(self._context, self._kind.stop, inside, log)
        if not outcome.ok:
            log.note(f"the stop did not succeed, which changes nothing else: {outcome.reason}")
        return outcome

    @contextmanager
    def _inside(self, scope: Scope) -> Iterator[Scope]:
        """A scope in which its commands see its params and its `env`. Raises StepError for a secret it cannot have."""
        params = self._context.secrets.fill(self._service.params, scope.lifetime)
        with scope.nested(given=parameters("param", params), env=self._service.env) as inside:
            yield inside

    def _check(self, command: Command, waiting: Scope) -> Callable[[], tuple[Outcome, bytes]]:
        """What tries the ready check once: how that ended, and the end of what it printed."""
        context = self._context
        with self._inside(waiting) as inside:
            argv, env, _ = self._line(command, inside)

        def run() -> tuple[Outcome, bytes]:
            output = Tail(_TRY_OUTPUT)
            known = {**env, **self._exports(lambda _: None)} if self._kind.foreground else env
            with waiting.lifetime.nested(TRY_SECONDS) as attempt:
                outcome = context.commands.run(argv, known, context.workspace.work, attempt, output.write)
            return outcome, output.data

        return run

    def _line(self, command: Command, scope: Scope) -> tuple[list[str], dict[str, str], Path]:
        """The arguments and environment of a command, and the path of its `$PIKOCI_OUTPUT`. Raises StepError."""
        return command_line(self._context, command, scope)

    def _exports(self, warn: Callable[[str], None]) -> dict[str, str]:
        """What the start has written to `$PIKOCI_OUTPUT` so far, as others see it. Raises StepError."""
        user = self._context.workspace.user
        values = read_exports(self._output, self._context.settings.export_limit, warn, user.uid if user else None)
        return exported("SERVICE", self.name, values)

    def _last_words(self) -> str:
        """The end of what the service printed, masked, behind a line break; empty if it printed nothing."""
        masked = Masker(self._context.masks).mask(self._said.data)
        if len(self._said.data) == _SAID:
            masked = masked.partition(b"\n")[2]  # the first line is no whole one, and may hold the end of a secret
        lines = [line.strip() for line in masked.decode("utf-8", "replace").splitlines() if line.strip()]
        shown = " | ".join(lines[-_LINES_SHOWN:])[-_SAID_SHOWN:]
        return f"; it said: {shown}" if shown else ""

    def _note_death(self, reason: str) -> None:
        """It ended though nobody stopped it: the steps go on, and will see for themselves."""
        self._death = reason if self._kind.foreground else "all that its start left behind has ended"
        if self._log is not None:
            self._log.note(f"the service ended before its stop: {self._death}")

"""One turn after another, whatever happens."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from pikoci.internal.service import UnavailableError, Wakeup, give_way

_log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0

#: Does one turn of work; returns how much it did.
Action = Callable[[], int]
#: Seconds, or what tells them.
Wait = float | Callable[[], float]


class Loop:
    """Runs an action again and again: at once after a turn that did something, else when woken or after a wait.

    `wait` is the seconds to wait, or tells them after each idle turn. An action that fails is logged and tried again,
    after pauses that grow to 30 s. A database that is away is logged once, and once when it is back.
    """

    def __init__(self, name: str, action: Action, wait: Wait, wakeup: Wakeup) -> None:
        self.name = name
        self._action = action
        self._wait = wait
        self._wakeup = wakeup
        self._stopping = False
        self._pause = 0.0
        self._away = False

    def run(self) -> None:
        """Run until `stop`. Errors never end it."""
        while not self._stopping:
            self._rest(self.turn())

    def stop(self) -> None:
        """End after the turn that runs now."""
        self._stopping = True
        self._wakeup.set()

    def turn(self) -> float:
        """One turn; returns the seconds to wait before the next."""
        try:
            done = self._action()
            pause = 0.0 if done else self._idle_wait()
        except UnavailableError as error:
            if not self._away:
                _log.warning("database or queue away, trying again", loop=self.name, error=error.message)
            self._away = True
            return self._grown_pause()
        except Exception:  # noqa: BLE001 - the outermost loop: it must not die
            _log.exception("scheduler loop failed, trying again", loop=self.name)
            return self._grown_pause()
        if self._away:
            _log.info("database or queue back", loop=self.name)
        self._away, self._pause = False, 0.0
        return pause

    def _rest(self, seconds: float) -> None:
        if seconds <= 0:
            give_way()
        elif not self._stopping:
            self._wakeup.wait(seconds)

    def _idle_wait(self) -> float:
        return self._wait() if callable(self._wait) else self._wait

    def _grown_pause(self) -> float:
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
        return self._pause

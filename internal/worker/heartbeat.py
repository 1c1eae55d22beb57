"""Staying in touch with the server: leases, commands, and what to do when it is away."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from gevent.event import Event

from pikoci.internal.domain.errors import ConflictError, NotFoundError, PikociError
from pikoci.internal.domain.gateway import ClaimRef, Heartbeat, HeartbeatReply, WorkerCommand
from pikoci.internal.worker.claims import ClaimTable
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.reporting.shipper import SpoolShipper
from pikoci.internal.worker.rhythm import Rhythm

_log = structlog.get_logger(__name__)
_LONGEST_GUARD_SLEEP = 0.5
_SHORTEST_GUARD_SLEEP = 0.01


class ServerLink:
    """Three loops: the heartbeat, the guard that stops claims before their leases end, and the stream of commands.

    `state` tells the worker's state for heartbeats; `obey` takes commands, which may repeat;
    `register` makes the worker known again to a server that forgot it; `displaced` is called when another process
    took over its name.
    """

    def __init__(
        self,
        equipment: Equipment,
        builds: ClaimTable,
        checks: ClaimTable,
        announcements: ClaimTable,
        shipper: SpoolShipper,
        state: Callable[[], str],
        obey: Callable[[WorkerCommand], None],
        register: Callable[[], object],
        displaced: Callable[[ConflictError], None],
    ) -> None:
        self._equipment = equipment
        self._builds = builds
        self._checks = checks
        self._announcements = announcements
        self._shipper = shipper
        self._state = state
        self._obey = obey
        self._register = register
        self._displaced = displaced
        self._wish = 0.0  # seconds that the server asked to be left alone
        self._stopped = Event()

    def beat_forever(self) -> None:
        """Send heartbeats until `stop`; a failed one is repeated sooner."""
        rhythm = Rhythm(self._equipment.random)
        while not self._stopped.is_set():
            interval = self._equipment.terms.heartbeat_interval
            self._wish = 0.0
            answered = self.beat()
            self._stopped.wait(rhythm.answered(interval) if answered else rhythm.failed(interval, self._wish))

    def beat(self) -> bool:
        """Send one heartbeat and do what the answer says; False when there was none."""
        equipment = self._equipment
        builds, checks, announcements = self._builds.refs(), self._checks.refs(), self._announcements.refs()
        sent = equipment.clock.monotonic()
        beat = Heartbeat(
            name=equipment.settings.name,
            instance=equipment.settings.instance,
            state=self._state(),  # type: ignore[arg-type] # the worker's states are the heartbeat's
            builds=[*builds, *self._shipper.refs()],
            checks=checks,
            announcements=announcements,
        )
        try:
            reply = equipment.gateway.heartbeat(beat)
        except NotFoundError:
            _log.warning("the server does not know this worker, registering again")
            return self._register_again()
        except ConflictError as error:
            self._displaced(error)
            return False
        except PikociError as error:
            _log.warning("heartbeat failed", error=error.message)
            self._wish = error.retry_after
            return False
        except Exception:  # noqa: BLE001 - a heart that stops would end every build
            _log.exception("heartbeat failed")
            return False
        self._builds.renew((ref for ref in builds if ref not in reply.lost), sent)
        self._checks.renew((ref for ref in checks if ref not in reply.lost_checks), sent)
        self._announcements.renew((ref for ref in announcements if ref not in reply.lost_announcements), sent)
        self._lose(reply, builds, checks, announcements)
        for command in reply.commands:
            self._obey(command)
        return True

    def _register_again(self) -> bool:
        try:
            self._register()
        except PikociError as error:
            _log.warning("cannot register", error=error.message)
            self._wish = error.retry_after
        return False

    def say_farewell(self) -> None:
        """Tell that nothing of this process runs any more. Where that is not heard, the leases tell it."""
        settings = self._equipment.settings
        name, instance, kept = settings.name, settings.instance, self._shipper.refs()
        try:
            self._equipment.gateway.heartbeat(Heartbeat(name=name, instance=instance, state="ended", builds=kept))
        except PikociError as error:
            _log.info("the server did not hear that this worker ended", error=error.message)

    def guard_forever(self) -> None:
        """Stop what runs under a lease that is about to end, until `stop`."""
        while not self._stopped.is_set():
            tables = (self._builds, self._checks, self._announcements)
            left = min(*(table.stop_lapsing() for table in tables), _LONGEST_GUARD_SLEEP)
            self._stopped.wait(max(left, _SHORTEST_GUARD_SLEEP))

    def follow_commands(self) -> None:
        """Obey commands the moment they are given; the heartbeat brings those that this stream missed.

        A read that waits for a command does not notice `stop`; such a greenlet must be killed.
        """
        backoff = self._equipment.backoff()
        settings = self._equipment.settings
        while not self._stopped.is_set():
            try:
                for command in self._equipment.gateway.commands(settings.name, settings.instance):
                    backoff.reset()
                    if command is not None:
                        self._obey(command)
            except PikociError as error:
                backoff.heed(error)
                _log.info("command stream interrupted", error=error.message)
            except Exception:  # noqa: BLE001 - the stream must come back, whatever ended it
                _log.exception("command stream failed")
            self._stopped.wait(backoff.pause())

    def stop(self) -> None:
        """End the loops, each after the call that it is in."""
        self._stopped.set()

    def _lose(
        self, reply: HeartbeatReply, builds: list[ClaimRef], checks: list[ClaimRef], announcements: list[ClaimRef]
    ) -> None:
        for ref in reply.lost:
            if ref in builds:
                self._builds.lose(ref)
            self._shipper.forget(ref)
        for ref in reply.lost_checks:
            if ref in checks:
                self._checks.lose(ref)
        for ref in reply.lost_announcements:
            if ref in announcements:
                self._announcements.lose(ref)

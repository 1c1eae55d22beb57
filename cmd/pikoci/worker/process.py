"""The process around a standalone worker: signals, health, and word to the service manager."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import gevent
from gevent.event import Event
from gevent.pywsgi import WSGIServer

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.worker.worker import Worker, WorkerHealth
from pikoci.shared.service_manager import CANCEL_LIMIT, DRAIN_MARGIN, EXTEND, ServiceManager

log = logging.getLogger(__name__)

_TURN = 1.0


class WorkerProcess:
    """Runs a worker until it ended: by SIGQUIT (drain), SIGTERM or SIGINT (cancel), or because the server asked it to.

    A second signal turns a drain into a cancel, and a cancel into an end at once; what runs dies with the process.
    """

    def __init__(self, worker: Worker, name: str, drain_timeout: float, clock: Clock, health_port: int | None) -> None:
        self._worker = worker
        self._name = name
        self._drain_timeout = drain_timeout
        self._clock = clock
        self._manager = ServiceManager()
        self._health = None if health_port is None else _listen(health_port, worker.health)
        self._noted: list[int] = []
        self._woken = Event()
        self._deadline: float | None = None
        self._cancelling = False
        self._announced = False

    def run(self) -> None:
        """Work to the end. Raises what `Worker.run` raises."""
        waker = gevent.get_hub().loop.async_()
        waker.start(self._woken.set)

        def note(number: int, _: FrameType | None) -> None:
            self._noted.append(number)
            waker.send()

        for wanted in (signal.SIGQUIT, signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, note)
        working = gevent.spawn(_outcome, self._worker.run)
        try:
            while not working.ready():
                waiting: list[Any] = [self._woken, working]
                gevent.wait(waiting, timeout=_TURN, count=1)
                self._woken.clear()
                self._turn()
        finally:
            waker.stop()
            if self._health is not None:
                self._health.stop(timeout=0)
        if (error := working.get()) is not None:
            raise error

    def _turn(self) -> None:
        while self._noted:
            self._obey(self._noted.pop(0))
        if self._deadline is not None and self._clock.monotonic() > self._deadline:
            self._end_now("it does not end by itself")
        if self._deadline is None and not self._announced:
            self._announced = self._worker.health().registered
            # A server that is away is no reason to be started again.
            self._manager.tell("READY=1" if self._announced else EXTEND)
        self._manager.tell("WATCHDOG=1")

    def _obey(self, number: int) -> None:
        if self._cancelling:
            self._end_now(f"{signal.Signals(number).name} came while it was cancelling")
        self._manager.tell("STOPPING=1")
        if number == signal.SIGQUIT and self._deadline is None:
            log.info("draining: running jobs finish first")
            self._deadline = self._clock.monotonic() + self._drain_timeout + DRAIN_MARGIN
            self._worker.drain(self._drain_timeout)
            return
        log.info("cancelling: running jobs are stopped")
        self._cancelling = True
        self._deadline = self._clock.monotonic() + CANCEL_LIMIT
        self._worker.cancel_all(f"cancelled: the worker {self._name} received {signal.Signals(number).name}")

    def _end_now(self, reason: str) -> None:
        log.error("the worker ends at once: %s", reason)
        logging.shutdown()
        os._exit(1)


def _outcome(run: Callable[[], None]) -> Exception | None:
    """The error that ended the worker: raised where the caller waits, and not printed by gevent."""
    try:
        run()
    except Exception as error:  # noqa: BLE001 - handed on to the caller, who raises it
        return error
    return None


def _listen(port: int, health: Callable[[], WorkerHealth]) -> WSGIServer:
    """Answer `GET /healthz`: 200 while registered and every queue answers, else 503. Raises InvalidError."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        if environ.get("PATH_INFO") != "/healthz":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"only /healthz is here\n"]
        found = health()
        well = found.registered and not found.silent
        start("200 OK" if well else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [json.dumps({"status": "ok" if well else "unwell", **_described(found)}).encode()]

    server = WSGIServer(("", port), answer, log=None, error_log=None)
    try:
        server.start()
    except OSError as error:
        raise InvalidError(f"--health-port {port} cannot be used: {error.strerror}", hint="choose another") from error
    return server


def _described(found: WorkerHealth) -> dict[str, object]:
    return {
        "state": found.state,
        "registered": found.registered,
        "builds": found.builds,
        "checks": found.checks,
        "undelivered": found.undelivered,
        "last_poll": found.last_poll,
        "silent": found.silent,
    }

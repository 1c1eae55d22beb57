"""The program under gunicorn: one arbiter, one or more gevent workers, and our meaning of the signals.

gunicorn's QUIT is quick and its TERM graceful; ours are the reverse: SIGQUIT drains, SIGTERM and SIGINT cancel, and a
second signal exits harder. The arbiter passes the wish on and waits; what it means is decided in each process by a
`Serving`, so that builds never live or die by gunicorn's own shutdown.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from types import FrameType
from typing import Any, Protocol

import gevent
from gevent import GreenletExit
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import AppImportError
from gunicorn.workers.ggevent import GeventWorker

from pikoci.internal.domain.errors import InvalidPipelineError, PikociError
from pikoci.server.paced_socket import Pace, PacedSocket
from pikoci.server.refusals import BodyReader, refusal, refusal_status
from pikoci.shared.diagnostics import render_diagnostics
from pikoci.shared.service_manager import CANCEL_LIMIT, DRAIN_MARGIN, ServerReport, ServiceManager

log = logging.getLogger(__name__)

NO_WISH = 0


class Serving(Protocol):
    """What runs in each gunicorn worker process. `failure` is why it cannot go on, None while it can."""

    failure: PikociError | None

    def wsgi(self) -> Any:
        """The WSGI application."""

    def start(self) -> None:
        """Begin the background work. The listeners already accept."""

    def drain(self) -> None:
        """Take nothing new, finish what runs, return when it has ended or the drain timeout is over."""

    def cancel(self, signal_name: str) -> None:
        """End what runs within seconds."""

    def end_streams(self) -> None:
        """End the answers that would never end by themselves."""

    def close(self) -> None:
        """Stop the background work, give back connections."""


class PikociApplication(BaseApplication):
    """gunicorn, configured by us alone: no command line and no configuration file of its own."""

    def __init__(self, build: Callable[[], Serving], options: dict[str, object], drain_timeout: float) -> None:
        self.build = build
        self.options = options
        self.drain_timeout = drain_timeout
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        for key, value in self.options.items():
            self.cfg.set(key, value)
        self.cfg.set("worker_class", f"{__name__}.PikociWorker")
        self.cfg.set("control_socket_disable", True)

    def load(self) -> Any:
        """Build the program in the worker process.

        Raises AppImportError, which makes gunicorn stop instead of trying again, with one clear message.
        """
        try:
            return self.build()
        except PikociError as error:
            raise startup_error(error) from error

    def run(self) -> None:
        """Serve until a signal ends it; leaves by SystemExit with 0, or 1 when the program could not run."""
        arbiter = os.getpid()
        report = ServerReport(ServiceManager())  # also keeps gunicorn from telling its own tale
        gc.freeze()  # so that collections in the worker process leave the memory shared that both have
        try:
            PikociArbiter(self, self.drain_timeout, report).run()
        except SystemExit as ending:
            if os.getpid() == arbiter and ending.code:
                ending.code = 1  # the worker process's own codes tell the arbiter why it ended
            raise


def startup_error(error: PikociError) -> AppImportError:
    """What makes gunicorn print the message and end, instead of trying again."""
    lines = [render_diagnostics(error.diagnostics)] if isinstance(error, InvalidPipelineError) else []
    lines += [f"Error: {error.message}", *([f"Hint: {error.hint}"] if error.hint else [])]
    return AppImportError("\n".join(lines))


class PikociArbiter(Arbiter):
    """gunicorn's master, with our signals and a tongue for the service manager."""

    def __init__(self, app: PikociApplication, drain_timeout: float, report: ServerReport) -> None:
        self.drain_timeout = drain_timeout
        self.report = report
        super().__init__(app)

    def murder_workers(self) -> None:
        """Look at the heartbeats, at least once a second."""
        super().murder_workers()
        workers: list[Any] = list(self.WORKERS.values())
        for worker in workers:
            self.report.look(worker.last_beat())

    def handle_quit(self) -> None:
        """Drain."""
        self._wind_down(signal.SIGQUIT, self.drain_timeout + DRAIN_MARGIN)

    def handle_term(self) -> None:
        """Cancel."""
        self._wind_down(signal.SIGTERM, CANCEL_LIMIT)

    def handle_int(self) -> None:
        """Cancel, as for SIGTERM; the reason names the signal."""
        self._wind_down(signal.SIGINT, CANCEL_LIMIT)

    def _ignore(self) -> None:
        log.warning("this signal is not used; SIGQUIT drains, SIGTERM and SIGINT stop")

    handle_hup = handle_ttin = handle_ttou = handle_usr1 = handle_usr2 = handle_winch = _ignore

    def _wind_down(self, wish: signal.Signals, limit: float) -> None:
        """Pass the wish on and wait; a second signal turns a drain into a cancel, and a cancel into a kill."""
        self.report.stopping()
        self.kill_workers(wish)
        deadline = time.monotonic() + limit
        while self.WORKERS:
            self.murder_workers()
            for found in self.wait_for_signals(timeout=0.5):
                if found not in {signal.SIGQUIT, signal.SIGTERM, signal.SIGINT}:
                    continue
                wish = signal.SIGTERM if wish == signal.SIGQUIT else signal.SIGKILL
                deadline = time.monotonic() + CANCEL_LIMIT
                self.kill_workers(wish)
            if time.monotonic() > deadline:
                self.kill_workers(signal.SIGKILL)
            self.reap_workers()
        raise StopIteration


class FairGeventWorker(GeventWorker):
    """gunicorn's gevent worker in a process that is cooperative already; a busy connection does not starve others.

    `pace` bounds how slow clients may be.
    """

    pace = Pace()

    def patch(self) -> None:
        """Do nothing: the process was made cooperative at its very start, with our own exceptions."""

    def init_process(self) -> None:
        """Begin with no request under way."""
        self.answering = 0
        super().init_process()

    def timeout_ctx(self) -> Any:
        """No limit beside those of `pace`."""
        return nullcontext()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Answer the requests of one connection."""
        paced: Any = PacedSocket(client, self.pace)
        super().handle(listener, paced, addr)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Answer one request, then let the other connections have their turn."""
        self.answering += 1
        sock.begin_answer()
        req.body.reader = BodyReader(req)
        try:
            return super().handle_request(listener_name, req, sock, addr)
        finally:
            self.answering -= 1
            sock.await_request()
            gevent.sleep(0)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that can't be answered well; a kept connection that the end of the process closes gets none.

        gunicorn takes that for a fault: a client that sends its next request at this moment would read a 500.
        """
        if isinstance(exc, GreenletExit):
            return
        status = refusal_status(exc)
        if status is None:
            super().handle_error(req, client, addr, exc)
            return
        log.info("a request was refused", extra={"address": addr[0] if addr else "", "status": status})
        with suppress(OSError):
            client.sendall(refusal(status, exc))

    def finish_answers(self, timeout: float) -> None:
        """Wait until no request is under way, at most `timeout` seconds; idle kept connections don't count."""
        deadline = time.monotonic() + timeout
        while self.answering and time.monotonic() < deadline:
            gevent.sleep(0.02)


class PikociWorker(FairGeventWorker):
    """A gunicorn worker that ends by draining or cancelling instead of at once."""

    def last_beat(self) -> float | None:
        """When the process last showed that it lives; None before it serves. Asked in the first process."""
        state = os.fstat(self.tmp.fileno())
        return state.st_mtime if state.st_size else None

    def load_wsgi(self) -> None:
        """Build the program; its WSGI application serves the requests."""
        serving: Any = self.app.wsgi()
        self.serving: Serving = serving
        self.wsgi = self.serving.wsgi()

    def init_signals(self) -> None:
        """Install handlers that only note the signal and wake the main greenlet."""
        super().init_signals()
        self.wish: int = NO_WISH
        self.woken = Event()
        self.waker = gevent.get_hub().loop.async_()
        self.waker.start(self.woken.set)
        for wanted in (signal.SIGQUIT, signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, self._note)

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.wish == NO_WISH or number != signal.SIGQUIT:
            self.wish = number
        self.waker.send()

    def run(self) -> None:
        """Serve until told to end; drain or cancel while still answering; then close and finish what is open.

        Raises AppImportError when the program cannot go on.
        """
        servers = [self._listen(listener) for listener in self.sockets]
        self.serving.start()
        os.write(self.tmp.fileno(), b"serving")  # the first process sees the file's size
        self.notify()
        while self.wish == NO_WISH and self.serving.failure is None:
            self._wait()
        self._end_work()
        self.alive = False
        for server in servers:
            server.close()
        self.serving.end_streams()
        self.finish_answers(self.cfg.graceful_timeout)
        for server in servers:
            server.stop(timeout=0)
        self.serving.close()
        if self.serving.failure is not None:
            raise startup_error(self.serving.failure)

    def _end_work(self) -> None:
        if self.wish == signal.SIGQUIT:
            draining = gevent.spawn(self.serving.drain)
            while self.wish == signal.SIGQUIT and not draining.ready():
                self._wait(draining)
        if self.wish in {signal.SIGTERM, signal.SIGINT}:
            cancelling = gevent.spawn(self.serving.cancel, signal.Signals(self.wish).name)
            while not cancelling.ready():
                self._wait(cancelling)

    def _listen(self, listener: Any) -> StreamServer:
        listener.setblocking(1)
        server = StreamServer(listener, handle=partial(self.handle, listener), spawn=Pool(self.worker_connections))
        server.start()
        return server

    def _wait(self, *ends: gevent.Greenlet[..., None]) -> None:
        """Sleep until a signal or one of `ends`, at most a second, and tell the arbiter that this process lives."""
        waited: list[Any] = [self.woken, *ends]
        gevent.wait(waited, timeout=1.0, count=1)
        self.woken.clear()
        self.notify()

"""A whole server in one process: the database, the queue, the services, the scheduler, the worker and the pages.

This is the one place that names concrete classes.
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import socket
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import click
import gevent

from pikoci import __version__
from pikoci.internal.api import ApiSettings, create_app
from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.errors import PikociError
from pikoci.internal.scheduler import Scheduler
from pikoci.internal.service import EventBus, ServiceSettings, build_services
from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.web import add_pages
from pikoci.internal.worker.process import Spawner
from pikoci.internal.worker.settings import WorkerSettings, container_environment, inherit_environment
from pikoci.internal.worker.user_group import find_build_users
from pikoci.internal.worker.worker import Worker
from pikoci.pkg.queue.backend import Backend, QueueClosedError, QueueError
from pikoci.server.audit_lines import AuditLines
from pikoci.server.encryption import empty_lost_pipelines, prepare_encryption
from pikoci.server.greeting import greeting
from pikoci.server.preparation import prepare_accounts, prepare_pipeline, prepare_schema
from pikoci.server.settings import ServerSettings
from pikoci.server.threads import READERS, BoundedThreads, Threads, hashing_threads
from pikoci.shared.hub_watch import HubWatch
from pikoci.shared.queue_options import open_queue
from pikoci.shared.sources import fetch_sources

log = logging.getLogger(__name__)

_QUEUES = ("jobs", "checks")
_READING = 2  # pipeline files that are read at a time: each may take 300 MiB
_WAITING = 16  # more that wait for their turn


class Application:
    """Builds everything at once, or raises one clear PikociError; see `gunicorn_server.Serving` for its life."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._resources = ExitStack()
        store = open_store(_store_settings(settings))
        self._resources.callback(store.close)
        prepare_schema(store, settings)
        prepare_encryption(store, settings)
        self._backend = open_queue(settings.pubsub_system, settings.queue, _worker_name(settings), settings.concurrency)
        self._resources.callback(self._backend.close)
        reading = BoundedThreads("pipeline files", threads=_READING, waiting=_WAITING)
        self._resources.callback(reading.close)
        self._services = build_services(
            store,
            self._backend,
            self._clock,
            _service_settings(settings),
            bus=EventBus(store.relay),
            broker_failure=QueueError,
            run_in_thread=Threads(READERS).run,
            read_pipeline=reading,
            fetch_sources=partial(fetch_sources, private=settings.allow_private_sources),
            hash_in_thread=Threads(hashing_threads()).run,
            jwt_secret=settings.jwt_secret or None,
            previous_secrets=settings.jwt_secret_previous,
            audit_sink=self._audit_sink(),
        )
        if settings.secret_key_lost:
            empty_lost_pipelines(self._services)
        self._first_login = prepare_accounts(self._services, settings)
        prepare_pipeline(self._services, settings)
        # Read here, where a database that is away is an error of the start; once it serves, nothing is read to greet.
        show_token = settings.log_worker_token and not settings.run_worker
        self._shared_token = self._services.worker_tokens.shared() if show_token else None
        self._scheduler = Scheduler(self._services)
        self._watch = HubWatch(self._services.context.measures.hub_gap.observe)
        self._worker = self._build_worker() if settings.run_worker else None
        self._working: gevent.Greenlet[..., None] | None = None
        self.failure: PikociError | None = None

    def wsgi(self) -> Any:
        """The API and the pages."""
        settings = ApiSettings(
            version=__version__,
            external_url=self._settings.external_url,
            trusted_proxies=self._settings.trusted_proxies,
        )
        app = create_app(self._services, settings)
        add_pages(app, self._services)
        return app

    def start(self) -> None:
        """Begin scheduling and working, and say where the server is."""
        self._watch.start()
        self._scheduler.start()
        if self._worker is not None:
            self._working = gevent.spawn(self._work, self._worker)
        gc.freeze()  # what lives as long as the process need not be looked at by any collection
        self._greet()
        gevent.spawn(_look_at_queue, self._backend)

    def drain(self) -> None:
        """Let the embedded worker finish what runs, within the drain timeout."""
        if self._worker is not None and self._working is not None:
            log.info("draining: running jobs finish first")
            self._worker.drain(self._settings.drain_timeout)
            self._working.join()

    def cancel(self, signal_name: str) -> None:
        """Cancel what the embedded worker runs."""
        if self._worker is not None and self._working is not None:
            log.info("cancelling: running jobs are stopped")
            self._worker.cancel_all(f"cancelled: the server received {signal_name}")
            self._working.join()

    def end_streams(self) -> None:
        """Wake every open event stream; each ends."""
        self._services.context.bus.close()

    def close(self) -> None:
        """Stop scheduling, give back the queue and the database."""
        self._scheduler.stop()
        self._services.context.audit.flush()
        self._watch.stop()
        self._resources.close()

    def _work(self, worker: Worker) -> None:
        """Run the worker; a server that was asked to have one must not go on without it."""
        try:
            worker.run()
        except PikociError as error:
            self.failure = error
        except Exception as error:
            log.exception("the embedded worker broke down")
            self.failure = PikociError(f"the embedded worker broke down: {error!r}", hint="the log above says where")

    def _build_worker(self) -> Worker:
        workdir = self._settings.workdir or self._default_workdir()
        settings = WorkerSettings(
            name=_worker_name(self._settings),
            instance=secrets.token_hex(8),
            version=__version__,
            workdir=workdir,
            spool_dir=workdir / "spool",
            environment=inherit_environment(os.environ),
            concurrency=self._settings.concurrency,
            build_users=find_build_users(self._settings.build_users_group),
            container_program=self._settings.container_program,
            allow_privileged_containers=self._settings.allow_privileged_containers,
            container_environment=container_environment(os.environ),
            fs_roots=self._settings.fs_roots,
            drain_timeout=self._settings.drain_timeout,
            cache_max_age=self._settings.cache_max_age,
        )
        subscriptions = {queue: self._backend.subscribe([queue]) for queue in _QUEUES}
        return Worker(self._services.gateway, subscriptions, Spawner(settings.mark), settings, self._clock, Random())

    def _audit_sink(self) -> AuditLines | None:
        if not self._settings.audit_log:
            return None
        lines = AuditLines(self._settings.audit_log)
        self._resources.callback(lines.close)
        return lines

    def _default_workdir(self) -> Path:
        """A temporary one beside a database in memory; else one that is the same after a restart."""
        if self._settings.db_system == "mem":
            return Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="pikoci-")))
        state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return Path(state) / "pikoci" / f"embedded-{self._settings.port}"

    def _greet(self) -> None:
        log.info("server started at %s", self._settings.address)
        if self._shared_token is not None:
            _show_worker_token(*self._shared_token)
        if self._first_login is not None:
            click.echo(greeting(self._settings, *self._first_login))


def _show_worker_token(token: str, is_revoked: bool) -> None:
    if is_revoked:
        log.warning(
            "the worker token of this --jwt-secret was revoked: make others with `pikoci client worker-tokens create`"
        )
    else:
        log.info("Worker token for standalone workers token=%s", token)


def _look_at_queue(backend: Backend) -> None:
    """Say early what is wrong with the broker; whatever could not be published is published again once it is there."""
    try:
        backend.check_health()
    except QueueClosedError:
        return
    except QueueError as error:
        log.warning("the queue cannot be used now: %s", error)


def _worker_name(settings: ServerSettings) -> str:
    return f"embedded-{socket.gethostname()}-{settings.port}"


def _store_settings(settings: ServerSettings) -> StoreSettings:
    return StoreSettings(
        system=settings.db_system,
        host=settings.db_host,
        port=settings.db_port,
        user=settings.db_user,
        password=settings.db_password,
        name=settings.db_name,
        secret_keys=settings.secret_key or _passing_key(settings),
    )


def _passing_key(settings: ServerSettings) -> tuple[str, ...]:
    """A key that lives as long as a database in memory does; none for one that outlives the process."""
    return (secrets.token_urlsafe(48),) if settings.db_system == "mem" else ()


def _service_settings(settings: ServerSettings) -> ServiceSettings:
    return ServiceSettings(
        external_url=settings.address.rstrip("/"),
        session_lifetime=settings.session_lifetime,
        api_token_lifetime=settings.api_token_lifetime or None,
        heartbeat_interval=settings.heartbeat_interval,
        lease=settings.lease,
        max_requeues=settings.max_requeues,
        team_weights=settings.team_weights,
        check_timeout=settings.check_timeout,
        log_head_limit=settings.log_limit,
        max_artifact_size=settings.artifact_limit,
        log_retention=settings.log_retention or None,
        build_retention_age=settings.build_retention_age or None,
        build_retention_count=settings.build_retention_count,
        audit_retention=settings.audit_retention or None,
    )

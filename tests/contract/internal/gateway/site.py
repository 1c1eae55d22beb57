"""A server with one pipeline, and ways to see it as a worker does."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Protocol, Self

from gevent.pool import Pool
from gevent.pywsgi import WSGIServer

from pikoci.internal.api import ApiSettings, create_app
from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.build import Build, BuildStatus, StepStatus
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.events import BuildEvent, BuildFinished, LogWritten, StepFinished, StepStarted
from pikoci.internal.domain.gateway import Gateway, WorkerHello
from pikoci.internal.domain.levels import LEVEL
from pikoci.internal.domain.pipeline import ResourceState
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import ServiceSettings, build_services
from pikoci.internal.worker.http import HttpGateway
from tests.services.process import free_port
from tests.unit.internal.api.scene import Bells

CONFIG = """
resource_type "made" {
  check "exec" {
    path = "/bin/true"
  }
}

resource "made" "repo" {
  check_interval = "@every 1h"
}

job "run" {
  task "go" {
    run "exec" {
      path = "/bin/echo"
      args = ["a", "b"]
    }
    timeout = "1h"
  }
  on_failure "shell" {
    cmd = "echo failed"
  }
}
"""
SECRET = "a secret for tests that is long enough"
NAME, KEY = "w-1", "0123456789abcdef"
INSTANCE = f"{KEY}.1"


class World:
    """The server: a pipeline `p` in team `main`, and an administrator."""

    def __init__(self, store: Store, clock: Clock, settings: ServiceSettings) -> None:
        self.store = store
        self.services = build_services(store, Bells(), clock, settings, jwt_secret=SECRET)
        with store.transaction():
            self.team = store.accounts.find_team("main") or store.accounts.create_team("main")
            user = store.accounts.create_user("alice", "no hash", is_admin=True, must_change_password=False)
        self.alice = Principal(user=user)
        self.set(CONFIG)
        found = store.pipelines.find("main", "p")
        assert found is not None
        resource = store.resources.find(found.id, "made.repo")
        assert resource is not None
        self.resource_id = resource.id

    def set(self, config: str) -> None:
        """Change the pipeline."""
        self.services.pipelines.set(self.alice, "main", "p", config, {})

    def trigger(self) -> int:
        """A build that waits for a worker; its id."""
        return self.services.builds.trigger(self.alice, "main", "p", "run").id

    def request_check(self) -> int:
        """A check that waits for a worker; its resource's id."""
        self.services.resources.check(self.alice, "main", "p", "made.repo")
        self.services.scheduling.dispatch_checks()
        return self.resource_id

    def build(self, build_id: int) -> Build:
        found = self.store.builds.get(build_id)
        assert found is not None
        return found

    def resource(self) -> ResourceState:
        found = self.store.resources.get(self.resource_id)
        assert found is not None
        return found

    def log(self, build_id: int) -> bytes:
        chunks = self.services.builds.read_log(build_id, 0, 64 * 1024 * 1024)
        return b"".join(chunk.data for chunk in chunks)


class Site(Protocol):
    """A way to the server."""

    world: World

    def gateway(self, name: str = NAME, instance: str = INSTANCE) -> Gateway:
        """The server, as this worker sees it."""


class Direct:
    """Calls the services."""

    def __init__(self, world: World) -> None:
        self.world = world

    def gateway(self, name: str = NAME, instance: str = INSTANCE) -> Gateway:
        return self.world.services.gateway

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Http:
    """Goes through a socket; `stop` and `start` play a server that is away, on the same port."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.token = world.services.tokens.worker_token()
        self.port = free_port()
        self._server: WSGIServer | None = None
        self._opened = ExitStack()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def gateway(self, name: str = NAME, instance: str = INSTANCE, token: str = "", timeout: float = 5.0) -> Gateway:
        made = HttpGateway(self.url, token or self.token, name, instance, read_timeout=timeout)
        self._opened.callback(made.close)
        return made

    def start(self) -> None:
        app = create_app(self.world.services, ApiSettings(version="1", body_timeout=2.0))
        # With a pool, stopping also ends the connections.
        self._server = WSGIServer(("127.0.0.1", self.port), app, log=None, error_log=None, spawn=Pool(100))
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop(timeout=0)
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()
        self.stop()


def hello(name: str = NAME, instance: str = INSTANCE, **more: Any) -> WorkerHello:
    told = {"queues": ["jobs", "checks"], "concurrency": 2, "place": "here", "level": LEVEL, **more}
    return WorkerHello(name=name, instance=instance, version="1", **told)


def events(log: bytes = b"hello\n", status: BuildStatus = BuildStatus.SUCCEEDED) -> list[BuildEvent]:
    return [
        StepStarted(step="1", name="go", kind="task", at=1.0),
        LogWritten(step="1", at=1.0, data=log),
        StepFinished(step="1", status=StepStatus.SUCCEEDED, at=2.0, exit_code=0),
        BuildFinished(status=status, at=2.0),
    ]

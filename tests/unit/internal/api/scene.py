"""The API over real services and a store in memory, with people, a pipeline and a worker that does as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import bcrypt
from falcon.testing import Result, TestClient

from pikoci.internal.api import ApiSettings, create_app
from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.events import BuildEvent, BuildFinished, LogWritten, StepFinished, StepStarted
from pikoci.internal.domain.gateway import WorkerHello
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import Services, ServiceSettings, build_services
from pikoci.internal.service.plumbing.ports import QueueState, RunInThread, run_inline
from tests.services.memory_store import memory_store

SECRET = "a secret for tests that is long enough"
PASSWORD = "correct horse battery"
CONFIG = """
resource "trigger" "button" {}

job "unit" {
  get "trigger" "button" { trigger = true }
  task "test" {
    run "exec" { path = "/bin/true" }
  }
}

job "ship" {
  get "trigger" "button" { passed = ["unit"] }
  task "go" {
    run "exec" { path = "/bin/true" }
  }
}

job "free" {
  task "go" {
    run "exec" { path = "/bin/true" }
  }
}
"""
PIPELINE = "/api/v1/teams/main/pipelines/demo"
#: The paths of the API's document: the same for every scene.
_DOCUMENTED: dict[str, Any] = {}


@cache
def hashed(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4)).decode()


class Bells:
    """A queue that remembers what was published."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, bytes]] = []

    def publish(self, queue: str, *bodies: bytes) -> None:
        self.rung += [(queue, body) for body in bodies]

    def depth(self, queue: str) -> QueueState | None:
        return QueueState(sum(rung == queue for rung, _ in self.rung), in_flight=2, oldest=7.5)


@dataclass
class Scene:
    """What a test looks at."""

    services: Services
    client: TestClient
    bells: Bells
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        data: bytes | None = None,
        query_string: str = "",
    ) -> Result:
        """A request of the administrator; `path` is below the pipeline unless it begins with a slash.

        `body` is sent as JSON, `data` as it is.
        """
        address = path if path.startswith("/") else f"{PIPELINE}/{path}".rstrip("/")
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        content: dict[str, Any] = {"body": data or b""} if body is None else {"json": body}
        answer = self.client.simulate_request(method, address, headers=sent, query_string=query_string, **content)
        self._expect_documented(method, address, answer)
        return answer

    def _expect_documented(self, method: str, address: str, answer: Result) -> None:
        """Whatever a test provokes, the document says that it may come; 500 is a mistake, and no promise."""
        found = self.client.app._router.find(address)
        if found is None or answer.status_code in {405, 500}:
            return
        if not _DOCUMENTED:
            _DOCUMENTED.update(self.anonymous("GET", "/api/v1/openapi.json").json["paths"])
        operation = _DOCUMENTED[str(found[3])].get("get" if method == "HEAD" else method.lower())
        if operation is not None:
            assert str(answer.status_code) in operation["responses"], (method, found[3], answer.text)

    def anonymous(self, method: str, path: str, **more: Any) -> Result:
        return self.client.simulate_request(method, path, **more)

    def trigger(self, job: str = "free") -> int:
        """Start a build of a job; returns its id."""
        answer = self.call("POST", f"jobs/{job}/builds", {})
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def claim(self, build_id: int) -> int:
        """Let the worker take the build; returns the claim."""
        hello = WorkerHello(name="worker-1", instance="i", version="1", queues=["jobs", "checks"], concurrency=1)
        self.services.gateway.register(hello)
        return self.services.gateway.claim_build(build_id, "worker-1", "i").claim

    def report(self, build_id: int, claim: int, first: int, *events: BuildEvent) -> None:
        self.services.gateway.report(build_id, claim, first, events)

    def finished(self, log: Sequence[bytes] = (b"hello\n",), job: str = "free") -> int:
        """A build that succeeded and wrote this; returns its id."""
        build_id = self.trigger(job)
        self.finish(build_id, log)
        return build_id

    def finish(self, build_id: int, log: Sequence[bytes] = (b"hello\n",)) -> None:
        """Have the worker run the build, which succeeds and writes this."""
        claim = self.claim(build_id)
        self.report(build_id, claim, 1, StepStarted(step="1", name="go", kind="task", at=1_000.0))
        for number, data in enumerate(log):
            self.report(build_id, claim, number + 2, LogWritten(step="1", at=1_000.5, data=data))
        step = StepFinished(step="1", status=StepStatus.SUCCEEDED, at=1_001.0, exit_code=0)
        self.report(build_id, claim, len(log) + 2, step, BuildFinished(status=BuildStatus.SUCCEEDED, at=1_002.0))


def make_store() -> Store:
    """A migrated store in memory."""
    return memory_store()


def make_scene(
    settings: ApiSettings | None = None,
    services: ServiceSettings | None = None,
    store: Store | None = None,
    run_in_thread: RunInThread = run_inline,
) -> Scene:
    """A server with an administrator and, once `with_pipeline` was called, a pipeline; in memory without a store."""
    bells, store = Bells(), store or make_store()
    made = build_services(store, bells, SystemClock(), services, jwt_secret=SECRET, run_in_thread=run_in_thread)
    made.accounts.ensure_team("main")
    made.accounts.ensure_users([f"admin:{hashed(PASSWORD)}"])
    app = create_app(made, settings or ApiSettings(version="1.2.3"))
    token = made.tokens.user_token(made.accounts.login("admin", PASSWORD))
    return Scene(made, TestClient(app), bells, token)


def with_pipeline(scene: Scene) -> Scene:
    answer = scene.call("PUT", "", {"config": CONFIG})
    assert answer.status_code == 200, answer.text
    return scene

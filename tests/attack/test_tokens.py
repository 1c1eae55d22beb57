"""What a worker's token opens for whoever has it: a step that stole it, or one team's machine."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import PikociError, UnauthenticatedError, UnavailableError
from pikoci.internal.domain.events import BuildFinished, LogWritten
from pikoci.internal.domain.gateway import BuildAssignment, ClaimRef, Heartbeat, WorkerHello
from pikoci.internal.worker.http import HttpGateway
from tests.services.pikoci import PikociServer
from tests.services.process import free_port

KEY = "0123456789abcdef0123456789abcdef"
PASSWORD = "canary-of-another-team"
CONFIG = """
variable "password" {{}}

job "build" {{
  tags = [{tags}]
  task "run" {{
    run "exec" {{
      path = "/bin/true"
      args = ["${{var.password}}"]
    }}
  }}
}}
"""


class World:
    """A server without workers: two teams, each with a build that waits."""

    def __init__(self, server: PikociServer) -> None:
        self.server = server
        self._gateways: list[HttpGateway] = []
        server.post("/teams", {"name": "other"})
        self.plain = self.pipeline("main", "plain")
        self.other = self.pipeline("other", "secret", PASSWORD)
        self.tagged = self.pipeline("main", "tagged", PASSWORD, '"vpn"')

    def pipeline(self, team: str, name: str, password: str = "none", tags: str = "") -> int:
        """Set a pipeline and start a build; its id."""
        body = {"config": CONFIG.format(tags=tags), "vars": {"password": password}}
        answer = self.server.http.put(f"/api/v1/teams/{team}/pipelines/{name}", json=body)
        assert answer.is_success, answer.text
        return int(self.server.post(f"/teams/{team}/pipelines/{name}/jobs/build/builds", {})["id"])

    def token(self, **about: Any) -> str:
        return str(self.server.post("/worker-tokens", about)["token"])

    def gateway(self, token: str, name: str, tags: list[str] | None = None, key: str = KEY) -> HttpGateway:
        """A worker that has registered."""
        instance = f"{key}.1"
        made = HttpGateway(self.server.url, token, name, instance)
        self._gateways.append(made)
        queues = ["jobs", "checks"]
        hello = WorkerHello(name=name, instance=instance, version="1", queues=queues, concurrency=9, tags=tags or [])
        made.register(hello)
        return made

    def hang_up(self) -> None:
        """Close what workers opened."""
        while self._gateways:
            self._gateways.pop().close()


@pytest.fixture(scope="module")
def one_world(tmp_path_factory: pytest.TempPathFactory, nats_address: str) -> Iterator[World]:
    queue = ["--pubsub-system=nats", f"--nats-server-url={nats_address}", f"--queue-prefix=test-{free_port()}"]
    server = PikociServer(tmp_path_factory.mktemp("tokens"), ["--run-worker=false", "--lease=20s", *queue])
    try:
        server.start()
        yield World(server)
    finally:
        server.stop()


@pytest.fixture
def world(one_world: World) -> Iterator[World]:
    yield one_world
    one_world.hang_up()


def refused(action: Callable[[], object]) -> str:
    """Why the server refuses; fails if it does not, or if it only was away."""
    with pytest.raises(PikociError) as caught:
        action()
    assert not isinstance(caught.value, UnavailableError)
    assert PASSWORD not in caught.value.message
    return caught.value.message


def read(gateway: HttpGateway, build: int, held: int, digest: str) -> bytes:
    """The whole of an artifact."""
    return b"".join(gateway.load_artifact(build, held, digest))


def claim(gateway: HttpGateway, build: int, name: str, key: str = KEY) -> Callable[[], object]:
    return partial(gateway.claim_build, build, name, f"{key}.1")


def taken(gateway: HttpGateway, build: int, name: str, key: str = KEY) -> BuildAssignment:
    """The build, claimed after all whose turn comes before it: there is one answer to each message."""
    messages = itertools.count(1_000_000)
    while (given := gateway.claim_build(next(messages), name, f"{key}.1")).build.id != build:
        pass
    return given


def test_a_teams_token_claims_nothing_of_another_team(world: World) -> None:
    gateway = world.gateway(world.token(team="main"), "ours")
    refused(claim(gateway, world.other, "ours"))
    assert world.server.get("/teams/other/pipelines/secret/jobs/build/builds/1")["status"] == "pending"


def test_a_worker_does_not_make_tags_up(world: World) -> None:
    """The token says which it may have: any if it was made without."""
    token = world.token(tags=["gpu"])
    refused(lambda: world.gateway(token, "liar", ["vpn"]))
    refused(lambda: world.gateway(token, "liar", ["gpu", "vpn"]))
    gateway = world.gateway(token, "honest", ["gpu"])
    refused(claim(gateway, world.tagged, "honest"))
    assert world.server.get("/teams/main/pipelines/tagged/jobs/build/builds/1")["status"] == "pending"


def test_a_worker_without_the_tags_claims_nothing_that_asks_for_them(world: World) -> None:
    gateway = world.gateway(world.token(), "untagged")
    refused(claim(gateway, world.tagged, "untagged"))


def test_a_claim_is_its_holders(world: World) -> None:
    """Another worker, with the same token or its team's, neither reports for it, renews it, nor reads by it."""
    build = world.pipeline("other", "held")
    holder = world.gateway(world.token(), "holder")
    given = taken(holder, build, "holder")
    ref = ClaimRef(id=build, claim=given.claim)
    digest = holder.store_artifact(build, given.claim, [b"artifact"])
    strangers = {"stranger": world.token(), "strange": world.token(team="main")}
    end = BuildFinished(status=BuildStatus.SUCCEEDED, at=0.0)
    for name, token in strangers.items():
        stranger = world.gateway(token, name, key="f" * 32)
        refused(partial(stranger.report, build, given.claim, 1, [end]))
        refused(partial(stranger.report, build, given.claim + 1, 1, [end]))
        refused(partial(read, stranger, build, given.claim, digest))
        refused(partial(stranger.store_artifact, build, given.claim, [b"other"]))
        beat = Heartbeat(name=name, instance=f"{'f' * 32}.1", state="running", builds=[ref])
        assert ref in stranger.heartbeat(beat).lost
        refused(claim(stranger, build, name, "f" * 32))
    path = "/teams/other/pipelines/held/jobs/build/builds/1"
    assert world.server.get(path)["status"] == "started"
    assert world.server.get(path)["worker"] == "holder"
    holder.report(build, given.claim, 1, [LogWritten(step="", at=0.0, data=b"mine"), end])
    assert world.server.get(path)["status"] == "succeeded"


def test_an_artifact_of_another_team_is_not_read_by_an_own_claim(world: World) -> None:
    """Who knows its digest does not have it: the claim must be of a build that may use it."""
    theirs = world.pipeline("other", "storing")
    everybody = world.gateway(world.token(), "everybody")
    digest = everybody.store_artifact(theirs, taken(everybody, theirs, "everybody").claim, [b"x" * 99])
    mine = world.pipeline("main", "reading")
    ours = world.gateway(world.token(team="main"), "reader", key="e" * 32)
    held = taken(ours, mine, "reader", "e" * 32).claim
    refused(partial(read, ours, mine, held, digest))


def test_a_name_is_not_taken_while_its_holder_lives(world: World) -> None:
    token = world.token()
    world.gateway(token, "named")
    refused(lambda: world.gateway(token, "named", key="d" * 32))


def test_tokens_of_workers_and_people_do_not_stand_in_for_one_another(world: World) -> None:
    token = world.token()
    answer = httpx.get(f"{world.server.url}/api/v1/teams/main/pipelines", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert httpx.post(
        f"{world.server.url}/api/v1/worker-tokens", json={}, headers={"authorization": f"Bearer {token}"}
    ).status_code == 401  # fmt: skip
    persons = str(world.server.http.headers["authorization"]).removeprefix("Bearer ")
    with pytest.raises(UnauthenticatedError):
        world.gateway(persons, "person")


def test_a_forged_token_opens_nothing(world: World) -> None:
    header, body, signature = world.token(team="main").split(".")
    for forged in (f"{header}.{body}.", f"{header}.{body}.{signature[::-1]}", f"eyJhbGciOiJub25lIn0.{body}.", "x"):
        with pytest.raises(UnauthenticatedError):
            world.gateway(forged, "forger")


def test_a_revoked_token_opens_nothing(world: World) -> None:
    token = world.token()
    gateway = world.gateway(token, "revoked")
    made = next(one for one in world.server.get("/worker-tokens")["items"])
    world.server.http.delete(f"/api/v1/worker-tokens/{made['id']}").raise_for_status()
    with pytest.raises(UnauthenticatedError):
        gateway.claim_build(world.plain, "revoked", f"{KEY}.1")

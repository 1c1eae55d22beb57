"""What only a real database, shared by several servers, can show."""

from collections.abc import Callable

import gevent
import pytest
from gevent.event import Event

from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import build_services
from pikoci.internal.service.use_cases.idempotency import Answer
from pikoci.internal.store.store import SqlStore
from tests.integration.internal.service.conftest import migrated_postgresql, open_shared_store
from tests.unit.internal.api.access import ACCESS
from tests.unit.internal.api.scene import Bells, make_scene, with_pipeline
from tests.unit.internal.api.storm import storm
from tests.unit.internal.api.test_api_token_access import Stage

__all__ = ["migrated_postgresql", "open_shared_store"]


@pytest.mark.parametrize("seed", range(3))
def test_no_request_makes_a_server_on_postgresql_fail(open_shared_store: Callable[[], Store], seed: int) -> None:
    scene = with_pipeline(make_scene(store=open_shared_store()))
    scene.finished()
    assert {200, 400, 404} <= set(storm(scene, seed, 300))


def test_tokens_open_the_same_there(open_shared_store: Callable[[], Store]) -> None:
    store = open_shared_store()
    assert isinstance(store, SqlStore)
    stage = Stage(with_pipeline(make_scene(store=store)), store)
    for route in ACCESS:
        if ACCESS[route] in {"login", "any", "public", "read", "write"}:
            assert stage.unlike(route) == {}


def test_two_servers_do_a_request_once(open_shared_store: Callable[[], Store]) -> None:
    servers = [build_services(open_shared_store(), Bells(), SystemClock(), jwt_secret="x" * 40) for _ in range(2)]
    done: list[int] = []

    def ask(number: int) -> Answer:
        server = servers[number % 2]

        def act() -> Answer:
            with server.context.store.transaction():
                done.append(1)
            gevent.sleep(0.02)
            return Answer(status=201, body=b"made")

        return server.idempotency.run("s", "k", "f", act)

    runs = [gevent.spawn(ask, number) for number in range(10)]
    gevent.joinall(runs, timeout=20, raise_error=True)
    assert len(done) == 1
    assert {run.value for run in runs} == {Answer(status=201, body=b"made")}


def test_a_request_whose_first_one_fails_is_done_by_the_next(open_shared_store: Callable[[], Store]) -> None:
    servers = [build_services(open_shared_store(), Bells(), SystemClock(), jwt_secret="x" * 40) for _ in range(2)]
    begun = Event()

    def fail() -> Answer:
        with servers[0].context.store.transaction():
            begun.set()
        gevent.sleep(0.02)
        raise UnavailableError("away")

    failing = gevent.spawn(servers[0].idempotency.run, "s", "k", "f", fail)
    begun.wait(5)
    assert servers[1].idempotency.run("s", "k", "f", lambda: Answer(status=204)) == Answer(status=204)
    with pytest.raises(UnavailableError):
        failing.get(timeout=30)

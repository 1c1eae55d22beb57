"""Several servers on one PostgreSQL: they share the work, and nothing happens twice."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import gevent
import pytest

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError, UnavailableError
from pikoci.internal.domain.gateway import BuildAssignment, WorkerTerms
from pikoci.internal.domain.wire import numbered_instance
from pikoci.internal.service.plumbing.passwords import hash_password
from pikoci.internal.store.history_marks import Marks
from pikoci.internal.store.store import SqlStore
from pikoci.server.preparation import prepare_accounts
from pikoci.server.settings import ServerSettings
from tests.integration.internal.service.conftest import OpenStore
from tests.integration.internal.service.test_approvals import approve, asking, person, reject
from tests.integration.internal.service.test_checks import TRIGGERED
from tests.integration.internal.service.test_fleet import connect
from tests.integration.internal.service.test_trigger import GATED, limited
from tests.integration.internal.service.world import PLAIN, TYPE, World

SERVERS = 3


@pytest.fixture
def servers(open_shared_store: OpenStore) -> list[World]:
    worlds = [World(open_shared_store()) for _ in range(SERVERS)]
    worlds[0].register()
    return worlds


def together(*actions: Callable[[], object]) -> list[object]:
    """Run side by side; the results, in order, or the errors."""
    greenlets = [gevent.spawn(action) for action in actions]
    gevent.joinall(greenlets, timeout=30)
    assert all(greenlet.ready() for greenlet in greenlets)
    return [greenlet.value if greenlet.successful() else greenlet.exception for greenlet in greenlets]


def published(servers: list[World], queue: str = "jobs") -> Counter[int]:
    return Counter(number for server in servers for number in server.publisher.take(queue))


def drained(server: World) -> Callable[[], object]:
    def drain() -> None:
        server.schedule()

    return drain


def test_no_check_is_published_twice(servers: list[World]) -> None:
    resource = 'resource "made" "{}" {{ check_interval = "@every 1m" }}\n'
    servers[0].set(TYPE + "".join(resource.format(f"r{number}") for number in range(150)) + PLAIN)
    for _ in range(3):
        together(*(server.services.scheduling.dispatch_checks for server in servers))
    counts = published(servers, "checks")
    assert len(counts) == 151
    assert set(counts.values()) == {1}


def test_no_version_starts_two_builds(servers: list[World]) -> None:
    servers[0].set(TRIGGERED)
    servers[0].find_versions("0")
    state = servers[0].resource()
    for turn in range(5):
        with servers[0].store.transaction():
            servers[0].store.versions.save(state.id, [{"v": f"{turn}-{number}"} for number in range(4)], 1.0)
        for server in servers:  # everybody is told, as if by several events
            job = server.services.jobs.get(server.alice, "main", "p", "run").job
            with server.store.transaction():
                server.store.jobs.request_scheduling([job.id])
        results = together(*(drained(server) for server in servers))
        assert results == [None] * SERVERS
    taken = Counter(servers[0].taken(build)["repo"] for build in servers[0].builds())
    assert len(taken) == 21
    assert set(taken.values()) == {1}
    counts = published(servers)
    assert len(counts) == 21
    assert set(counts.values()) == {1}


def test_servers_that_start_together_make_their_users_once(servers: list[World]) -> None:
    hashed = hash_password("a long password")
    for turn in range(3):
        settings = cast("ServerSettings", SimpleNamespace(team=f"team{turn}", users=(f"user{turn}:{hashed}",)))
        made = together(*(partial(prepare_accounts, server.services, settings) for server in servers))
        assert made == [None] * SERVERS
        user = servers[0].store.accounts.find_user(f"user{turn}")
        assert user is not None
        assert user.is_admin


def claiming(server: World, build: Build, worker: str) -> Callable[[], object]:
    def claim() -> object:
        try:
            return server.services.gateway.claim_build(build.id, worker, worker).build.id
        except ConflictError:
            return None

    return claim


def test_a_build_has_one_winner(servers: list[World]) -> None:
    servers[0].set(PLAIN)
    pairs = [(server, f"{place}-{name}") for place, server in enumerate(servers) for name in "ab"]
    for server, worker in pairs:
        connect(server, name=worker, instance=worker)
    builds = [servers[0].trigger() for _ in range(10)]
    rings = [claiming(server, build, worker) for build in builds for server, worker in pairs]
    claimed = Counter(result for result in together(*rings) if result is not None)
    assert claimed == Counter(build.id for build in builds)


def test_a_lost_build_is_taken_back_once(servers: list[World]) -> None:
    servers[0].set(PLAIN)
    builds = [servers[0].trigger() for _ in range(10)]
    for build in builds:
        servers[0].claim(build)
    published(servers)
    for server in servers:
        server.clock.advance(31)
    together(*(server.services.scheduling.sweep for server in servers))
    together(*(drained(server) for server in servers))
    assert [servers[0].build(build).requeues for build in builds] == [1] * 10
    assert published(servers) == Counter(build.id for build in builds)


def test_a_limit_holds_however_many_servers_trigger(servers: list[World]) -> None:
    servers[0].set(limited("concurrency = 2"))
    together(*(server.trigger for server in servers for _ in range(4)))
    together(*(drained(server) for server in servers))
    assert len(published(servers)) == 2


def test_serial_groups_never_lock_each_other_out(servers: list[World]) -> None:
    one = limited('serial_groups = ["g"]')
    names = ["run", "two", "three"]
    servers[0].set("".join(one.replace('job "run"', f'job "{name}"') for name in names))
    together(*(lambda server=server, name=name: server.trigger(name) for server in servers for name in names))
    ended = 0
    while gone := published(servers):
        assert sum(gone.values()) == 1
        (build_id,) = gone
        build = servers[0].store.builds.get(build_id)
        assert build is not None
        claim = servers[0].claim(build).claim
        servers[0].report(build, claim, 1, *servers[0].events())
        for server in servers:  # all look at all jobs at once
            with server.store.transaction():
                server.store.jobs.request_scheduling(
                    [job.job.id for job in server.services.jobs.list(server.alice, "main", "p")]
                )
        assert together(*(drained(server) for server in servers)) == [None] * SERVERS
        ended += 1
    assert ended == 9
    assert {build.status for name in names for build in servers[0].builds(name)} == {BuildStatus.SUCCEEDED}


def reporting(server: World, build: Build, claim: int) -> Callable[[], object]:
    def report() -> None:
        server.report(build, claim, 1, *server.events())

    return report


def test_a_report_races_with_the_sweeper_and_one_of_them_wins(servers: list[World]) -> None:
    servers[0].set(PLAIN)
    for build in [servers[0].trigger() for _ in range(5)]:
        claim = servers[0].claim(build).claim
        for server in servers:
            server.clock.advance(31)
        sweeps = (server.services.scheduling.sweep for server in servers[1:])
        together(reporting(servers[0], build, claim), *sweeps)
        end = servers[0].build(build)
        assert (end.status, end.requeues) in {(BuildStatus.SUCCEEDED, 0), (BuildStatus.PENDING, 1)}


def test_the_latest_start_of_a_worker_stays_however_their_messages_race(servers: list[World]) -> None:
    def register(server: World, start: int) -> Callable[[], object]:
        def until_answered() -> object:
            while True:
                try:
                    return connect(server, name=f"racer-{turn}", instance=numbered_instance("key", start))
                except UnavailableError:
                    gevent.sleep(0.01)

        return until_answered

    for turn in range(10):
        results = together(*(register(servers[start % SERVERS], start) for start in range(6, 0, -1)))
        assert all(isinstance(result, (WorkerTerms, ConflictError)) for result in results)
        state = servers[0].store.workers.get(f"racer-{turn}")
        assert state is not None
        assert state.instance == numbered_instance("key", 6)


def test_a_serial_group_runs_one_build_at_a_time_and_ends_its_lines(servers: list[World]) -> None:
    groups = {"a": '["g"]', "b": '["g", "h"]', "c": '["h"]'}
    servers[0].set("".join(limited(f"serial_groups = {of}").replace('"run"', f'"{job}"') for job, of in groups.items()))
    together(*(partial(server.trigger, job) for server in servers for job in ("a", "b", "c") for _ in range(3)))
    ended: list[int] = []
    while gone := list(published(servers)):
        together(*(drained(server) for server in servers))
        claims = (partial(one.claim, one.build_of(build_id)) for one, build_id in zip(servers, gone, strict=False))
        claimed = cast("list[BuildAssignment]", together(*claims))
        held = [group for one in claimed for group in groups[one.build.job].strip("[]").split(", ")]
        assert len(held) == len(set(held)), "two builds of a group at once"
        together(*(partial(one.finish, assignment) for one, assignment in zip(servers, claimed, strict=False)))
        ended += [one.build.id for one in claimed]
    assert len(ended) == len(set(ended)) == 27


def test_a_build_that_starts_while_a_mark_is_taken_is_looked_at_when_it_has_succeeded(servers: list[World]) -> None:
    looking, working = servers[:2]
    looking.set(GATED)
    looking.find_versions("1")
    build = looking.trigger()
    assert isinstance(looking.store, SqlStore)
    session: Any = looking.store.session
    read, claimed = session.rows, list[BuildAssignment]()

    def read_while_it_starts(sql: str, params: Sequence[object] = ()) -> list[Any]:
        found: list[Any] = read(sql, params)
        if "LIMIT" in sql and not claimed:
            claimed.append(working.claim(build))
        return found

    session.rows = read_while_it_starts
    marks = Marks(session)
    mark = marks.take({build.job_id: "run"}, [looking.resource().id])
    assert claimed
    working.finish(claimed[0])
    assert marks.new(mark) == {"run": [build.id]}


def voting(server: World, build: Build, name: str, *, approves: bool = True) -> Callable[[], object]:
    def vote() -> object:
        return approve(server, build, voters[name]) if approves else reject(server, build, voters[name])

    voters = {name: person(server, name)}
    return vote


def test_approvals_at_once_all_count_and_the_build_is_published_once(servers: list[World]) -> None:
    servers[0].set(asking('approve "release" {\n approvals = 6\n }'))
    for _ in range(5):
        build = servers[0].trigger()
        results = together(
            *(voting(server, build, f"{name}{place}") for place, server in enumerate(servers) for name in "ab")
        )
        assert not [result for result in results if isinstance(result, Exception)]
        assert len(servers[0].store.builds.votes(build.id)) == 6
        together(*(drained(server) for server in servers))
        assert published(servers) == {build.id: 1}
        assert servers[0].build(build).status is BuildStatus.PENDING


def test_one_person_on_two_servers_at_once_has_one_vote(servers: list[World]) -> None:
    servers[0].set(asking('approve "release" {\n approvals = 2\n }'))
    build = servers[0].trigger()
    together(*(voting(server, build, "bob") for server in servers for _ in range(2)))
    assert servers[0].build(build).status is BuildStatus.WAITING
    assert len(servers[0].store.builds.votes(build.id)) == 1


def test_an_approval_races_with_a_rejection_a_cancel_and_the_sweeper_and_one_of_them_wins(
    servers: list[World],
) -> None:
    servers[0].set(asking('approve "release" {\n timeout = "1h"\n }'))
    for _ in range(10):
        build = servers[0].trigger()
        servers[1].clock.advance(3601)  # its clock is ahead
        cancel = partial(servers[2].services.builds.cancel, servers[2].alice, "main", "p", "run", build.name)
        together(
            voting(servers[0], build, "alice2"),
            voting(servers[0], build, "bob", approves=False),
            servers[1].services.scheduling.sweep,
            cancel,
        )
        together(*(drained(server) for server in servers))
        ended = servers[0].build(build)
        if ended.status is BuildStatus.PENDING:
            assert published(servers) == {build.id: 1}
            assert [vote.approves for vote in servers[0].store.builds.votes(build.id)] == [True]
            servers[0].run(build)
        else:
            assert ended.status in {BuildStatus.FAILED, BuildStatus.CANCELLED}
            assert ended.finished_at is not None
            assert published(servers) == {}

"""The hot paths are counted in statements, which is what they cost on any database."""

import logging

import pytest

from pikoci.internal.domain.errors import StaleClaimError
from pikoci.internal.domain.gateway import CheckResult
from pikoci.internal.service.plumbing.claimant import Claimant
from tests.integration.internal.service.test_trigger import GATED, limited
from tests.integration.internal.service.world import PLAIN, TYPE, World


class Statements:
    """Counts statements between two looks; transaction control is left out."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        caplog.set_level(logging.DEBUG, "peewee")

    def count(self) -> int:
        found = [record.msg[0] for record in self._caplog.records if record.name == "peewee"]
        self._caplog.clear()
        # PostgreSQL's BEGIN travels with the first statement.
        return len([sql for sql in found if sql.count(";") or not sql.upper().startswith(("BEGIN", "COMMIT"))])


@pytest.fixture
def statements(caplog: pytest.LogCaptureFixture) -> Statements:
    return Statements(caplog)


def test_a_plain_build_from_trigger_to_end(world: World, statements: Statements) -> None:
    world.set(PLAIN)
    world.run(world.trigger())  # fills the caches
    statements.count()
    build = world.trigger()
    assert 0 < statements.count() <= 5
    claim = world.claim(build).claim
    assert statements.count() <= 3
    world.report(build, claim, 1, *world.events())
    assert statements.count() <= 5


def test_a_build_with_an_input(world: World, statements: Statements) -> None:
    world.set(GATED)
    world.find_versions("1")
    world.run(world.trigger())
    statements.count()
    build = world.trigger()
    assert 0 < statements.count() <= 11
    world.claim(build)
    assert statements.count() <= 4


def test_a_build_of_a_limited_job(world: World, statements: Statements) -> None:
    world.set(limited("concurrency = 2"))
    world.run(world.trigger())
    statements.count()
    world.trigger()
    assert 0 < statements.count() <= 10


def test_a_build_of_a_serial_group_costs_the_same_however_many_jobs_wait_in_it(
    world: World, statements: Statements
) -> None:
    counts: list[int] = []
    for setting, jobs in (("concurrency = 1", 1), ('serial_groups = ["g"]', 2), ('serial_groups = ["g"]', 30)):
        name = f"p{len(counts)}"
        world.set("".join(limited(setting).replace('"run"', f'"j{number}"') for number in range(jobs)), name)
        for number in [*range(jobs), 0, 0]:
            world.trigger(f"j{number}", pipeline=name)
        world.schedule()
        statements.count()
        world.run(world.build_of(world.publisher.take()[-1]))
        counts.append(statements.count())
    assert 0 < counts[0] <= 22
    assert counts == [counts[0]] * 3


def test_a_turn_asks_for_no_more_resources_than_its_job_has(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.set(GATED + "".join(f'resource "made" "r{number}" {{}}\n' for number in range(30)))
    caplog.set_level(logging.DEBUG, "peewee")
    world.find_versions("1")
    caplog.clear()
    world.trigger()
    read = [record.msg[0] for record in caplog.records if record.name == "peewee" and "FROM resources" in record.msg[0]]
    assert len(read) == 2
    assert "pipeline_id" not in read[0]


def test_reasons_of_many_builds_that_wait_for_slots(world: World, statements: Statements) -> None:
    job = limited('serial_groups = ["g"]')
    world.set("".join(job.replace('"run"', f'"j{number}"') for number in range(30)))
    for number in range(30):
        world.trigger(f"j{number}")
    few = {}
    for jobs in (3, 30):
        world.clock.advance(1)
        known = world.services.jobs.list(world.alice, "main", "p")
        builds = [one.latest for one in known[1 : jobs + 1] if one.latest]
        world.clock.advance(1)
        statements.count()
        explained = world.services.context.waiting.explain_all(world.alice, builds)
        few[jobs] = statements.count()
        assert {one.reason for one in explained} == {"serial group g: a build of job j0 waits for a worker"}
    assert few[30] <= few[3] + 2 * 27  # its job and the end of its line, each once a second


def test_a_log_chunk(world: World, statements: Statements) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    step, log, *_ = world.events()
    world.report(build, claim, 1, step)
    statements.count()
    world.report(build, claim, 2, log, log, log)
    assert 0 < statements.count() <= 3


def test_a_log_chunk_of_a_remote_worker_costs_one_more_for_its_holder(world: World, statements: Statements) -> None:
    world.set(PLAIN)
    build = world.trigger()
    remote = world.services.gateway.opened_by(Claimant("w", "i1"))
    claim = remote.claim_build(build.id, "w", "i1").claim
    step, log, *_ = world.events()
    remote.report(build.id, claim, 1, [step])
    statements.count()
    remote.report(build.id, claim, 2, [log, log, log])
    assert 0 < statements.count() <= 4
    with pytest.raises(StaleClaimError, match="not this worker's"):
        world.services.gateway.opened_by(Claimant("w", "other")).report(build.id, claim, 3, [log])
    assert statements.count() <= 3  # with the rollback


def test_a_check_that_finds_nothing_new(world: World, statements: Statements) -> None:
    world.set(TYPE + PLAIN)
    world.find_versions("1")
    world.services.resources.check(world.alice, "main", "p", "made.repo")
    resource_id = world.resource().id
    statements.count()
    world.services.scheduling.dispatch_checks()
    assert 0 < statements.count() <= 2
    claim = world.services.gateway.claim_check(resource_id, "w", "i1").claim
    assert statements.count() <= 3
    world.services.gateway.finish_check(resource_id, claim, CheckResult(versions=[{"v": "1"}]))
    assert statements.count() <= 5


def test_an_idle_turn_of_each_loop(world: World, statements: Statements) -> None:
    world.set(PLAIN)
    world.schedule()
    statements.count()
    world.services.scheduling.schedule_jobs()
    assert 0 < statements.count() <= 1
    world.services.scheduling.dispatch_checks()
    assert statements.count() <= 1
    world.services.scheduling.sweep()
    assert statements.count() <= 6

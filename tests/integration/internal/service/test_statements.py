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
    assert 0 < statements.count() <= 4
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
    assert 0 < statements.count() <= 10
    world.claim(build)
    assert statements.count() <= 4


def test_a_build_of_a_limited_job(world: World, statements: Statements) -> None:
    world.set(limited("concurrency = 2"))
    world.run(world.trigger())
    statements.count()
    world.trigger()
    assert 0 < statements.count() <= 9


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
    assert statements.count() <= 4

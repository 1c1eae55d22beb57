"""Checks, and what the server wants, through both gateways."""

import gevent
import pytest

from pikoci.internal.domain.errors import ConflictError, StaleClaimError
from pikoci.internal.domain.gateway import CheckResult, WorkerCommand
from tests.contract.internal.gateway.site import INSTANCE, NAME, Site, hello


def test_a_check_is_claimed_and_finished(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    resource_id = site.world.request_check()
    assignment = gateway.claim_check(resource_id, NAME, INSTANCE)
    assert assignment.resource.name == "repo"
    gateway.finish_check(resource_id, assignment.claim, CheckResult(versions=[{"v": "1"}, {"v": "2"}]))
    gateway.finish_check(resource_id, assignment.claim, CheckResult(versions=[{"v": "3"}]))
    latest = site.world.store.versions.latest(resource_id)
    assert latest is not None
    assert latest.version == {"v": "2"}


def test_a_check_that_nobody_asked_for_is_a_conflict(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    resource_id = site.world.request_check()
    gateway.claim_check(resource_id, NAME, INSTANCE)
    with pytest.raises(ConflictError):
        gateway.claim_check(resource_id, NAME, INSTANCE)
    with pytest.raises(ConflictError):
        gateway.claim_check(4_000_000, NAME, INSTANCE)


def test_the_result_of_an_old_claim_is_stale(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    resource_id = site.world.request_check()
    claim = gateway.claim_check(resource_id, NAME, INSTANCE).claim
    with pytest.raises(StaleClaimError):
        gateway.finish_check(resource_id, claim + 1, CheckResult())


def test_a_failed_check_says_why(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    resource_id = site.world.request_check()
    claim = gateway.claim_check(resource_id, NAME, INSTANCE).claim
    gateway.finish_check(resource_id, claim, CheckResult(error="no route to host"))
    assert site.world.resource().check_error == "no route to host"


def test_commands_come_at_once_and_the_stream_says_that_it_lives(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    found: list[WorkerCommand] = []
    quiet = 0

    def listen() -> None:
        nonlocal quiet
        for command in gateway.commands(NAME, INSTANCE):
            if command is None:
                quiet += 1
            else:
                found.append(command)

    listening = gevent.spawn(listen)
    with gevent.Timeout(30, AssertionError("no sign of life")):
        while quiet < 2:
            gevent.sleep(0.01)
    site.world.services.workers.drain(site.world.alice, NAME)
    with gevent.Timeout(30, AssertionError("no command")):
        while not found:
            gevent.sleep(0.005)
    assert [command.kind for command in found] == ["drain"]
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    site.world.services.builds.cancel(site.world.alice, "main", "p", "run", "1")
    with gevent.Timeout(30, AssertionError("no command")):
        while len(found) < 2:
            gevent.sleep(0.005)
    assert (found[1].kind, found[1].build_id, found[1].claim) == ("cancel", build_id, claim)
    site.world.services.context.bus.close()
    with gevent.Timeout(30, AssertionError("the stream does not end")):
        listening.join()
    assert listening.successful()

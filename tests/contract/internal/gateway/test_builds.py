"""Builds through both gateways."""

import hashlib

import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import (
    ConflictError,
    InvalidError,
    NameTakenError,
    NotFoundError,
    StaleClaimError,
    TooLargeError,
)
from pikoci.internal.domain.events import LogWritten, VersionProduced
from pikoci.internal.domain.gateway import ClaimRef, Heartbeat
from tests.contract.internal.gateway.site import INSTANCE, KEY, NAME, Site, events, hello


def test_the_terms_are_the_servers(site: Site) -> None:
    terms = site.gateway().register(hello())
    assert terms.heartbeat_interval == 0.2
    assert terms.lease == 30.0


def test_a_claim_answers_with_all_that_is_needed(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    assignment = gateway.claim_build(build_id, NAME, INSTANCE)
    assert assignment == site.world.services.gateway.claim_build(build_id, NAME, INSTANCE)
    assert assignment.build.id == build_id
    assert assignment.job.name == "run"


def test_a_claim_whose_answer_was_lost_is_answered_again(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    first = gateway.claim_build(build_id, NAME, INSTANCE)
    assert gateway.claim_build(build_id, NAME, INSTANCE) == first


def test_what_cannot_be_claimed_is_a_conflict(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    other = "fedcba9876543210.1"
    site.gateway("w-2", other).register(hello("w-2", other))
    site.gateway("w-2", other).claim_build(build_id, "w-2", other)
    for unavailable in (build_id, 4_000_000):
        with pytest.raises(ConflictError):
            gateway.claim_build(unavailable, NAME, INSTANCE)


def test_a_report_ends_the_build_with_its_log_as_it_was(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    log = b"caf\xe9 \xff\x00\n"
    gateway.report(build_id, claim, 1, events(log))
    assert site.world.build(build_id).status is BuildStatus.SUCCEEDED
    assert site.world.log(build_id) == log


def test_reports_are_taken_once_and_without_gaps(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    everything = events()
    gateway.report(build_id, claim, 1, everything[:2])
    with pytest.raises(ConflictError):
        gateway.report(build_id, claim, 4, everything[3:])
    gateway.report(build_id, claim, 1, everything)
    gateway.report(build_id, claim, 1, everything)
    assert site.world.log(build_id) == b"hello\n"


def test_an_old_claim_is_stale(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    with pytest.raises(StaleClaimError):
        gateway.report(build_id, claim + 1, 1, events())
    with pytest.raises(StaleClaimError):
        gateway.store_artifact(build_id, claim + 1, [b"x"])


def test_what_was_finished_before_a_restart_is_delivered_after_it(site: Site) -> None:
    site.gateway().register(hello())
    build_id = site.world.trigger()
    claim = site.gateway().claim_build(build_id, NAME, INSTANCE).claim
    restarted = site.gateway(NAME, f"{KEY}.2")
    restarted.report(build_id, claim, 1, events())
    restarted.register(hello(NAME, f"{KEY}.2"))
    assert site.world.build(build_id).status is BuildStatus.SUCCEEDED


def test_large_reports_arrive_whole_and_in_order(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    pieces = [bytes([number]) * 1024 * 1024 for number in range(6)]
    first, *_, last = events()
    written = [LogWritten(step="1", at=1.0, data=piece) for piece in pieces]
    gateway.report(build_id, claim, 1, [first, *written, last])
    assert site.world.build(build_id).status is BuildStatus.SUCCEEDED
    assert site.world.log(build_id) == b"".join(pieces)


def test_an_event_over_the_limit_is_too_large(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    with pytest.raises(TooLargeError):
        gateway.report(build_id, claim, 1, [LogWritten(step="1", at=1.0, data=b"x" * 1_100_000)])
    with pytest.raises(InvalidError):
        gateway.report(build_id, claim, 0, events())


def test_versions_keep_their_types(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    version: dict[str, object] = {"n": 1, "f": 1.5, "b": True, "none": None, "deep": {"list": ["a", {}]}}
    gateway.report(build_id, claim, 1, [VersionProduced(put="repo", resource="made.repo", version=version)])
    assert site.world.store.versions.find(site.world.resource_id, version) is not None


def test_heartbeats_renew_and_tell_what_is_lost(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    mine = ClaimRef(id=build_id, claim=gateway.claim_build(build_id, NAME, INSTANCE).claim)
    old = ClaimRef(id=build_id + 1, claim=1)
    before = site.world.build(build_id).lease_expires_at or 0.0
    reply = gateway.heartbeat(
        Heartbeat(name=NAME, instance=INSTANCE, state="running", builds=[mine, old], checks=[old])
    )
    assert reply.lost == [old]
    assert reply.lost_checks == [old]
    assert (site.world.build(build_id).lease_expires_at or 0.0) > before


def test_a_heartbeat_of_nobody_is_not_found(site: Site) -> None:
    with pytest.raises(NotFoundError):
        site.gateway().heartbeat(Heartbeat(name=NAME, instance=INSTANCE, state="running"))


def test_a_claim_needs_a_registration(site: Site) -> None:
    build_id = site.world.trigger()
    resource_id = site.world.request_check()
    gateway = site.gateway()
    with pytest.raises(ConflictError, match="not registered"):
        gateway.claim_build(build_id, NAME, INSTANCE)
    with pytest.raises(ConflictError, match="not registered"):
        gateway.claim_check(resource_id, NAME, INSTANCE)
    gateway.register(hello(queues=["checks"]))
    with pytest.raises(ConflictError, match="takes no such jobs"):
        gateway.claim_build(build_id, NAME, INSTANCE)
    assert gateway.claim_check(resource_id, NAME, INSTANCE).claim == 1


def test_a_heartbeat_of_a_name_that_was_taken_over_is_a_conflict(site: Site) -> None:
    site.gateway().register(hello())
    again = f"{KEY}.2"
    site.gateway(NAME, again).register(hello(NAME, again))
    with pytest.raises(ConflictError):
        site.gateway().heartbeat(Heartbeat(name=NAME, instance=INSTANCE, state="running"))


def test_a_copy_of_a_worker_is_refused_while_the_original_is_there(site: Site) -> None:
    site.gateway().register(hello())
    build_id = site.world.trigger()
    claim = site.gateway().claim_build(build_id, NAME, INSTANCE).claim
    clone = f"{KEY}.1x0123456789abcdef"
    with pytest.raises(NameTakenError, match=f"another process is connected as worker {NAME}") as raised:
        site.gateway(NAME, clone).register(hello(NAME, clone, place="there"))
    assert 30 <= raised.value.retry_after <= 31
    assert "--workdir" in raised.value.hint
    mine = ClaimRef(id=build_id, claim=claim)
    beat = Heartbeat(name=NAME, instance=INSTANCE, state="running", builds=[mine])
    assert site.gateway().heartbeat(beat).lost == []
    assert site.world.build(build_id).worker == NAME


def test_the_last_heartbeat_gives_away_what_was_not_finished_and_frees_the_name(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    kept, dropped = site.world.trigger(), site.world.trigger()
    claims = [gateway.claim_build(build_id, NAME, INSTANCE).claim for build_id in (kept, dropped)]
    mine = ClaimRef(id=kept, claim=claims[0])
    gateway.heartbeat(Heartbeat(name=NAME, instance=INSTANCE, state="ended", builds=[mine]))
    assert site.world.build(kept).status is BuildStatus.STARTED
    assert site.world.build(dropped).status is BuildStatus.PENDING
    elsewhere = f"{KEY}.2"
    site.gateway(NAME, elsewhere).register(hello(NAME, elsewhere, place="there"))
    assert site.world.build(kept).status is BuildStatus.STARTED
    site.gateway(NAME, elsewhere).report(kept, claims[0], 1, events())
    assert site.world.build(kept).status is BuildStatus.SUCCEEDED


def test_artifacts_go_up_and_come_down(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    pieces = [bytes([number % 251]) * 100_000 for number in range(30)]
    digest = gateway.store_artifact(build_id, claim, iter(pieces))
    assert digest == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert b"".join(gateway.load_artifact(build_id, claim, digest)) == b"".join(pieces)
    assert gateway.store_artifact(build_id, claim, iter([])) == hashlib.sha256(b"").hexdigest()


def test_an_artifact_that_is_not_there_is_not_found(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    with pytest.raises(NotFoundError):
        list(gateway.load_artifact(build_id, claim, "0" * 64))


def test_an_artifact_over_the_limit_is_refused_however_long_it_is(site: Site) -> None:
    gateway = site.gateway()
    gateway.register(hello())
    build_id = site.world.trigger()
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    with pytest.raises(TooLargeError):
        gateway.store_artifact(build_id, claim, (b"x" * 262_144 for _ in range(200)))
    assert gateway.store_artifact(build_id, claim, iter([b"x"])) == hashlib.sha256(b"x").hexdigest()

"""Announcements of builds that wait for approval, through both gateways."""

import pytest

from pikoci.internal.domain.announcement import Announcement, AnnouncementStatus
from pikoci.internal.domain.errors import ConflictError, PermissionDeniedError, StaleClaimError
from pikoci.internal.domain.gateway import AnnouncementResult, ClaimRef, Heartbeat
from tests.contract.internal.gateway.site import CONFIG, INSTANCE, NAME, Site, hello

ASKING = """
variable "token" {
  secret "pikoci" {
    key = "TOKEN"
  }
}
variable "other" {
  secret "pikoci" {
    key = "OTHER"
  }
}
notification_type "own" {
  notify "shell" { cmd = "true" }
}
notification "own" "team" {
  params { token = var.token }
}
notification "own" "all" {
  params { token = var.other }
  on = ["all"]
}
""" + CONFIG.replace('job "run" {', 'job "run" {\n  approve "release" {\n    notify "own" "team" {}\n  }\n')


def waiting(site: Site) -> Announcement:
    """What is to be sent about a build that waits."""
    site.world.set(ASKING)
    site.gateway().register(hello())
    (found,) = site.world.store.announcements.of_build(site.world.trigger())
    return found


def test_it_is_claimed_once_and_finished(site: Site) -> None:
    one, gateway = waiting(site), site.gateway()
    found = gateway.claim_announcement(one.id, NAME, INSTANCE)
    assert (found.announcement_id, found.claim) == (one.id, 1)
    assert found.text == "main/p/run#1 waits for approval: release has 0 of 1 approvals"
    with pytest.raises(ConflictError):
        gateway.claim_announcement(one.id, NAME, INSTANCE)
    gateway.finish_announcement(one.id, 1, AnnouncementResult(error="no route to host"))
    gateway.finish_announcement(one.id, 1, AnnouncementResult())
    (ended,) = site.world.store.announcements.of_build(one.build_id)
    assert (ended.status, ended.reason) == (AnnouncementStatus.FAILED, "no route to host")
    assert site.world.build(one.build_id).status == "waiting"


def test_the_worker_is_told_what_the_message_needs_and_nothing_else(site: Site) -> None:
    work = site.gateway().claim_announcement(waiting(site).id, NAME, INSTANCE).work
    assert [step.name for step in work.job.steps] == ["team"]
    assert [one.canonical for one in work.notifications] == ["own.team"]
    assert [one.name for one in work.secrets.variables] == ["token"]
    assert (work.claim, work.build.number, work.resources) == (0, "1", [])


def test_an_old_claim_is_stale(site: Site) -> None:
    one, gateway = waiting(site), site.gateway()
    gateway.claim_announcement(one.id, NAME, INSTANCE)
    with pytest.raises(StaleClaimError):
        gateway.finish_announcement(one.id, 2, AnnouncementResult())
    with pytest.raises(StaleClaimError):
        gateway.finish_announcement(4_000_000, 1, AnnouncementResult())


def test_a_secret_is_for_the_holder_and_named_by_the_message(site: Site) -> None:
    one, gateway = waiting(site), site.gateway()
    for name in ("TOKEN", "OTHER"):
        site.world.services.secrets.set(site.world.alice, "main", "", name, "hunter22")
    with pytest.raises(StaleClaimError):
        gateway.announcement_secret(one.id, 1, "TOKEN")
    claim = gateway.claim_announcement(one.id, NAME, INSTANCE).claim
    assert gateway.announcement_secret(one.id, claim, "TOKEN") == "hunter22"
    with pytest.raises(PermissionDeniedError, match="does not name the entry OTHER"):
        gateway.announcement_secret(one.id, claim, "OTHER")
    gateway.finish_announcement(one.id, claim, AnnouncementResult())
    with pytest.raises(StaleClaimError):
        gateway.announcement_secret(one.id, claim, "TOKEN")


def test_a_heartbeat_keeps_what_is_held_and_tells_what_is_lost(site: Site) -> None:
    one, gateway = waiting(site), site.gateway()
    claim = gateway.claim_announcement(one.id, NAME, INSTANCE).claim
    held, lost = ClaimRef(id=one.id, claim=claim), ClaimRef(id=one.id + 1, claim=claim)
    beat = Heartbeat(name=NAME, instance=INSTANCE, state="running", announcements=[held, lost])
    assert gateway.heartbeat(beat).lost_announcements == [lost]
